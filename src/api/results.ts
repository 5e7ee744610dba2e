import { randomUUID } from 'node:crypto';
import type { EventBus } from '../events/eventBus.ts';
import type { ResultChange } from '../model/events.ts';
import { UserError } from '../model/failure.ts';
import { isBusy, type RunChanges } from '../model/run.ts';
import type { Task } from '../model/task.ts';
import type { Orchestrator } from '../orchestrator/orchestrator.ts';
import type { Store } from '../store/store.ts';
import type { TaskService } from '../tasks/taskService.ts';
import { branchName } from '../workspaces/branchName.ts';
import type { FileConflict } from '../workspaces/revert.ts';
import type { FileChange } from '../workspaces/trees.ts';
import type { RevertChoice, RevertOutcome, Span, Workspaces } from '../workspaces/workspaces.ts';
import { Operations } from './operations.ts';
import type { ResultCommandTable, ResultInfo, ResultQueryTable, ResultSpan } from './resultContract.ts';

export interface ResultServices {
  store: Store;
  events: EventBus;
  tasks: TaskService;
  workspaces: Workspaces;
  orchestrator: Pick<Orchestrator, 'whileStill'>;
}

const nothing: RunChanges = { files: 0, added: 0, removed: 0 };

/** What agents have made, and every way to take it. A card's workspace has the card's id. */
export class Results {
  readonly #services: ResultServices;
  readonly #actor: () => string;
  readonly #operations = new Operations();

  constructor(services: ResultServices, actor: () => string) {
    this.#services = services;
    this.#actor = actor;
  }

  commands(): ResultCommandTable {
    const { workspaces } = this.#services;
    return {
      'result.rollBack': ({ runId, paths, operation, ...choice }) =>
        this.#changing(operation, (signal) => {
          const only = paths ? { only: paths } : {};
          return this.#rollBack(runId, { ...choiceOf(choice), ...only }, signal);
        }),
      'result.discard': ({ taskId, operation }) =>
        this.#changing(operation, (signal) => this.#discard(taskId, signal)),
      'result.undo': ({ taskId, undoId, operation, ...choice }) =>
        this.#changing(operation, (signal) => this.#undo(taskId, undoId, choiceOf(choice), signal)),
      'result.apply': ({ taskId, uncommitted = 'stop', only, operation }) =>
        this.#taking(taskId, 'apply', operation, { folder: true }, async (signal) => {
          const outcome = await workspaces.apply(taskId, { uncommitted, ...(only ? { only } : {}) }, signal);
          return { outcome, done: outcome.done };
        }),
      'result.merge': ({ taskId, message, operation }) =>
        this.#taking(taskId, 'merge', operation, { folder: true }, async (signal) => {
          const outcome = await workspaces.merge(taskId, message, signal);
          return { outcome, done: outcome.result !== 'blocked' && outcome.result !== 'nothing-to-merge' };
        }),
      'result.commit': async ({ span, message, operation }) => {
        const taskId = await this.#taskOf(span);
        return this.#taking(taskId, 'commit', operation, { folder: false }, async (signal) => {
          return { outcome: await workspaces.commit(spanOf(span), message, signal), done: true };
        });
      },
      'result.createBranch': async ({ span, name, message, operation }) => {
        const taskId = await this.#taskOf(span);
        return this.#taking(taskId, 'branch', operation, { folder: false }, async (signal) => {
          return { outcome: await workspaces.createBranch(spanOf(span), name, message, signal), done: true };
        });
      },
      'result.push': ({ taskId, branch, message, operation }) =>
        this.#taking(taskId, 'push', operation, { folder: false }, async (signal) => {
          return { outcome: await workspaces.push(taskId, { branch, message }, signal), done: true };
        }),
      'result.cancel': ({ operation }) => {
        this.#operations.cancel(operation);
        return Promise.resolve(null);
      },
    };
  }

  queries(): ResultQueryTable {
    const { workspaces } = this.#services;
    return {
      'result.info': ({ taskId }) => this.#info(taskId),
      'result.changes': ({ span, operation }) =>
        this.#operations.run(operation, (signal) => workspaces.changes(spanOf(span), signal)),
      'result.file': async ({ span, side, path }) => {
        const content = await workspaces.fileAt(spanOf(span), side, path);
        return content && Buffer.from(content).toString('base64');
      },
      'result.undos': () => this.#undos(),
    };
  }

  /** Agents whose turn is over may have left something running, which must not be in the way. */
  #changing<T>(operation: string | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { orchestrator } = this.#services;
    return this.#operations.run(operation, (signal) => orchestrator.whileStill(() => work(signal)));
  }

  async #rollBack(runId: string, choice: RevertChoice, signal: AbortSignal): Promise<RevertOutcome> {
    const { workspaces } = this.#services;
    const taskId = await this.#taskOf({ runId });
    const info = await workspaces.describe(taskId);
    await this.#refuseWhileBusy(taskId, info?.kind === 'folder');
    if (info?.rolledBack.includes(runId)) {
      throw new UserError({ reason: 'refused', message: 'This run has been rolled back already.' });
    }
    const outcome = await workspaces.rollBack(runId, choice, signal);
    if (!outcome.done) return outcome;
    // Of some files alone, the run is still what it was.
    const count = (): Promise<void> => this.#countAnew(runId, outcome.conflicts);
    await this.#tell(taskId, 'rollBack', ...(choice.only ? [] : [count]));
    return outcome;
  }

  async #discard(taskId: string, signal: AbortSignal): Promise<RevertOutcome> {
    await this.#refuseWhileBusy(taskId, false);
    const outcome = await this.#services.workspaces.discard(taskId, signal);
    if (outcome.done) {
      await this.#tell(taskId, 'discard', async () => {
        const [latest] = await this.#services.store.query('runsOfTask', { taskId });
        if (latest) await this.#putChanges(latest.id, nothing);
      });
    }
    return outcome;
  }

  async #undo(
    taskId: string,
    undoId: string,
    choice: RevertChoice,
    signal: AbortSignal,
  ): Promise<RevertOutcome> {
    const { workspaces, store } = this.#services;
    const info = await workspaces.describe(taskId);
    const what = info?.undos.find((each) => each.undoId === undoId)?.what;
    await this.#refuseWhileBusy(taskId, info?.kind === 'folder' || what === 'apply' || what === 'undo');
    const outcome = await workspaces.undo(undoId, choice, signal);
    if (outcome.done) {
      await this.#tell(taskId, 'undo', async () => {
        for (const { id } of await store.query('runsOfTask', { taskId })) {
          if (info?.runs.includes(id)) await this.#countAnew(id, []);
        }
      });
    }
    return outcome;
  }

  /** What takes a card's result and leaves its workspace as it is. */
  async #taking<T>(
    taskId: string,
    what: ResultChange,
    operation: string | undefined,
    needs: { folder: boolean },
    work: (signal: AbortSignal) => Promise<{ outcome: T; done: boolean }>,
  ): Promise<T> {
    return this.#changing(operation, async (signal) => {
      await this.#refuseWhileBusy(taskId, needs.folder);
      const { outcome, done } = await work(signal);
      if (done) await this.#tell(taskId, what);
      return outcome;
    });
  }

  async #info(taskId: string): Promise<ResultInfo | null> {
    const { workspaces, store } = this.#services;
    const info = await workspaces.describe(taskId);
    if (!info) return null;
    const runs = await store.query('runsOfTask', { taskId });
    const { title } = await this.#services.tasks.get(taskId);
    return {
      ...info,
      runs: runs.filter(({ id }) => info.runs.includes(id)),
      proposedBranch: info.branch ?? branchName(title, taskId),
    };
  }

  async #undos(): Promise<Awaited<ReturnType<ResultQueryTable['result.undos']>>> {
    const { workspaces } = this.#services;
    const found = await Promise.all(
      (await this.#cards()).map(async ({ task }) => {
        const info = await workspaces.describe(task.id);
        return (info?.undos ?? []).map((undo) => ({ ...undo, taskId: task.id, title: task.title }));
      }),
    );
    return found.flat().sort((one, other) => other.at - one.at);
  }

  /** @throws UserError while an agent is at work on the card, or on any card in the folder */
  async #refuseWhileBusy(taskId: string, inFolder: boolean): Promise<void> {
    const own = await this.#services.tasks.get(taskId);
    const busy = (await this.#cards()).flatMap(({ task, run }) => (run && isBusy(run.state) ? [task] : []));
    const same = busy.find(({ id }) => id === taskId);
    if (same) throw atWork(same, `An agent is at work on “${own.title}”. Stop it first, or wait for it.`);
    if (!inFolder) return;
    for (const task of busy) {
      const kind = (await this.#services.workspaces.describe(task.id))?.kind ?? task.workspaceMode;
      if (kind === 'folder') {
        throw atWork(
          task,
          `The agent of “${task.title}” is at work in the folder. Stop it first, or wait for it.`,
        );
      }
    }
  }

  #cards() {
    return this.#services.store.query('allCards', {});
  }

  async #taskOf(span: ResultSpan): Promise<string> {
    if ('taskId' in span) return span.taskId;
    const run = await this.#services.store.query('run', { runId: span.runId });
    if (run) return run.taskId;
    throw new UserError({ reason: 'not-found', message: 'There is no checkpoint of this run any more.' });
  }

  /** How much of a run's change is there now; where it was taken back, only the files that were left as they are. */
  async #countAnew(runId: string, left: readonly FileConflict[]): Promise<void> {
    const { workspaces } = this.#services;
    const info = await workspaces.describe(await this.#taskOf({ runId }));
    const { files } = await workspaces.changes({ runId });
    const paths = new Set(left.map(({ path }) => path));
    const isBack = info?.rolledBack.includes(runId) === true;
    await this.#putChanges(
      runId,
      totalOf(
        isBack ? files.filter((file) => paths.has(file.oldPath ?? file.path) || paths.has(file.path)) : files,
      ),
    );
  }

  async #putChanges(runId: string, changes: RunChanges): Promise<void> {
    const { store, events } = this.#services;
    const run = await store.write('run.update', { runId, to: null, patch: { changes }, at: Date.now() });
    events.publish('agent.updated', { run });
  }

  /** The files are what was asked for by now: figures or a history that cannot be had are no reason to call it a failure. */
  async #tell(taskId: string, what: ResultChange, count?: () => Promise<void>): Promise<void> {
    const { store, events } = this.#services;
    const actor = this.#actor();
    const change = { actor, at: Date.now(), eventId: randomUUID() };
    for (const step of [count, () => store.write('task.noteResult', { taskId, what, change })]) {
      try {
        await step?.();
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
      }
    }
    events.publish('result.changed', { taskId, what, actor });
  }
}

function spanOf(span: ResultSpan): Span {
  return 'runId' in span ? span : { workspaceId: span.taskId };
}

function totalOf(files: readonly FileChange[]): RunChanges {
  const sum = (side: 'added' | 'removed'): number =>
    files.reduce((total, file) => total + (file[side] ?? 0), 0);
  return { files: files.length, added: sum('added'), removed: sum('removed') };
}

/** With `exactOptionalPropertyTypes` a choice that is left out and one that is undefined are two things. */
function choiceOf(choice: {
  conflicts?: RevertChoice['conflicts'] | undefined;
  branch?: RevertChoice['branch'] | undefined;
}): RevertChoice {
  return { conflicts: choice.conflicts ?? 'stop', branch: choice.branch ?? 'stop' };
}

function atWork({ id }: Task, message: string): UserError {
  return new UserError({ reason: 'run-active', message, action: { kind: 'stop', taskId: id } });
}
