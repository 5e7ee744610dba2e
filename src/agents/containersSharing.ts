import type { CredentialUse } from '../model/credential.ts';
import type { Engine } from './engine.ts';
import { containerLabels, type OwnerLabels } from './labels.ts';

/** A container that something of the user's is shared with. */
export interface ContainerSharing extends CredentialUse {
  /** What: the ids of credentials. */
  ids: readonly string[];
}

/** Those of a workspace that run. @throws what Engine.call throws */
export async function containersSharing(
  engine: Engine,
  { installation, workspace }: Pick<OwnerLabels, 'installation' | 'workspace'>,
): Promise<ContainerSharing[]> {
  const label = [
    `${containerLabels.installation}=${installation}`,
    `${containerLabels.workspace}=${workspace}`,
    containerLabels.shared,
  ];
  const containers = await engine.call('listing containers', (docker, abortSignal) =>
    docker.listContainers({ filters: { label }, abortSignal }),
  );
  return containers.map(({ Labels }) => ({
    runId: Labels[containerLabels.run] ?? '',
    taskId: Labels[containerLabels.task] ?? '',
    ids: (Labels[containerLabels.shared] ?? '').split(' '),
  }));
}
