import {
  CommentMode,
  comments,
  l10n,
  Range,
  workspace,
  type CommentController,
  type CommentReply,
  type CommentThread,
  type TextDocument,
} from 'vscode';
import type { Kandev } from '../api/contract.ts';
import type { Disposable } from '../model/events.ts';
import { UserError } from '../model/failure.ts';
import type { ReviewComment } from '../model/review.ts';
import { cardsOf, findCard, type BoardState } from './boardState.ts';
import { DisposableStore } from './disposableStore.ts';
import type { FailureMessages } from './failureMessages.ts';
import { addressOf, resultScheme } from './resultFiles.ts';
import type { ReviewDocuments } from './reviewDocuments.ts';
import { ShownComment, showThread } from './reviewThreads.ts';

/** A file that changes is followed when it has been quiet for so long. */
const followAfterMs = 300;

/** The comments on agents' results, at the lines of the files that they are about. */
export class ReviewComments implements Disposable {
  readonly documents: ReviewDocuments;
  readonly #kandev: Kandev;
  readonly #state: BoardState;
  readonly #failures: FailureMessages;
  readonly #controller: CommentController;
  readonly #disposables = new DisposableStore();
  /** By card, then by comment and document. */
  readonly #threads = new Map<string, Map<string, CommentThread>>();
  readonly #following = new Map<string, NodeJS.Timeout>();
  #syncing: Promise<void> = Promise.resolve();

  constructor(kandev: Kandev, state: BoardState, documents: ReviewDocuments, failures: FailureMessages) {
    this.#kandev = kandev;
    this.#state = state;
    this.documents = documents;
    this.#failures = failures;
    const controller = comments.createCommentController('kandev.review', l10n.t('Kandev Review'));
    this.#controller = this.#disposables.add(controller);
    controller.options = {
      prompt: l10n.t('Comment for the agent'),
      placeHolder: l10n.t('What should be different here? It is sent with the review.'),
    };
    this.offer();
    this.#disposables.add(
      kandev.subscribe('review.changed', ({ data }) => {
        if ('taskId' in data) this.#sync([data.taskId]);
      }),
    );
    this.#disposables.add(
      state.onDidChange(({ structural, removed }) => {
        if (structural) this.#sync(this.#commented());
        for (const taskId of removed) this.#forget(taskId);
      }),
    );
    this.#disposables.add(
      workspace.onDidOpenTextDocument(({ uri }) => {
        const found = uri.scheme === resultScheme ? documents.of(uri) : null;
        if (found) this.#sync([found.taskId]);
      }),
    );
    this.#disposables.add(
      workspace.onDidChangeTextDocument(({ document }) => {
        this.#changed(document);
      }),
    );
    this.#disposables.add(
      workspace.onDidSaveTextDocument((document) => {
        this.#changed(document);
      }),
    );
  }

  dispose(): void {
    for (const timer of this.#following.values()) clearTimeout(timer);
    this.#disposables.dispose();
  }

  /** Asks VS Code to look again at which documents can be commented on. */
  offer(): void {
    this.#controller.commentingRangeProvider = {
      provideCommentingRanges: (document) =>
        this.documents.of(document.uri) ? [new Range(0, 0, Math.max(0, document.lineCount - 1), 0)] : [],
    };
  }

  /** Stores what was written at lines. @returns the card it belongs to */
  async add({ thread, text }: CommentReply): Promise<string> {
    const document = await workspace.openTextDocument(thread.uri);
    const found = this.documents.of(thread.uri);
    if (!found)
      throw new UserError({ reason: 'refused', message: l10n.t('This is no result of an agent any more.') });
    const { start, end } = thread.range ?? new Range(0, 0, 0, 0);
    const lines = { start: start.line, end: end.line + 1 };
    await this.#kandev.execute('review.comment', { ...found, lines, text, document: document.getText() });
    thread.dispose();
    return found.taskId;
  }

  edit(comment: unknown): void {
    this.#redraw(comment, (shown) => shown.inMode(CommentMode.Editing));
  }

  cancelEdit(comment: unknown): void {
    this.#redraw(comment, (shown) => shown.inMode(CommentMode.Preview));
  }

  async save(comment: unknown): Promise<void> {
    if (!(comment instanceof ShownComment)) return;
    await this.#kandev.execute('review.edit', { commentId: comment.id, text: comment.edited });
    this.#sync([comment.taskId]);
  }

  async remove(comment: unknown): Promise<void> {
    if (comment instanceof ShownComment)
      await this.#kandev.execute('review.remove', { commentId: comment.id });
  }

  async resolve(thread: unknown, isResolved: boolean): Promise<void> {
    const comment = commentOf(thread);
    if (comment) await this.#kandev.execute('review.resolve', { commentId: comment.id, isResolved });
  }

  /** The card that a thread, a comment or the document of an editor belongs to. */
  taskOf(argument: unknown): string | null {
    if (argument instanceof ShownComment) return argument.taskId;
    return commentOf(argument)?.taskId ?? null;
  }

  #redraw(comment: unknown, draw: (shown: ShownComment) => ShownComment): void {
    if (!(comment instanceof ShownComment)) return;
    for (const thread of this.#threads.get(comment.taskId)?.values() ?? []) {
      if (!thread.comments.includes(comment)) continue;
      thread.comments = [draw(comment)];
    }
  }

  #commented(): string[] {
    const known = cardsOf(this.#state).filter(
      ({ review, task }) => review.drafts + review.sent + review.reopened > 0 || this.#threads.has(task.id),
    );
    return known.map(({ task }) => task.id);
  }

  /** One after the other, so that no thread is made twice. */
  #sync(taskIds: readonly string[]): void {
    this.#syncing = this.#syncing.then(async () => {
      for (const taskId of taskIds) await this.#failures.guard(() => this.#syncCard(taskId));
    });
  }

  async #syncCard(taskId: string): Promise<void> {
    const title = findCard(this.#state, taskId)?.task.title;
    const threads = this.#threads.get(taskId) ?? new Map<string, CommentThread>();
    const found = title === undefined ? [] : await this.#kandev.query('review.comments', { taskId });
    const shown = new Set<string>();
    for (const comment of found) {
      for (const uri of this.#placesOf(comment)) {
        const key = `${comment.id} ${uri.toString()}`;
        shown.add(key);
        threads.set(
          key,
          showThread(this.#controller, threads.get(key), { comment, title: title ?? '', uri }),
        );
      }
    }
    for (const [key, thread] of threads) {
      if (shown.has(key)) continue;
      thread.dispose();
      threads.delete(key);
    }
    if (threads.size > 0) this.#threads.set(taskId, threads);
    else this.#threads.delete(taskId);
  }

  /** What was said about the text before is shown in the documents of it that are open. */
  #placesOf(comment: ReviewComment) {
    if (comment.side === 'after') return [this.documents.fileOf(comment) ?? []].flat();
    return workspace.textDocuments.flatMap(({ uri }) => {
      const found = uri.scheme === resultScheme ? this.documents.of(uri) : null;
      const isIt = found?.taskId === comment.taskId && found.path === comment.path;
      return isIt && isSameSpan(addressOf(uri)?.span, comment.before) ? [uri] : [];
    });
  }

  #forget(taskId: string): void {
    for (const thread of this.#threads.get(taskId)?.values() ?? []) thread.dispose();
    this.#threads.delete(taskId);
  }

  /** The comments go where their lines are when a file was saved, or changed on the disk. */
  #changed(document: TextDocument): void {
    const { uri, isDirty } = document;
    if (isDirty || uri.scheme !== 'file') return;
    const key = uri.toString();
    const isCommented = [...this.#threads.values()].some((threads) =>
      [...threads.values()].some((thread) => thread.uri.toString() === key),
    );
    const found = isCommented ? this.documents.of(uri) : null;
    if (!found) return;
    clearTimeout(this.#following.get(key));
    const timer = setTimeout(() => {
      this.#following.delete(key);
      if (document.isDirty || document.isClosed) return;
      const { taskId, path } = found;
      const text = document.getText();
      void this.#failures.guard(() =>
        this.#kandev.execute('review.follow', { taskId, path, document: text }),
      );
    }, followAfterMs);
    this.#following.set(key, timer);
  }
}

function commentOf(thread: unknown): ShownComment | null {
  if (typeof thread !== 'object' || thread === null || !('comments' in thread)) return null;
  const [comment] = Array.isArray(thread.comments) ? (thread.comments as unknown[]) : [];
  return comment instanceof ShownComment ? comment : null;
}

function isSameSpan(one: object | undefined, other: object | null): boolean {
  return one !== undefined && JSON.stringify(one) === JSON.stringify(other);
}
