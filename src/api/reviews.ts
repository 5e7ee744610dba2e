import { randomUUID } from 'node:crypto';
import type { EventBus } from '../events/eventBus.ts';
import type { EventData } from '../model/events.ts';
import { failureOf, UserError } from '../model/failure.ts';
import { trackRange } from '../model/lineTracking.ts';
import { isUnsent, type LineRange, type ReviewComment } from '../model/review.ts';
import { composeReview } from '../model/reviewMessage.ts';
import { isBusy, type Run } from '../model/run.ts';
import type { Messages } from '../orchestrator/messages.ts';
import type { ReviewPatch } from '../store/reviewStore.ts';
import type { Store } from '../store/store.ts';
import type { TaskService } from '../tasks/taskService.ts';
import { KeyedLock } from '../workspaces/keyedLock.ts';
import type { Workspaces } from '../workspaces/workspaces.ts';
import { followComment, judged, withdrawn } from './followComments.ts';
import { lineChanges, linesOf } from '../model/lineChanges.ts';
import type { NewComment, ReviewCommandTable, ReviewQueryTable } from './reviewContract.ts';

export interface ReviewServices {
  store: Store;
  events: EventBus;
  tasks: Pick<TaskService, 'get'>;
  workspaces: Pick<Workspaces, 'changes' | 'fileAt'>;
  messages: Pick<Messages, 'send'>;
  /** Of what is done without anybody waiting for it. */
  onProblem: (text: string) => void;
}

type Update = { id: string } & ReviewPatch;

const turnEnds = ['agent.ready', 'agent.completed', 'agent.failed', 'agent.stopped'];

/**
 * What people say about the lines of a card's result. Sent as one message; when the turn that was given it is over, each
 * comment whose lines have changed is resolved, and the others are open again.
 */
export class Reviews {
  readonly #services: ReviewServices;
  readonly #actor: () => string;
  /** One thing at a time for each card: what is sent and what its agent has done with it must not cross. */
  readonly #locks = new KeyedLock();
  /** Messages that agents have been given, until that is stored. */
  readonly #given = new Map<string, EventData['prompt.given']>();

  constructor(services: ReviewServices, actor: () => string) {
    this.#services = services;
    this.#actor = actor;
    const { events } = services;
    events.subscribe('prompt.given', ({ data }) => {
      if (!('promptId' in data)) return;
      // Noted at once: what waits for its turn meanwhile must not take it for a message that was removed.
      this.#given.set(data.promptId, data);
      this.#follow(data.taskId, () => this.#settle(data.taskId, null));
    });
    // Somebody may have removed the message before the agent could take it.
    events.subscribe('prompts.changed', ({ data }) => {
      if ('taskId' in data) this.#follow(data.taskId, () => this.#settle(data.taskId, null));
    });
    for (const type of turnEnds) {
      events.subscribe(type, ({ data }) => {
        if ('run' in data) this.#follow(data.run.taskId, () => this.#settle(data.run.taskId, data.run));
      });
    }
  }

  commands(): ReviewCommandTable {
    return {
      'review.comment': (comment) => this.#locked(comment.taskId, () => this.#comment(comment)),
      'review.edit': ({ commentId, text }) =>
        this.#change(commentId, ({ state }) => {
          if (state === 'sent') throw hasIt();
          return { text, ...(state === 'resolved' ? { state: 'draft' } : {}) };
        }),
      'review.resolve': ({ commentId, isResolved }) =>
        this.#change(commentId, () => ({
          state: isResolved ? 'resolved' : 'draft',
          promptId: null,
          given: null,
        })),
      'review.remove': async ({ commentId }) => {
        const { taskId } = await this.#services.store.write('review.delete', { commentId });
        this.#services.events.publish('review.changed', { taskId });
        return null;
      },
      'review.follow': ({ taskId, path, document }) =>
        this.#locked(taskId, async () => {
          await this.#update(taskId, await this.#moved(taskId, new Map([[path, document]])));
          return null;
        }),
      'review.send': ({ taskId }) => this.#locked(taskId, () => this.#send(taskId)),
      'review.mark': async (mark) => {
        await this.#services.tasks.get(mark.taskId);
        await this.#services.store.write('review.mark', mark);
        this.#services.events.publish('review.changed', { taskId: mark.taskId });
        return null;
      },
    };
  }

  queries(): ReviewQueryTable {
    return {
      'review.comments': ({ taskId }) =>
        this.#locked(taskId, async () => {
          const comments = await this.#comments(taskId);
          // The turn may have ended while no window was open.
          if (!comments.some(({ state }) => state === 'sent')) return comments;
          await this.#settle(taskId, null);
          return this.#comments(taskId);
        }),
      'review.marks': ({ taskId }) => this.#services.store.query('reviewMarks', { taskId }),
    };
  }

  async #comment(input: NewComment): Promise<ReviewComment> {
    const { document, side, lines, ...said } = input;
    await this.#services.tasks.get(said.taskId);
    const before = side === 'before' ? (said.before ?? { taskId: said.taskId }) : null;
    const file = before ? ((await this.#textOf(before, said.path)) ?? '') : document;
    const shown = linesOf(document);
    const range = { start: Math.min(lines.start, shown.length - 1), end: Math.min(lines.end, shown.length) };
    const comment: ReviewComment = {
      ...said,
      id: said.id ?? randomUUID(),
      side,
      before,
      lines: range,
      place: before ? placeAfter(range, document, file) : range,
      quote: shown.slice(range.start, range.end).join('\n').slice(0, 20_000),
      state: 'draft',
      promptId: null,
      given: null,
      isTouched: false,
      createdBy: this.#actor(),
      createdAt: Date.now(),
    };
    // The others in this file are counted in the same text.
    await this.#update(said.taskId, await this.#moved(said.taskId, new Map([[said.path, file]])));
    await this.#services.store.write('review.insert', { comment, file: { path: said.path, text: file } });
    this.#services.events.publish('review.changed', { taskId: said.taskId });
    return comment;
  }

  async #change(commentId: string, patch: (comment: ReviewComment) => ReviewPatch): Promise<null> {
    const found = await this.#services.store.query('reviewComment', { commentId });
    if (!found) throw new UserError({ reason: 'not-found', message: 'This comment is gone already.' });
    return this.#locked(found.taskId, async () => {
      const comment = (await this.#services.store.query('reviewComment', { commentId })) ?? found;
      await this.#update(found.taskId, { comments: [{ id: commentId, ...patch(comment) }], files: [] });
      return null;
    });
  }

  /** They are marked before they are sent, so that what the agent is given is known by its message. */
  async #send(taskId: string): Promise<{ comments: number; waits: boolean }> {
    const unsent = (await this.#comments(taskId)).filter(isUnsent);
    if (unsent.length === 0) throw nothingToSend();
    const promptId = randomUUID();
    const marks = { state: 'sent', promptId, given: null, isTouched: false } as const;
    await this.#update(taskId, { comments: unsent.map(({ id }) => ({ id, ...marks })), files: [] });
    try {
      const text = composeReview(unsent);
      const waiting = await this.#services.messages.send(
        { id: promptId, taskId, text, pictures: [] },
        this.#actor(),
      );
      return { comments: unsent.length, waits: waiting !== null };
    } catch (error) {
      const back = unsent.map(({ id, state }) => ({ id, state, promptId: null }));
      await this.#update(taskId, { comments: back, files: [] });
      throw error;
    }
  }

  async #noteGiven(taskId: string): Promise<void> {
    const given = [...this.#given.values()].filter((each) => each.taskId === taskId);
    if (given.length === 0) return;
    const comments = await this.#comments(taskId);
    const updates = given.flatMap(({ promptId, runId, turn }) =>
      comments
        .filter((comment) => comment.promptId === promptId)
        .map(({ id }) => ({ id, given: { runId, turn }, isTouched: false })),
    );
    await this.#update(taskId, { comments: updates, files: [] });
    for (const { promptId } of given) this.#given.delete(promptId);
  }

  /**
   * Takes comments to where their lines are, and says what has become of those that an agent was given.
   * @param ended the run whose turn is over just now; null: whichever is the newest, unless it is at work
   */
  async #settle(taskId: string, ended: Run | null): Promise<void> {
    const { store } = this.#services;
    // What a turn has changed that was over before is no answer to a message that was given after it.
    if (!ended) await this.#noteGiven(taskId);
    const comments = await this.#comments(taskId);
    if (comments.every(({ state }) => state === 'resolved')) return;
    const [newest] = await store.query('runsOfTask', { taskId });
    const waiting = await store.query('queuedPrompts', { taskId });
    const known = new Set([...waiting.map(({ id }) => id), ...this.#given.keys()]);
    const back = withdrawn(comments, known);
    await this.#update(taskId, { comments: back, files: [] });
    const run = ended ?? newest;
    if (!run || (!ended && isBusy(run.state)) || newest?.id !== run.id) return;
    const texts = await this.#textsAfter(run, comments);
    const moved = await this.#moved(taskId, texts.texts, texts.renames);
    await this.#update(taskId, moved);
    await this.#update(taskId, { comments: judged(await this.#comments(taskId), run), files: [] });
  }

  /** What the files with comments are after a run; one that is gone is empty. */
  async #textsAfter(
    run: Run,
    comments: readonly ReviewComment[],
  ): Promise<{ texts: Map<string, string>; renames: Map<string, string> }> {
    const { files } = await this.#services.workspaces.changes({ runId: run.id });
    const renames = new Map(
      files.flatMap(({ oldPath, path }) => (oldPath === null ? [] : [[oldPath, path]])),
    );
    const texts = new Map<string, string>();
    for (const { path } of comments) {
      if (texts.has(path)) continue;
      const text = await this.#textOf({ runId: run.id }, path);
      const newPath = text === null ? renames.get(path) : undefined;
      const renamed = newPath === undefined ? null : await this.#textOf({ runId: run.id }, newPath);
      texts.set(path, text ?? renamed ?? '');
      if (text !== null || renamed === null) renames.delete(path);
    }
    return { texts, renames };
  }

  /** The comments that are elsewhere, now that files have other texts. */
  async #moved(
    taskId: string,
    texts: ReadonlyMap<string, string>,
    renames: ReadonlyMap<string, string> = new Map(),
  ): Promise<{ comments: Update[]; files: { path: string; text: string }[] }> {
    const known = await this.#services.store.query('reviewFiles', { taskId });
    const comments = await this.#comments(taskId);
    const moved = { comments: [] as Update[], files: [] as { path: string; text: string }[] };
    for (const { path, text } of known) {
      const next = texts.get(path);
      const newPath = renames.get(path) ?? path;
      if (next === undefined || (next === text && newPath === path)) continue;
      const changes = lineChanges(text, next);
      const here = comments.filter((comment) => comment.path === path && comment.state !== 'resolved');
      const lines = linesOf(next);
      moved.comments.push(
        ...here.map((comment) => ({
          ...followComment(comment, changes, lines),
          id: comment.id,
          path: newPath,
        })),
      );
      moved.files.push({ path: newPath, text: next });
    }
    return moved;
  }

  async #textOf(span: { runId: string } | { taskId: string }, path: string): Promise<string | null> {
    const of = 'runId' in span ? span : { workspaceId: span.taskId };
    const content = await this.#services.workspaces.fileAt(of, 'after', path);
    return content && new TextDecoder().decode(content);
  }

  async #update(
    taskId: string,
    changes: { comments: readonly Update[]; files: readonly { path: string; text: string }[] },
  ): Promise<void> {
    if (changes.comments.length === 0 && changes.files.length === 0) return;
    await this.#services.store.write('review.update', { taskId, ...changes });
    this.#services.events.publish('review.changed', { taskId });
  }

  #comments(taskId: string): Promise<ReviewComment[]> {
    return this.#services.store.query('reviewComments', { taskId });
  }

  #locked<T>(taskId: string, work: () => Promise<T>): Promise<T> {
    return this.#locks.run([taskId], work);
  }

  #follow(taskId: string, work: () => Promise<void>): void {
    void this.#locked(taskId, work).catch((error: unknown) => {
      // A board that is being closed, or a checkpoint that is gone: the comments stay as they are.
      if (error instanceof UserError) return;
      this.#services.onProblem(`Review comments could not be followed: ${failureOf(error).detail ?? ''}`);
    });
  }
}

/** Where lines of the text before are in the one after; where all is new, at its beginning. */
function placeAfter(range: LineRange, before: string, after: string): LineRange {
  const changes = lineChanges(before, after);
  return changes ? trackRange(range, changes).range : { start: 0, end: 0 };
}

function nothingToSend(): UserError {
  return new UserError({
    reason: 'refused',
    message: 'There is no comment to send. Write one at a line of the changes first.',
  });
}

function hasIt(): UserError {
  return new UserError({
    reason: 'refused',
    message: 'The agent has this comment already. Write another one, or wait until its turn is over.',
  });
}
