import type { LaunchRequest } from './launchRequest.ts';

/** Whom a container belongs to: what finds it again, and what keeps another window's hands off it. */
export interface OwnerLabels {
  /** This installation of the extension. */
  installation: string;
  /** The workspace whose board the run is on. */
  workspace: string;
  /** The process that has started it: its id, a dash, and what tells it from another one of that id. */
  owner: string;
}

export const containerLabels = {
  schema: 'dev.kandev.schema',
  installation: 'dev.kandev.installation',
  workspace: 'dev.kandev.workspace',
  owner: 'dev.kandev.owner',
  task: 'dev.kandev.task',
  run: 'dev.kandev.run',
  /** The folder on this machine that the container has a copy of, where it does not have the folder itself. */
  copyOf: 'dev.kandev.copy-of',
  /** On what connects a run to the network, in the place of the run's own: the id of that run. */
  networkOf: 'dev.kandev.network-of',
  /** Ids of what of the user's it was given, with blanks between them: names, and never a secret. */
  shared: 'dev.kandev.shared',
  /** Set by the tests, which remove at their end whatever carries it. */
  testRun: 'dev.kandev.test-run',
} as const;

/** In the place of a card's id: containers that were started beside the cards, for as long as a window needs them. */
export const checkTaskId = 'check';
export const signInTaskId = 'sign-in';
export const helperTaskIds: readonly string[] = [checkTaskId, signInTaskId];

export const imageLabels = {
  /** The hash of the folder that the image was built from. */
  source: 'dev.kandev.source',
  /** Of one that is built on a folder's devcontainer.json: a hash of the folder's path. */
  devcontainerOf: 'dev.kandev.devcontainer-of',
} as const;

export const volumeLabels = {
  /** The agent type whose state is kept there. */
  state: 'dev.kandev.state',
  /** The user id and group id that it belongs to: "1000:1000". */
  owner: 'dev.kandev.state-owner',
} as const;

/** The schema of the labels; a later version with other labels leaves these containers alone, or adopts them. */
const schemaVersion = '1';

/** @param testRun the value of KANDEV_TEST_RUN, when tests run */
export function labelsOf(
  request: LaunchRequest,
  owner: OwnerLabels,
  testRun: string | undefined,
): Record<string, string> {
  return {
    ...ownerLabels(owner, testRun),
    [containerLabels.task]: request.taskId,
    [containerLabels.run]: request.runId,
    ...(request.shared?.length ? { [containerLabels.shared]: request.shared.join(' ') } : {}),
  };
}

/** Those of the containers that connect a run to the network. */
export function networkLabelsOf(
  runId: string,
  owner: OwnerLabels,
  testRun: string | undefined,
): Record<string, string> {
  return { ...ownerLabels(owner, testRun), [containerLabels.networkOf]: runId };
}

function ownerLabels(owner: OwnerLabels, testRun: string | undefined): Record<string, string> {
  return {
    [containerLabels.schema]: schemaVersion,
    [containerLabels.installation]: owner.installation,
    [containerLabels.workspace]: owner.workspace,
    [containerLabels.owner]: owner.owner,
    ...(testRun ? { [containerLabels.testRun]: testRun } : {}),
  };
}
