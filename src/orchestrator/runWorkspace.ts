import type { LaunchPlace } from '../agents/launchRequest.ts';
import { failureOf } from '../model/failure.ts';
import type { Run, RunChanges } from '../model/run.ts';
import type { ChangeSet, Workspaces } from '../workspaces/workspaces.ts';
import type { RunDependencies } from './runInterfaces.ts';
import type { RunPlace } from './runPlace.ts';
import type { RunRecord } from './runRecord.ts';
import type { TranscriptRecorder } from './transcriptRecorder.ts';

/** What a run works in: readied before its container, looked at after each turn. */
export class RunWorkspace {
  readonly #workspaces: Workspaces;
  readonly #record: RunRecord;
  readonly #recorder: TranscriptRecorder;
  readonly #events: RunDependencies['events'];
  #root: string | null = null;
  /** The agent may have changed something since the last look. */
  #isStale = false;

  constructor(
    { workspaces, events }: Pick<RunDependencies, 'workspaces' | 'events'>,
    record: RunRecord,
    recorder: TranscriptRecorder,
  ) {
    this.#workspaces = workspaces;
    this.#events = events;
    this.#record = record;
    this.#recorder = recorder;
  }

  /** The folder that the agent has; null before it is ready. */
  get root(): string | null {
    return this.#root;
  }

  /**
   * Readies the place and takes the checkpoint before the run.
   * @throws UserError; the signal's reason
   */
  async prepare(wanted: RunPlace, signal: AbortSignal): Promise<LaunchPlace> {
    this.#record.note(null, { activity: 'Preparing the workspace' });
    const prepared = await this.#workspaces.prepare(
      {
        ...wanted,
        workspaceId: this.#record.run.taskId,
        runId: this.#record.run.id,
        onProgress: (line) => {
          this.#record.note(null, { activity: line });
        },
      },
      signal,
    );
    const { kind, root, workingFolder, branch, hasRepository } = prepared;
    const { setup, warnings, skipped, guards } = prepared;
    this.#root = root;
    this.#isStale = true;
    this.#record.note(null, { workspace: { kind, root, workingFolder, branch, hasRepository } });
    for (const warning of warnings) this.#notice(warning);
    if (skipped.length > 0) this.#notice(skippedText(skipped));
    const done = (): Promise<void> =>
      setup ? this.#workspaces.setupDone(this.#record.run.id, setup, signal) : Promise.resolve();
    return { root, workingFolder, guards, isOwn: kind !== 'folder', setup: setup && { ...setup, done } };
  }

  /** As another process has left it. */
  continueFrom({ workspace, state }: Run): void {
    this.#root = workspace?.root ?? null;
    this.#isStale = workspace !== null && state !== 'READY';
  }

  /**
   * The agent is about to be at work again: what has changed since the checkpoint after its last turn was not for it to
   * change. A failure is told of and is no failure of the run; it rejects only when aborted.
   */
  async beginTurn(signal: AbortSignal): Promise<void> {
    if (this.#isStale || this.#root === null) return;
    try {
      const changed = await this.#workspaces.beginTurn(this.#record.run.id, signal);
      if (changed.length > 0) this.#notice(betweenText(changed));
    } catch (error) {
      signal.throwIfAborted();
      this.#notice(
        `What was changed since the last message could not be told apart from what the agent changes now: ${failureOf(error).message}`,
      );
    }
    this.#isStale = true;
  }

  /** Takes the checkpoint after a turn. A failure is told of and is no failure of the run; it rejects only when aborted. */
  async finish(signal?: AbortSignal): Promise<void> {
    if (!this.#isStale) return;
    try {
      const changes = await this.#workspaces.finish(this.#record.run.id, signal);
      this.#isStale = false;
      this.#record.note(null, { changes: totalsOf(changes) });
      for (const warning of changes.warnings) this.#notice(warning);
      for (const alarm of changes.alarms) sound(this.#events, this.#record.run, alarm);
      if (changes.skipped.length > 0) this.#notice(skippedText(changes.skipped));
    } catch (error) {
      signal?.throwIfAborted();
      this.#notice(
        `What the agent has changed could not be looked up: ${failureOf(error).message} Its files are there all the same.`,
      );
    }
  }

  /** What the user should know. */
  #notice(text: string): void {
    this.#recorder.add({ kind: 'notice', text });
  }
}

/**
 * Takes the checkpoint after runs that were cut off with the process that led them. Nothing is said where it fails: what
 * has changed is then looked up when somebody asks for it.
 */
export async function lookAtLeft(
  runs: readonly Run[],
  { store, events, workspaces }: Pick<RunDependencies, 'store' | 'events' | 'workspaces'>,
): Promise<void> {
  for (const left of runs) {
    const { id, state, workspace } = left;
    if (workspace === null || state === 'READY') continue;
    try {
      const changes = await workspaces.finish(id);
      for (const alarm of changes.alarms) sound(events, left, alarm);
      const patch = { changes: totalsOf(changes) };
      const run = await store.write('run.update', { runId: id, to: null, patch, at: Date.now() });
      events.publish('agent.updated', { run });
    } catch {
      // The next run of the card begins with a checkpoint of its own.
    }
  }
}

/** Tells the user at once, and not only who reads the transcript. */
function sound(events: RunDependencies['events'], { id: runId, taskId }: Run, message: string): void {
  events.publish('run.notice', { taskId, runId, notice: { severity: 'warning', message } });
}

function totalsOf({ files, added, removed }: ChangeSet): RunChanges {
  return { files: files.length, added, removed };
}

const shownFiles = 5;

function betweenText(changed: readonly string[]): string {
  const rest = changed.length > shownFiles ? ` and ${changed.length - shownFiles} more` : '';
  return `Changed while the agent was not at work, so rolling back asks before it takes them back: ${changed.slice(0, shownFiles).join(', ')}${rest}.`;
}

function skippedText(skipped: ChangeSet['skipped']): string {
  const names = skipped.slice(0, shownFiles).map(({ path, why }) => `${path} (${reasons[why]})`);
  const rest = skipped.length > shownFiles ? ` and ${skipped.length - shownFiles} more` : '';
  return `Not in the checkpoint, so they cannot be rolled back: ${names.join(', ')}${rest}.`;
}

const reasons: Record<ChangeSet['skipped'][number]['why'], string> = {
  'too-large': 'too large',
  unreadable: 'cannot be read',
  'no-plain-file': 'no plain file',
  name: 'its name is nothing git can store',
};
