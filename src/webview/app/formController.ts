import { newCardKey, type Draft, type FormValues, type TemplateValues } from '../protocol.ts';
import { createInput, draftOf, emptyDraft, isChanged, titleProblem, updateInput } from './drafts.ts';
import type { HostClient, Outcome } from './hostClient.ts';
import type { ViewKeeper } from './savedView.ts';
import type { FormState, Store } from './state.ts';

/** How a form is saved: `saveAndStart` also starts the agent. */
export type SaveMode = 'save' | 'saveAndStart';

/** The form of a new or existing card. What is typed is kept by the host until it is saved or discarded. */
export class FormController {
  readonly #store: Store;
  readonly #host: HostClient;
  readonly #viewKeeper: ViewKeeper;
  readonly #saved: (taskId: string | null, mode: SaveMode) => void;

  /** `saved` is called once a card was created or changed, after the form has closed. */
  constructor(
    store: Store,
    host: HostClient,
    viewKeeper: ViewKeeper,
    saved: (taskId: string | null, mode: SaveMode) => void,
  ) {
    this.#store = store;
    this.#host = host;
    this.#viewKeeper = viewKeeper;
    this.#saved = saved;
  }

  /** With a title that was typed elsewhere, where there is one. */
  create(state: FormValues['state'], title?: string): void {
    const { content, drafts } = this.#store.state;
    if (!content) return;
    const key = newCardKey(content.board.id);
    const kept = drafts[key];
    const draft = kept ?? emptyDraft(state, this.usualAgent(), content.board.workspaceMode);
    const values = { ...draft.values, state, ...(title === undefined ? {} : { title }) };
    this.#open(key, { ...draft, values }, kept !== undefined);
  }

  edit(taskId: string): void {
    const { content, drafts } = this.#store.state;
    const card = content?.cards.get(taskId);
    if (!card) return;
    const kept = drafts[taskId];
    this.#open(taskId, kept ?? draftOf(card.task), kept !== undefined);
  }

  /** Opens the form that was open when the page was last seen. */
  reopen(key: string): void {
    if (this.isNew(key)) this.create(this.#store.state.drafts[key]?.values.state ?? 'BACKLOG');
    else this.edit(key);
  }

  change(values: Partial<FormValues>): void {
    const { form } = this.#store.state;
    if (!form || form.saving) return;
    const draft = { ...form.draft, values: { ...form.draft.values, ...values } };
    this.#keep(form.key, isChanged(draft) ? draft : null);
    const titleError = form.titleError === null ? null : titleProblem(draft.values.title);
    this.#set({ ...form, draft, titleError });
  }

  /** Lets the user choose a template in VS Code. */
  chooseTemplate(): void {
    this.#host.post({ type: 'chooseTemplate' });
  }

  /** Fills a new card in from a template. What was typed stays, before what is new. */
  fill({ title, description, priority, labels, agentTypeId }: TemplateValues): void {
    const { form } = this.#store.state;
    if (!form || !this.isNew(form.key)) return;
    const { values } = form.draft;
    const typed = values.description.trim();
    const known = values.labels.split(',').map((label) => label.trim());
    this.change({
      title: values.title.trim() === '' ? title : values.title,
      description: typed === '' ? description : `${typed}\n\n${description}`,
      priority,
      labels: [...new Set([...known, ...labels])].filter((label) => label !== '').join(', '),
      ...(agentTypeId === null ? {} : { agentTypeId }),
    });
  }

  async save(mode: SaveMode = 'save'): Promise<void> {
    const { form, content } = this.#store.state;
    if (!form || form.saving || !content) return;
    const titleError = titleProblem(form.draft.values.title);
    if (titleError !== null) {
      this.#set({ ...form, titleError });
      return;
    }
    this.#set({ ...form, titleError: null, failure: null, saving: true });
    const isNew = this.isNew(form.key);
    const outcome = await this.#send(form, content.board.id);
    if (this.#store.state.content?.board.id !== content.board.id) {
      this.#savedElsewhere(form.key, outcome);
      return;
    }
    if (!outcome.ok) {
      this.#set({ ...form, failure: outcome.failure, saving: false });
      return;
    }
    this.#keep(form.key, null);
    if (isNew) this.#viewKeeper.save({ agentTypeId: form.draft.values.agentTypeId });
    this.#set(null);
    this.#saved(outcome.taskId, mode);
  }

  /** Closes the form; what was changed in it comes back when it is opened again. */
  close(): void {
    if (this.#store.state.form?.saving !== true) this.#set(null);
  }

  discard(): void {
    const { form } = this.#store.state;
    if (!form || form.saving) return;
    this.#keep(form.key, null);
    this.#set(null);
  }

  /** The agent type that was chosen last, which may be none; the first one when that is not there. */
  usualAgent(): string {
    const agentTypes = this.#store.state.content?.agentTypes ?? [];
    const { agentTypeId } = this.#viewKeeper.view;
    const known = agentTypeId === '' || agentTypes.some(({ id }) => id === agentTypeId);
    return (known ? agentTypeId : agentTypes[0]?.id) ?? '';
  }

  /** The user has gone to another board meanwhile: what was typed stays where it could not be saved. */
  #savedElsewhere(key: string, outcome: Outcome): void {
    if (outcome.ok) this.#keep(key, null);
    else this.#store.update({ notice: { failure: outcome.failure, moves: [] } });
  }

  /** Whether it is the form of a new card of the board. */
  isNew(key: string): boolean {
    const { content } = this.#store.state;
    return content !== null && key === newCardKey(content.board.id);
  }

  #send({ key, draft }: FormState, boardId: string): Promise<Outcome> {
    if (this.isNew(key)) return this.#host.execute('task.create', createInput(draft, boardId));
    if (!isChanged(draft)) return Promise.resolve({ ok: true, taskId: key });
    return this.#host.execute('task.update', updateInput(key, draft));
  }

  #open(key: string, draft: Draft, restored: boolean): void {
    const { form } = this.#store.state;
    if (form?.key === key || form?.saving === true) return;
    this.#set({ key, draft, restored, titleError: null, failure: null, saving: false });
  }

  #set(form: FormState | null): void {
    this.#store.update({ form });
    this.#viewKeeper.save({ openForm: form?.key ?? null });
  }

  #keep(key: string, draft: Draft | null): void {
    const others = Object.entries(this.#store.state.drafts).filter(([other]) => other !== key);
    this.#store.update({ drafts: Object.fromEntries(draft ? [...others, [key, draft]] : others) });
    this.#host.post({ type: 'saveDraft', key, draft });
  }
}
