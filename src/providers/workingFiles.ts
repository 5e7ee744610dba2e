import path from 'node:path';
import * as v from 'valibot';
import {
  EventEmitter,
  FileDecoration,
  l10n,
  ThemeColor,
  Uri,
  workspace,
  type FileDecorationProvider,
} from 'vscode';
import type { Kandev } from '../api/contract.ts';
import type { Disposable, KandevEvent } from '../model/events.ts';
import { isBusy } from '../model/run.ts';
import { findCard, type BoardState } from './boardState.ts';
import { DisposableStore } from './disposableStore.ts';

/** What is kept in mind of one run. */
const mostFiles = 500;

const changing = new Set(['edit', 'delete', 'move']);

const toolCall = v.object({
  kind: v.string(),
  locations: v.array(v.object({ path: v.string() })),
});

/**
 * Marks files in the Explorer that an agent is changing: by what it says of its tool calls, so nothing is looked up. A
 * file that it changes in a copy of its own is marked where the user has it.
 */
export class WorkingFiles implements FileDecorationProvider, Disposable {
  readonly #state: BoardState;
  readonly #emitter = new EventEmitter<Uri[]>();
  readonly #disposables = new DisposableStore();
  /** The cards whose agents are changing a file, by its path. */
  readonly #cards = new Map<string, Set<string>>();
  readonly onDidChangeFileDecorations = this.#emitter.event;

  constructor(kandev: Kandev, state: BoardState) {
    this.#state = state;
    this.#disposables.add(this.#emitter);
    this.#disposables.add(
      kandev.subscribe('acp.message.>', (event) => {
        this.#heard(event);
      }),
    );
    this.#disposables.add(
      state.onDidChange(({ changed, removed, structural }) => {
        const gone = structural
          ? [...new Set([...this.#cards.values()].flatMap((cards) => [...cards]))]
          : changed;
        this.#forget([...gone.filter((taskId) => !this.#isAtWork(taskId)), ...removed]);
      }),
    );
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  provideFileDecoration(uri: Uri): FileDecoration | undefined {
    const cards = uri.scheme === 'file' ? this.#cards.get(uri.fsPath) : undefined;
    if (!cards) return undefined;
    const titles = [...cards].map((taskId) => `“${findCard(this.#state, taskId)?.task.title ?? ''}”`);
    const tooltip = l10n.t('Being changed by the agent of {0}', titles.join(', '));
    return new FileDecoration('K', tooltip, new ThemeColor('charts.purple'));
  }

  #heard({ data }: KandevEvent): void {
    if (!('entry' in data) || data.entry.kind !== 'tool_call' || data.entry.data === null) return;
    if (!this.#isAtWork(data.taskId)) return;
    const call = v.safeParse(toolCall, JSON.parse(data.entry.data));
    if (!call.success || !changing.has(call.output.kind)) return;
    const marked: Uri[] = [];
    for (const location of call.output.locations) {
      const file = this.#inFolder(data.taskId, location.path);
      if (file === null) continue;
      const cards = this.#cards.get(file) ?? new Set();
      if (cards.has(data.taskId) || this.#cards.size >= mostFiles) continue;
      this.#cards.set(file, cards.add(data.taskId));
      marked.push(Uri.file(file));
    }
    if (marked.length > 0) this.#emitter.fire(marked);
  }

  #isAtWork(taskId: string): boolean {
    const run = findCard(this.#state, taskId)?.run;
    return run !== undefined && run !== null && isBusy(run.state);
  }

  /** Where the user has the file; null for one that is not theirs. */
  #inFolder(taskId: string, file: string): string | null {
    const place = findCard(this.#state, taskId)?.run?.workspace;
    const folder = workspace.workspaceFolders?.[0]?.uri.fsPath;
    if (!place || folder === undefined || place.kind === 'repository') return null;
    const relative = path.relative(place.workingFolder, path.resolve(place.workingFolder, file));
    const isInside = relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
    return isInside ? path.join(folder, relative) : null;
  }

  #forget(taskIds: readonly string[]): void {
    const freed: Uri[] = [];
    for (const [file, cards] of this.#cards) {
      const before = cards.size;
      for (const taskId of taskIds) cards.delete(taskId);
      if (cards.size === before) continue;
      if (cards.size === 0) this.#cards.delete(file);
      freed.push(Uri.file(file));
    }
    if (freed.length > 0) this.#emitter.fire(freed);
  }
}
