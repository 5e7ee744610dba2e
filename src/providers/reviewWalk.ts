import {
  commands,
  EndOfLine,
  l10n,
  Range,
  Uri,
  window,
  workspace,
  WorkspaceEdit,
  type TextEditor,
} from 'vscode';
import type { Kandev } from '../api/contract.ts';
import { lineChanges, linesOf } from '../model/lineChanges.ts';
import type { FileChange, ResultInfo, ResultSpan } from '../api/resultContract.ts';
import type { Disposable } from '../model/events.ts';
import { UserError } from '../model/failure.ts';
import { changesAt, revertEdit } from '../model/hunks.ts';
import { isReviewed, type ReviewMark } from '../model/review.ts';
import { isBusy } from '../model/run.ts';
import type { LineChange } from '../model/lineTracking.ts';
import { AcceptedChanges, type ComparedTexts } from './acceptedChanges.ts';
import { findCard, type BoardState } from './boardState.ts';
import type { ReviewDocuments } from './reviewDocuments.ts';
import { isReviewedLive } from './resultRuns.ts';
import { resourceOf } from './reviewEditor.ts';
import { reviewFile } from './reviewPlan.ts';

/** What is walked through: a card's result, and which of its files were looked at. */
interface Walk {
  info: ResultInfo;
  span: ResultSpan;
  files: FileChange[];
  marks: ReviewMark[];
}

const contextKey = 'kandev.inReview';

interface Selected extends ComparedTexts {
  taskId: string;
  walk: Walk;
  file: FileChange;
  editor: TextEditor;
  /** Of all changes those at the selection. */
  chosen: readonly LineChange[];
}

/** The changes at the selection of an editor. */
export interface SelectedChange {
  taskId: string;
  info: ResultInfo;
  path: string;
  /** From 0, both included. */
  lines: { first: number; last: number };
  /** Says that they are accepted, or takes that back; and whether all of the file is now. */
  accept(): Promise<{ isAccepted: boolean; isWhole: boolean }>;
}

/** Goes through the files of a review one by one, and takes single changes back. */
export class ReviewWalk implements Disposable {
  readonly #kandev: Kandev;
  readonly #state: BoardState;
  readonly #documents: ReviewDocuments;
  readonly #listener: Disposable;
  readonly #undone: Disposable;
  readonly #accepted = new AcceptedChanges();
  /** What was opened for review last, by card. */
  readonly #spans = new Map<string, ResultSpan>();
  #isInReview = false;

  constructor(kandev: Kandev, state: BoardState, documents: ReviewDocuments) {
    this.#kandev = kandev;
    this.#state = state;
    this.#documents = documents;
    this.#listener = window.onDidChangeActiveTextEditor((editor) => {
      this.#look(editor);
    });
    this.#undone = kandev.subscribe('result.changed', ({ data }) => {
      if ('what' in data && data.what === 'undo') this.#accepted.clear();
    });
    this.#look(window.activeTextEditor);
  }

  dispose(): void {
    this.#undone.dispose();
    this.#listener.dispose();
    this.#accepted.dispose();
  }

  opened(taskId: string, span: ResultSpan): void {
    this.#spans.set(taskId, span);
    this.#look(window.activeTextEditor);
  }

  /** The card whose result is in the active editor; null when there is none. */
  get active(): string | null {
    const uri = window.activeTextEditor?.document.uri;
    return (uri && this.#documents.of(uri)?.taskId) ?? null;
  }

  /** Opens the next file, or the one before, that nobody has looked at as it is. @returns false when there is none */
  async step(taskId: string, direction: 1 | -1): Promise<boolean> {
    const walk = await this.#read(taskId);
    const path = this.#activePath(taskId);
    const at = walk.files.findIndex((file) => file.path === path);
    const count = walk.files.length;
    const from = at === -1 && direction === -1 ? 0 : at;
    for (let steps = 1; steps <= count; steps++) {
      const file = walk.files[(((from + direction * steps) % count) + count) % count];
      if (!file || file.path === path || isReviewed(file, walk.marks)) continue;
      await this.#open(taskId, walk, file);
      return true;
    }
    return false;
  }

  /** Says of the file in the active editor that it was looked at. */
  async accept(): Promise<void> {
    const { taskId, file } = await this.#activeFile();
    await this.#kandev.execute('review.mark', { taskId, path: file.path, content: file.content ?? '' });
  }

  /** Says of the file in the active editor that it was looked at, or takes that back. @returns whether it is now */
  async mark(): Promise<boolean> {
    const { taskId, walk, file } = await this.#activeFile();
    const isMarked = isReviewed(file, walk.marks);
    const content = isMarked ? null : (file.content ?? '');
    await this.#kandev.execute('review.mark', { taskId, path: file.path, content });
    return !isMarked;
  }

  /** The file in the active editor, to be taken back as a whole. */
  async activeChange(): Promise<{ taskId: string; info: ResultInfo; runId: string; file: FileChange }> {
    const { taskId, walk, file } = await this.#activeFile();
    const [latest] = walk.info.runs;
    const runId = 'runId' in walk.span ? walk.span.runId : latest?.id;
    if (runId === undefined) throw noChange();
    return { taskId, info: walk.info, runId, file };
  }

  /**
   * Puts back what was there before the changes at the selection of the active editor. As an edit of the document, so
   * that nothing is lost that was typed meanwhile, and the editor's own undo brings it back.
   */
  async revertChanges(): Promise<void> {
    const { taskId, editor, chosen, before, after } = await this.#selected();
    const { document } = editor;
    const run = findCard(this.#state, taskId)?.run;
    if (run && isBusy(run.state)) throw atWork(taskId);
    const eol = document.eol === EndOfLine.LF ? '\n' : '\r\n';
    const sides = { before: linesOf(before), after: linesOf(after), eol };
    const edit = new WorkspaceEdit();
    for (const change of chosen) {
      const { start: from, end: to, text } = revertEdit(change, sides);
      edit.replace(document.uri, new Range(from.line, from.character, to.line, to.character), text);
    }
    const wasSaved = !document.isDirty;
    if (!(await workspace.applyEdit(edit))) throw changedMeanwhile();
    // What the user has typed and not saved stays not saved.
    if (wasSaved) await document.save();
  }

  /** The changes at the selection of the active editor, to be accepted. */
  async selectedChange(): Promise<SelectedChange> {
    const { taskId, walk, file, editor, ...texts } = await this.#selected();
    const { start, end } = editor.selection;
    if (editor.document.isDirty && walk.info.kind !== 'folder') throw notSaved();
    const lines = { first: start.line, last: end.line };
    return {
      ...{ taskId, info: walk.info, path: file.path, lines },
      accept: async () => {
        const isAccepted = this.#accepted.toggle(editor, texts, texts.chosen);
        this.#accepted.show(editor, texts);
        const isWhole = this.#accepted.areAll(editor, texts);
        const content = isWhole ? (file.content ?? '') : null;
        if (isWhole || isReviewed(file, walk.marks)) {
          await this.#kandev.execute('review.mark', { taskId, path: file.path, content });
        }
        return { isAccepted, isWhole };
      },
    };
  }

  async #selected(): Promise<Selected> {
    const editor = window.activeTextEditor;
    const { taskId, walk, file } = await this.#activeFile();
    if (editor?.document.uri.scheme !== 'file') throw notHere();
    const before = await beforeTextOf(walk, file);
    // From here on nothing is waited for: VS Code refuses the edit of a document that has changed since.
    const after = editor.document.getText();
    const { start, end } = editor.selection;
    const changes = lineChanges(before, after) ?? [];
    const chosen = changesAt(changes, { first: start.line, last: end.line });
    if (chosen.length === 0) throw noChange();
    return { taskId, walk, file, editor, before, after, changes, chosen };
  }

  async #activeFile(): Promise<{ taskId: string; walk: Walk; file: FileChange }> {
    const taskId = this.active;
    if (taskId === null) throw notHere();
    const walk = await this.#read(taskId);
    const path = this.#activePath(taskId);
    const file = walk.files.find((each) => each.path === path);
    if (!file) throw noChange();
    return { taskId, walk, file };
  }

  #activePath(taskId: string): string | null {
    const uri = window.activeTextEditor?.document.uri;
    const found = uri && this.#documents.of(uri);
    return found?.taskId === taskId ? found.path : null;
  }

  async #read(taskId: string): Promise<Walk> {
    const info = await this.#kandev.query('result.info', { taskId });
    const [latest] = info?.runs ?? [];
    if (!info || !latest) throw noChange();
    const known = this.#spans.get(taskId);
    const span = known && isReviewedLive(info, known) ? known : { runId: latest.id };
    const [{ files }, marks] = await Promise.all([
      this.#kandev.query('result.changes', { span }),
      this.#kandev.query('review.marks', { taskId }),
    ]);
    return { info, span, files, marks };
  }

  async #open(taskId: string, walk: Walk, file: FileChange): Promise<void> {
    const { info, span, files, marks } = walk;
    await this.#documents.opened(taskId, { info, span, files });
    const [, before, after] = await resourceOf(walk, reviewFile(file, isReviewedLive(info, span)));
    const left = files.filter((each) => !isReviewed(each, marks)).length;
    const title =
      left === 1
        ? l10n.t('{0} (the last one to review)', file.path)
        : l10n.t('{0} ({1} to review)', file.path, left);
    const empty = Uri.from({ scheme: 'untitled', path: file.path });
    if (before && after) await commands.executeCommand('vscode.diff', before, after, title);
    else await commands.executeCommand('vscode.open', after ?? before ?? empty, undefined, title);
  }

  /** An editor that is opened again has lost its marks. */
  async #showAccepted(editor: TextEditor): Promise<void> {
    try {
      const { walk, file } = await this.#activeFile();
      const before = await beforeTextOf(walk, file);
      const after = editor.document.getText();
      this.#accepted.show(editor, { before, after, changes: lineChanges(before, after) ?? [] });
    } catch {
      // It is another file by now.
    }
  }

  #look(editor: TextEditor | undefined): void {
    const isInReview = editor !== undefined && this.#documents.of(editor.document.uri) !== null;
    if (editor && isInReview && this.#accepted.has(editor)) void this.#showAccepted(editor);
    if (isInReview === this.#isInReview) return;
    this.#isInReview = isInReview;
    void commands.executeCommand('setContext', contextKey, isInReview);
  }
}

async function beforeTextOf(walk: Walk, file: FileChange): Promise<string> {
  const [, uri] = await resourceOf(walk, reviewFile(file, true));
  return uri ? (await workspace.openTextDocument(uri)).getText() : '';
}

function notSaved(): UserError {
  return new UserError({
    reason: 'refused',
    message: l10n.t('Save this file first: what is accepted is what is on the disk.'),
  });
}

function notHere(): UserError {
  return new UserError({
    reason: 'refused',
    message: l10n.t('Put the cursor into a file of a review first. “Review Changes” on a card opens one.'),
  });
}

function noChange(): UserError {
  return new UserError({
    reason: 'refused',
    message: l10n.t('There is no change of an agent at the cursor.'),
  });
}

function changedMeanwhile(): UserError {
  return new UserError({
    reason: 'refused',
    message: l10n.t('The file has just changed, so nothing was taken back. Look at it and try again.'),
  });
}

function atWork(taskId: string): UserError {
  return new UserError({
    reason: 'run-active',
    message: l10n.t('The agent is at work on these files. Stop it first, or wait for it.'),
    action: { kind: 'stop', taskId },
  });
}
