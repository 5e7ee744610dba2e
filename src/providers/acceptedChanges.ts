import { l10n, Range, ThemeColor, window, type TextEditor, type TextEditorDecorationType } from 'vscode';
import type { Disposable } from '../model/events.ts';
import { linesOf } from '../model/lineChanges.ts';
import type { LineChange } from '../model/lineTracking.ts';

/** Both texts of a file, and what leads from one to the other. */
export interface ComparedTexts {
  before: string;
  after: string;
  changes: readonly LineChange[];
}

/**
 * The single changes of files under review that were accepted, until the window is closed or they change: a file all of
 * whose changes are accepted is reviewed, and that is kept.
 */
export class AcceptedChanges implements Disposable {
  /** By the address of the document; a change by the lines that it takes and brings. */
  readonly #accepted = new Map<string, Set<string>>();
  readonly #mark: TextEditorDecorationType;

  constructor() {
    this.#mark = window.createTextEditorDecorationType({
      isWholeLine: true,
      overviewRulerColor: new ThemeColor('charts.green'),
      after: {
        contentText: `✓ ${l10n.t('accepted')}`,
        color: new ThemeColor('editorCodeLens.foreground'),
        margin: '0 0 0 2em',
      },
    });
  }

  /** @returns whether they are accepted now: asked for a second time, it is taken back */
  toggle({ document }: TextEditor, texts: ComparedTexts, chosen: readonly LineChange[]): boolean {
    const name = document.uri.toString();
    const accepted = this.#accepted.get(name) ?? new Set<string>();
    const keys = chosen.map((change) => keyOf(change, texts));
    const isNew = keys.some((key) => !accepted.has(key));
    for (const key of keys) {
      if (isNew) accepted.add(key);
      else accepted.delete(key);
    }
    this.#accepted.set(name, accepted);
    return isNew;
  }

  /** Whether every change of the file is accepted. */
  areAll({ document }: TextEditor, texts: ComparedTexts): boolean {
    const accepted = this.#accepted.get(document.uri.toString());
    return texts.changes.every((change) => accepted?.has(keyOf(change, texts)) === true);
  }

  /** Marks what is accepted in an editor. */
  show(editor: TextEditor, texts: ComparedTexts): void {
    const accepted = this.#accepted.get(editor.document.uri.toString());
    const shown = texts.changes.filter((change) => accepted?.has(keyOf(change, texts)) === true);
    const ranges = shown.map(({ newStart }) => {
      const line = Math.min(newStart, editor.document.lineCount - 1);
      return new Range(line, 0, line, 0);
    });
    editor.setDecorations(this.#mark, ranges);
  }

  /** What was accepted was taken back: nothing is said of any change. */
  clear(): void {
    this.#accepted.clear();
    for (const editor of window.visibleTextEditors) editor.setDecorations(this.#mark, []);
  }

  has({ document }: TextEditor): boolean {
    return (this.#accepted.get(document.uri.toString())?.size ?? 0) > 0;
  }

  dispose(): void {
    this.#mark.dispose();
  }
}

function keyOf(
  { oldStart, oldCount, newStart, newCount }: LineChange,
  { before, after }: Pick<ComparedTexts, 'before' | 'after'>,
): string {
  const old = linesOf(before).slice(oldStart, oldStart + oldCount);
  const fresh = linesOf(after).slice(newStart, newStart + newCount);
  return JSON.stringify([old, fresh, linesOf(before)[oldStart - 1] ?? null]);
}
