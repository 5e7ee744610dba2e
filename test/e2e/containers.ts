import { containerLabels } from '../../src/agents/labels.ts';
import { engineAt } from '../harness/images.ts';
import { dockerHost, testRunId } from '../harness/testRun.ts';

/** The names of the containers of this test run, running or not, that work in a folder. */
export async function containersOf(folder: string): Promise<string[]> {
  const engine = await engineAt(dockerHost());
  const label = [`${containerLabels.testRun}=${testRunId()}`];
  const found = await engine.call('listing containers', (docker) =>
    docker.listContainers({ all: true, filters: { label } }),
  );
  return found
    .filter(({ Mounts }) => Mounts.some(({ Source }) => Source === folder))
    .flatMap(({ Names }) => Names);
}
