import type { BoardCommandInput, FormValues } from '../protocol.ts';
import { createInput, emptyDraft, titleProblem } from './drafts.ts';
import type { HostClient } from './hostClient.ts';
import { t } from './l10n.ts';
import type { ViewKeeper } from './savedView.ts';
import type { QuickState, Store } from './state.ts';

/** With how many lines at once it is more likely that something else was pasted. */
const maxLines = 200;

/** The titles in what was typed or pasted: a line each, without the marks of a list. */
export function titlesIn(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/^\s*(?:(?:[-*+•]|\d+[.)])\s+)?(?:\[[ xX]\]\s+)?/, '').trim())
    .filter((line) => line !== '');
}

/** New cards right in a column, by their titles only. What is typed is kept until it is saved or emptied. */
export class QuickCreate {
  readonly #store: Store;
  readonly #host: HostClient;
  readonly #viewKeeper: ViewKeeper;
  readonly #agentFor: () => string;

  /** `agentFor` names the agent that new cards usually have; empty for none. */
  constructor(store: Store, host: HostClient, viewKeeper: ViewKeeper, agentFor: () => string) {
    this.#store = store;
    this.#host = host;
    this.#viewKeeper = viewKeeper;
    this.#agentFor = agentFor;
  }

  /** In the column of a state where cards may begin. */
  open(state: FormValues['state']): void {
    const { quick } = this.#store.state;
    if (quick?.state === state) return;
    this.#set({
      state,
      text: quick?.text ?? this.#viewKeeper.view.quick?.text ?? '',
      error: null,
      saving: false,
    });
  }

  /** The agent that the cards will have; empty for none. */
  get agentTypeId(): string {
    return this.#agentFor();
  }

  change(text: string): void {
    const { quick } = this.#store.state;
    if (quick && !quick.saving) this.#set({ ...quick, text, error: null });
  }

  async save(): Promise<void> {
    const { quick, content } = this.#store.state;
    if (!quick || quick.saving || !content) return;
    const titles = titlesIn(quick.text);
    const error = problemOf(titles);
    if (error !== null) {
      this.#set({ ...quick, error });
      return;
    }
    this.#set({ ...quick, saving: true });
    const { values } = emptyDraft(quick.state, this.#agentFor(), content.board.workspaceMode);
    const cards = titles.map((title): BoardCommandInput<'task.create'> => ({
      ...createInput({ base: values, values: { ...values, title } }, content.board.id),
      id: crypto.randomUUID(),
    }));
    const outcome = await this.#host.createCards(cards);
    if (this.#store.state.content?.board.id !== content.board.id) {
      // The user has gone to another board meanwhile.
      if (outcome.ok) this.#viewKeeper.save({ quick: null }, content.board.id);
      return;
    }
    if (outcome.ok) this.#set({ ...quick, text: '', error: null, saving: false });
    else this.#set({ ...quick, error: outcome.failure.message, saving: false });
  }

  /** What was typed comes back when it is opened again. */
  close(): void {
    this.#store.update({ quick: null });
    const { quick } = this.#viewKeeper.view;
    this.#viewKeeper.save({ quick: quick && quick.text.trim() !== '' ? { ...quick, open: false } : null });
  }

  #set(quick: QuickState): void {
    this.#store.update({ quick });
    this.#viewKeeper.save({ quick: { state: quick.state, text: quick.text, open: true } });
  }
}

function problemOf(titles: readonly string[]): string | null {
  if (titles.length === 0) return t('A card needs a title.');
  if (titles.length > maxLines)
    return t('These are {0} lines; at most {1} become cards at once.', titles.length, maxLines);
  return titles.map(titleProblem).find((problem) => problem !== null) ?? null;
}
