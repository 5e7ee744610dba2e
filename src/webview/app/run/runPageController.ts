import type { Failure, UserAction } from '../../../model/failure.ts';
import type { Message } from '../../../model/prompt.ts';
import { isBusy } from '../../../model/run.ts';
import type {
  Before,
  DiffOf,
  ExecuteInput,
  RunHostMessage,
  RunPlace,
  RunUiCommand,
} from '../../runProtocol.ts';
import { needsUser } from '../../../model/cardView.ts';
import { Clock } from '../clock.ts';
import { t } from '../l10n.ts';
import { Finder } from './finder.ts';
import { PictureDesk, type PictureTarget } from './pictureDesk.ts';
import type { Row } from './rows.ts';
import type { RunClient } from './runClient.ts';
import type { RunContent, RunViewState, RunViewStore } from './runState.ts';
import { Transcript } from './transcript.ts';

type Sent<T extends RunHostMessage['type']> = Extract<RunHostMessage, { type: T }>;

/** Keeps the page's state in step with what the extension sends, and does what the user asks for. */
export class RunPageController {
  readonly store: RunViewStore;
  readonly clock = new Clock();
  readonly finder: Finder;
  readonly pictures: PictureDesk;
  /** Where pictures go that are added to what is typed. */
  readonly draftPictures: PictureTarget = {
    pictures: () => this.store.state.draft.pictures,
    put: (pictures) => {
      this.setDraft({ pictures });
    },
  };
  /** The same for the waiting message that is being changed. */
  readonly editedPictures: PictureTarget = {
    pictures: () => this.store.state.editing?.pictures ?? [],
    put: (pictures) => {
      this.changeEdited({ pictures });
    },
  };
  readonly #client: RunClient;
  readonly #transcript = new Transcript();
  #loading: Promise<void> | null = null;
  #saveTimer: ReturnType<typeof setTimeout> | null = null;
  #focusComposer: () => void = () => undefined;
  #showRow: (key: string) => void = () => undefined;

  constructor(store: RunViewStore, client: RunClient) {
    this.store = store;
    this.#client = client;
    this.pictures = new PictureDesk(store, client);
    this.finder = new Finder(store, () => this.loadOlder());
  }

  /** `focus` puts the focus where a message is typed. */
  onFocusComposer(focus: () => void): void {
    this.#focusComposer = focus;
  }

  /** `show` scrolls to the row of a key. */
  onShowRow(show: (key: string) => void): void {
    this.#showRow = show;
  }

  receive(message: RunHostMessage): void {
    switch (message.type) {
      case 'loading':
        this.store.update({ status: 'loading', failure: null });
        break;
      case 'unavailable':
        this.store.update({ status: 'unavailable', failure: message.failure });
        break;
      case 'gone':
        this.store.update({ status: 'gone' });
        break;
      case 'snapshot':
        this.#takeSnapshot(message);
        break;
      case 'card':
        this.#takeCard(message);
        break;
      case 'session':
        this.#changeContent({ session: message.session, takesPictures: message.takesPictures });
        break;
      case 'usage':
        this.store.update({ containerUse: message.usage });
        break;
      case 'prompts':
        this.#changeContent({ prompts: message.prompts });
        break;
      case 'entries':
        this.#transcript.put(message.entries);
        this.#showTranscript();
        break;
      case 'answer':
        this.#client.settle(message.id, { ok: true, result: message.result });
        break;
      case 'refused':
        this.#client.settle(message.id, { ok: false, failure: message.failure });
        break;
      case 'focusComposer':
        this.#focusComposer();
        break;
      case 'showPlace':
        void this.#showPlace(message);
        break;
    }
  }

  /** Reads the entries before those that are known; resolves at once when these are all. */
  loadOlder(): Promise<void> {
    this.#loading ??= this.#loadPage().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  setDraft(patch: Partial<Message>): void {
    this.store.update({ draft: { ...this.store.state.draft, ...patch } });
    this.#saveTimer ??= setTimeout(() => {
      this.#saveTimer = null;
      this.#client.post({ type: 'saveDraft', draft: this.store.state.draft });
    }, 400);
  }

  /** Sends what is typed. It stays where it is until the extension has taken it. */
  async send(): Promise<boolean> {
    const { content, draft } = this.store.state;
    if (!content || isEmpty(draft)) return false;
    const { pictures } = draft;
    const text = draft.text.trim();
    const sent = await this.#run('send', {
      command: 'prompt.send',
      input: { taskId: content.card.task.id, text, pictures: [...pictures] },
    });
    if (sent && this.store.state.draft === draft) this.setDraft({ text: '', pictures: [] });
    return sent;
  }

  /** Begins to change a message that waits, or goes on with it. */
  edit({ id: promptId, text, pictures }: Message & { id: string }): void {
    this.store.update({ editing: { promptId, text, pictures } });
  }

  changeEdited(patch: Partial<Message>): void {
    const { editing } = this.store.state;
    if (editing) this.store.update({ editing: { ...editing, ...patch } });
  }

  stopEditing(): void {
    this.store.update({ editing: null });
  }

  async saveEdited(): Promise<void> {
    const { editing } = this.store.state;
    if (!editing) return;
    const { promptId, text, pictures } = editing;
    const saved = await this.#run(`prompt ${promptId}`, {
      command: 'prompt.update',
      input: { promptId, text, pictures: [...pictures] },
    });
    if (saved && this.store.state.editing === editing) this.stopEditing();
  }

  /** Puts a message that waits before another one, or at the end. */
  async placePrompt(promptId: string, beforePromptId: string | null): Promise<void> {
    await this.#run(`prompt ${promptId}`, { command: 'prompt.place', input: { promptId, beforePromptId } });
  }

  async removePrompt(promptId: string): Promise<void> {
    await this.#run(`prompt ${promptId}`, { command: 'prompt.remove', input: { promptId } });
  }

  async sendPromptNow(promptId: string): Promise<void> {
    await this.#run(`prompt ${promptId}`, { command: 'prompt.sendNow', input: { promptId } });
  }

  async start(): Promise<void> {
    const { content } = this.store.state;
    if (content) await this.#run('start', { command: 'task.start', input: { taskId: content.card.task.id } });
  }

  async stop(): Promise<void> {
    const { content } = this.store.state;
    if (content) await this.#run('stop', { command: 'task.stop', input: { taskId: content.card.task.id } });
  }

  async setOption(optionId: string, value: string | boolean): Promise<void> {
    const { content } = this.store.state;
    if (!content) return;
    const input = { taskId: content.card.task.id, optionId, value };
    await this.#run(`option ${optionId}`, { command: 'run.setOption', input });
    // A choice that was refused is shown as it was.
    this.#changeContent({});
  }

  async answerPermission(requestId: string, optionId: string): Promise<void> {
    const { answering } = this.store.state;
    if (answering.has(requestId)) return;
    this.store.update({ answering: new Map([...answering, [requestId, optionId]]) });
    await this.#run(`answer ${requestId}`, { command: 'permission.answer', input: { requestId, optionId } });
    const others = [...this.store.state.answering].filter(([id]) => id !== requestId);
    this.store.update({ answering: new Map(others) });
  }

  toggle(key: string): void {
    const toggled = new Set(this.store.state.toggled);
    if (!toggled.delete(key)) toggled.add(key);
    this.store.update({ toggled });
  }

  /** Shows the raw values of a tool call, or hides them. */
  async toggleRaw({ key, runId, seq }: Extract<Row, { kind: 'tool' }>): Promise<void> {
    if (this.store.state.raw.has(key)) {
      this.store.update({ raw: new Map([...this.store.state.raw].filter(([each]) => each !== key)) });
      return;
    }
    this.store.update({ raw: new Map([...this.store.state.raw, [key, 'loading']]) });
    const answer = await this.#client.request('raw', { runId, seq });
    if (!this.store.state.raw.has(key)) return;
    this.store.update({
      raw: new Map([...this.store.state.raw, [key, answer.ok ? answer.result : answer.failure]]),
    });
  }

  async openDiff(diff: DiffOf): Promise<void> {
    this.#report(await this.#client.request('openDiff', diff));
  }

  async openFile(path: string, line: number | null): Promise<void> {
    this.#report(await this.#client.request('openFile', { path, line }));
  }

  async openLink(href: string): Promise<void> {
    this.#report(await this.#client.request('openLink', { href }));
  }

  async act(action: UserAction): Promise<void> {
    this.dismissNotice();
    this.#report(await this.#client.request('runAction', { action }));
  }

  async runUiCommand(command: RunUiCommand): Promise<void> {
    this.#report(await this.#client.request('uiCommand', { command }));
  }

  /** Files whose path contains what was typed; none where they cannot be read. */
  async findFiles(query: string): Promise<readonly string[]> {
    const answer = await this.#client.request('files', { query });
    return answer.ok ? answer.result : [];
  }

  /** What was dropped, as paths in the workspace. */
  async pathsOf(uris: readonly string[]): Promise<readonly string[]> {
    const answer = await this.#client.request('dropped', { uris: uris.slice(0, 100) });
    return this.#report(answer) ? answer.result : [];
  }

  dismissNotice(): void {
    this.store.update({ notice: null });
  }

  /** Reads back to where a run was at a time, and shows that. */
  async #showPlace(place: RunPlace): Promise<void> {
    let before: Before | null | undefined;
    // Once nothing more could be read, what is known has to do.
    while (!this.#transcript.reaches(place) && before !== this.#transcript.before) {
      before = this.#transcript.before;
      await this.loadOlder();
    }
    const key = this.#transcript.rowAt(place);
    if (key !== null) this.#showRow(key);
  }

  #takeSnapshot(snapshot: Sent<'snapshot'>): void {
    const { now, card, agentName, runs, entries, before, draft } = snapshot;
    const { session, prompts, takesPictures } = snapshot;
    const isFirst = this.store.state.content === null;
    this.clock.synchronize(now);
    this.#transcript.reset(runs, entries, before);
    this.#showTranscript({
      status: 'ready',
      failure: null,
      content: { card, agentName, runs, session, prompts, takesPictures },
      ...(isFirst ? { draft } : {}),
    });
  }

  #takeCard({ card, agentName, runs }: Sent<'card'>): void {
    const before = this.store.state.content;
    this.#transcript.setRuns(runs);
    this.#changeContent({ card, agentName, runs });
    this.#showTranscript();
    if (before) this.#announceChange(before, card);
  }

  #announceChange(before: RunContent, card: RunContent['card']): void {
    if (needsUser(card) && !needsUser(before.card)) {
      const asked = card.permissions[0]?.title ?? card.questions[0]?.message ?? '';
      this.store.announce(t('Needs you: {0}', asked));
      return;
    }
    const was = before.card.run;
    const is = card.run;
    if (was && is && isBusy(was.state) && !isBusy(is.state)) {
      this.store.announce(is.state === 'FAILED' ? t('The run has failed.') : t('The agent has finished.'));
    }
  }

  #changeContent(patch: Partial<RunContent>): void {
    const { content } = this.store.state;
    if (content) this.store.update({ content: { ...content, ...patch } });
  }

  #showTranscript(patch: Partial<RunViewState> = {}): void {
    const { rows, usage, before } = this.#transcript;
    this.store.update({ ...patch, rows, usage, hasOlder: before !== null });
    this.finder.refresh();
  }

  async #loadPage(): Promise<void> {
    const { before } = this.#transcript;
    if (!before) return;
    this.store.update({ loadingOlder: true });
    const answer = await this.#client.request('older', { before });
    this.store.update({ loadingOlder: false });
    if (this.#report(answer) && this.#transcript.before === before) {
      this.#transcript.put(answer.result.entries);
      this.#transcript.before = answer.result.before;
      this.#showTranscript();
    }
  }

  /** Whether it was done. Shows that it is under way, and a refusal with what helps. */
  async #run(name: string, input: ExecuteInput): Promise<boolean> {
    const { pending } = this.store.state;
    if (pending.has(name)) return false;
    this.store.update({ pending: new Set([...pending, name]), notice: null });
    const answer = await this.#client.request('execute', input);
    const left = new Set(this.store.state.pending);
    left.delete(name);
    this.store.update({ pending: left });
    return this.#report(answer);
  }

  #report<T>(
    answer: { ok: true; result: T } | { ok: false; failure: Failure },
  ): answer is { ok: true; result: T } {
    if (answer.ok) return true;
    this.store.update({ notice: answer.failure });
    this.store.announce(answer.failure.message);
    return false;
  }
}

export function isEmpty({ text, pictures }: Message): boolean {
  return text.trim() === '' && pictures.length === 0;
}
