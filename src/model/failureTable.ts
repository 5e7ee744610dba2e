import type { Failure, FailureReason, UserAction } from './failure.ts';

/** What a failure was about, to choose its action by. */
export interface FailureSubject {
  taskId: string;
  agentTypeId: string;
}

interface FailureClass {
  /** What is the matter, in two or three words. */
  words: string;
  /** It may be over by itself in a while, so that trying again helps. Else somebody has to do something first. */
  transient: boolean;
  /** The one thing that helps. */
  action: (subject: FailureSubject) => UserAction;
}

const again = ({ taskId }: FailureSubject): UserAction => ({ kind: 'retry', taskId });
const showLog = (): UserAction => ({ kind: 'showLog' });
const checkEngine = (): UserAction => ({ kind: 'checkEngine' });
const agents = (): UserAction => ({ kind: 'openSetting', setting: 'kandev.agents' });
const edit = ({ taskId }: FailureSubject): UserAction => ({ kind: 'editTask', taskId });
const openFolder = (): UserAction => ({ kind: 'openFolder' });

const transient = (words: string, action = again): FailureClass => ({ words, transient: true, action });
const needsUser = (words: string, action: FailureClass['action']): FailureClass => ({
  words,
  transient: false,
  action,
});

/** Every reason for which something can fail: whether it passes, what it is called, and what helps. */
export const failureTable: Readonly<Record<FailureReason, FailureClass>> = {
  'engine-not-running': transient('Docker is not running', checkEngine),
  'engine-not-answering': transient('Docker does not answer', checkEngine),
  'engine-stuck': transient('Docker is stuck', checkEngine),
  'registry-unreachable': transient('Registry not reached'),
  'provider-unavailable': transient('Provider not available'),
  'rate-limited': transient('Too many requests'),
  'exited-before-initialize': transient('Ended at its start'),
  'no-answer': transient('No answer'),
  crashed: transient('Agent crashed'),

  'sign-in-needed': needsUser('Sign-in needed', ({ agentTypeId }) => ({ kind: 'signIn', agentTypeId })),
  quota: needsUser('Quota used up', again),
  'out-of-memory': needsUser('Out of memory', agents),
  'too-little-memory': needsUser('Too little memory', agents),
  'process-limit': needsUser('Too many processes', agents),
  'disk-full': needsUser('Disk full', again),
  'engine-disk-full': needsUser('Disk full', again),
  'image-missing': needsUser('Image missing', agents),
  'image-build-failed': needsUser('Image not built', showLog),
  'registry-denied': needsUser('Registry refused', again),
  'engine-permission': needsUser('No access to Docker', checkEngine),
  'command-missing': needsUser('Command missing', agents),
  'protocol-version': needsUser('Protocol not known', agents),
  'agent-type-unknown': needsUser('Agent not known', edit),
  'time-limit': needsUser('Time limit', ({ taskId }) => ({ kind: 'retry', taskId })),
  'agent-error': needsUser('Error of the agent', again),
  'setup-failed': needsUser('Setup failed', () => ({
    kind: 'openSetting',
    setting: 'kandev.workspace.setupScript',
  })),
  'folder-not-visible': needsUser('Folder not shared', again),
  'no-folder': needsUser('No folder', openFolder),
  untrusted: needsUser('Folder not trusted', showLog),
  storage: needsUser('Board not written', showLog),
  internal: needsUser('Error in Kandev', showLog),

  'invalid-input': needsUser('Not accepted', edit),
  'not-found': needsUser('Gone', showLog),
  refused: needsUser('Refused', edit),
  'run-active': needsUser('Agent at work', ({ taskId }) => ({ kind: 'stop', taskId })),
  'no-run': needsUser('No agent at work', again),
  cancelled: needsUser('Cancelled', again),
  'already-resolved': needsUser('Answered already', showLog),
  'port-in-use': needsUser('Port in use', () => ({ kind: 'openSetting', setting: 'kandev.gateway.port' })),
  changed: needsUser('Changed meanwhile', showLog),
  'window-closed': needsUser('Window closed', () => ({ kind: 'reloadWindow' })),
};

/** With an action in any case: that of the table where the failure has none of its own. */
export function withAction(failure: Failure, subject: FailureSubject): Failure {
  return failure.action ? failure : { ...failure, action: failureTable[failure.reason].action(subject) };
}
