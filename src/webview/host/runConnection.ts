import type { Kandev } from '../../api/contract.ts';
import type { Disposable, KandevEvent } from '../../model/events.ts';
import { failureOf, UserError, type UserAction } from '../../model/failure.ts';
import type { ProposedDiff } from '../../model/permission.ts';
import type { Picture } from '../../model/picture.ts';
import { waitsNoMore, type Message, type QueuedPrompt } from '../../model/prompt.ts';
import type { Run } from '../../model/run.ts';
import type { TranscriptEntry } from '../../model/transcript.ts';
import { findCard, type BoardState } from '../../providers/boardState.ts';
import type { UsageSource } from '../../providers/usageFeed.ts';
import type {
  Before,
  DiffOf,
  EntryId,
  ExecuteInput,
  RequestMessage,
  RequestName,
  RunEntry,
  RunHostMessage,
  RunPlace,
  RunRequests,
  RunSummary,
  RunUiCommand,
  SessionOffer,
} from '../runProtocol.ts';
import { toBoardCard, type Shorten } from './diffSummary.ts';
import { diffsOf, rawOf, toRunEntry } from './runEntries.ts';
import { readRunMessage } from './runMessages.ts';
import { TranscriptPages } from './transcriptPages.ts';

/** The shortest time between two updates of one page, in milliseconds. */
const updateInterval = 50;

/** What a run's page needs of the extension. */
export interface RunViewServices {
  kandev: Kandev;
  state: BoardState;
  usage: UsageSource;
  /** What is typed and not sent, by card. */
  drafts: { get(taskId: string): Message; save(taskId: string, draft: Message): void };
  /** Does what the button of a failure says. */
  runAction(action: UserAction): Promise<void>;
  runUiCommand(command: RunUiCommand, taskId: string): Promise<void>;
  openDiff(diff: ProposedDiff): Promise<void>;
  openFile(path: string, line: number | null): Promise<void>;
  openLink(href: string): Promise<void>;
  /** Paths of files of the folder, relative to it, that contain what was typed; null: the open folder. */
  findFiles(query: string, folder: string | null): Promise<string[]>;
  /** Files that were dropped, as paths in the folder; those elsewhere are left out. */
  pathsIn(uris: readonly string[], folder: string | null): string[];
  choosePictures(taskId: string): Promise<Picture[]>;
  shorten: Shorten;
  warn(message: string): void;
}

type Handlers = { [N in RequestName]: (input: RunRequests[N]['input']) => Promise<RunRequests[N]['result']> };

/**
 * The extension's end of one run page: answers its requests, and keeps it up to date while it can be seen. A page that
 * was hidden starts over with `ready`, and is sent everything anew.
 */
export class RunConnection implements Disposable {
  readonly #taskId: string;
  readonly #services: RunViewServices;
  readonly #post: (message: RunHostMessage) => void;
  readonly #subscriptions: Disposable[];
  readonly #pages: TranscriptPages;
  readonly #handlers: Handlers;
  #runs: Run[] = [];
  /** Entries that the page has not got yet, by run and place; the newest state of each. */
  readonly #fresh = new Map<string, TranscriptEntry>();
  #cardChanged = false;
  #looking: Disposable | null = null;
  #listening = false;
  #started = false;
  #focusWanted = false;
  #placeWanted: RunPlace | null = null;
  #timer: NodeJS.Timeout | null = null;
  #lastUpdate = 0;

  constructor(taskId: string, services: RunViewServices, post: (message: RunHostMessage) => void) {
    this.#taskId = taskId;
    this.#services = services;
    this.#post = post;
    this.#pages = new TranscriptPages(services.kandev, services.shorten);
    this.#handlers = this.#handlerTable();
    const { kandev, state } = services;
    this.#subscriptions = [
      kandev.subscribe(`acp.message.${taskId}`, (event) => {
        this.#collect(event);
      }),
      kandev.subscribe('session.changed', ({ data }) => {
        if ('taskId' in data && data.taskId === taskId) void this.#sendSession();
      }),
      kandev.subscribe('prompts.changed', ({ data }) => {
        if ('taskId' in data && data.taskId === taskId) void this.#sendPrompts();
      }),
      state.onDidChange(({ changed, removed, structural }) => {
        if (structural) void this.#start();
        else if (removed.includes(taskId)) this.#post({ type: 'gone' });
        else if (changed.includes(taskId)) {
          this.#cardChanged = true;
          this.#schedule();
        }
      }),
    ];
  }

  /** Takes a message of the page as it came. */
  receive(data: unknown): void {
    const read = readRunMessage(data);
    if (!read.ok) {
      const { requestId, failure } = read;
      this.#services.warn(
        `A run's page sent a message that was refused: ${failure.message} (${failure.detail ?? ''})`,
      );
      if (requestId !== null) this.#post({ type: 'refused', id: requestId, failure });
      return;
    }
    const { message } = read;
    switch (message.type) {
      case 'ready':
        this.#listening = true;
        void this.#start();
        break;
      case 'saveDraft':
        this.#services.drafts.save(this.#taskId, message.draft);
        break;
      case 'request':
        void this.#answer(message);
        break;
    }
  }

  /** Puts the focus where a message is typed, as soon as the page can. */
  focusComposer(): void {
    if (this.#started) this.#post({ type: 'focusComposer' });
    else this.#focusWanted = true;
  }

  /** Shows where a run was at a time, as soon as the page can. */
  showPlace(place: RunPlace): void {
    if (this.#started) this.#post({ type: 'showPlace', ...place });
    else this.#placeWanted = place;
  }

  /** The page is gone or cannot be seen: nothing is sent until it says `ready`. */
  pause(): void {
    this.#listening = false;
    this.#started = false;
    this.#looking?.dispose();
    this.#looking = null;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#fresh.clear();
  }

  dispose(): void {
    this.pause();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #isSeen(): boolean {
    return this.#listening;
  }

  async #start(): Promise<void> {
    if (!this.#isSeen()) return;
    const { state, drafts } = this.#services;
    const { current } = state;
    if (current.status === 'loading') this.#post({ type: 'loading' });
    if (current.status === 'unavailable') this.#post({ type: 'unavailable', failure: current.failure });
    if (current.status !== 'ready') return;
    try {
      this.#runs = await this.#services.kandev.query('task.runs', { taskId: this.#taskId });
      const [page, session, prompts, takesPictures] = await Promise.all([
        this.#pages.last(this.#runs),
        this.#session(),
        this.#prompts(),
        this.#takesPictures(),
      ]);
      // The page may have been hidden meanwhile.
      if (!this.#isSeen()) return;
      const card = this.#card();
      if (!card) {
        this.#post({ type: 'gone' });
        return;
      }
      const draft = drafts.get(this.#taskId);
      const conversation = { session, prompts, takesPictures, draft };
      this.#post({ type: 'snapshot', now: Date.now(), ...card, ...page, ...conversation });
      this.#started = true;
      this.#look();
      if (this.#focusWanted) this.#post({ type: 'focusComposer' });
      this.#focusWanted = false;
      if (this.#placeWanted) this.#post({ type: 'showPlace', ...this.#placeWanted });
      this.#placeWanted = null;
      if (this.#fresh.size > 0) this.#schedule();
    } catch (error) {
      this.#post({ type: 'unavailable', failure: failureOf(error) });
    }
  }

  /** Has what its run uses measured as long as the page is seen. */
  #look(): void {
    this.#looking ??= this.#services.usage.look((usage) => {
      const own = usage.find(({ taskId }) => taskId === this.#taskId) ?? null;
      this.#post({ type: 'usage', usage: own });
    });
  }

  #collect({ data }: KandevEvent): void {
    if (!this.#listening || !('entry' in data)) return;
    this.#fresh.set(`${data.runId} ${data.entry.seq}`, data.entry);
    this.#schedule();
  }

  #schedule(): void {
    if (!this.#started) return;
    this.#timer ??= setTimeout(
      () => {
        void this.#flush();
      },
      Math.max(0, this.#lastUpdate + updateInterval - Date.now()),
    );
  }

  async #flush(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#lastUpdate = Date.now();
    if (this.#cardChanged) {
      this.#cardChanged = false;
      this.#runs = await this.#services.kandev.query('task.runs', { taskId: this.#taskId });
      const card = this.#card();
      if (card && this.#started) this.#post({ type: 'card', ...card });
    }
    const entries = [...this.#fresh.values()];
    this.#fresh.clear();
    if (entries.length > 0 && this.#started)
      this.#post({ type: 'entries', entries: entries.map((entry) => this.#view(entry)) });
  }

  #card(): Pick<Extract<RunHostMessage, { type: 'card' }>, 'card' | 'agentName' | 'runs'> | null {
    const { state, shorten } = this.#services;
    const card = findCard(state, this.#taskId);
    if (!card) return null;
    const { agentTypeId } = card.task;
    const runs = this.#runs.map(
      ({ id, state: runState, createdAt, failure, agentTypeId: type }): RunSummary => {
        return { id, state: runState, createdAt, failure, agentName: nameOf(state, type) };
      },
    );
    return {
      card: toBoardCard(card, shorten),
      agentName: agentTypeId === null ? null : nameOf(state, agentTypeId),
      runs,
    };
  }

  #view(entry: TranscriptEntry): RunEntry {
    return toRunEntry(entry, this.#services.shorten);
  }

  async #sendSession(): Promise<void> {
    if (!this.#started) return;
    const [session, takesPictures] = await Promise.all([this.#session(), this.#takesPictures()]);
    this.#post({ type: 'session', session, takesPictures });
  }

  async #sendPrompts(): Promise<void> {
    if (this.#started) this.#post({ type: 'prompts', prompts: await this.#prompts() });
  }

  #prompts(): Promise<QueuedPrompt[]> {
    return this.#services.kandev.query('prompts', { taskId: this.#taskId });
  }

  async #takesPictures(): Promise<boolean | null> {
    const takes = await this.#services.kandev.query('prompt.takes', { taskId: this.#taskId });
    return takes?.image ?? null;
  }

  /** Where its agent works, if that is not the open folder. */
  #ownFolder(): string | null {
    const workspace = this.#runs.at(-1)?.workspace;
    return workspace && workspace.kind !== 'folder' ? workspace.workingFolder : null;
  }

  async #session(): Promise<SessionOffer | null> {
    const session = await this.#services.kandev.query('run.session', { taskId: this.#taskId });
    return (
      session && {
        options: session.options.map(({ id, name, description, category, currentValue, choices }) => ({
          id,
          name,
          description,
          category,
          value: currentValue,
          choices,
        })),
        commands: session.commands,
      }
    );
  }

  async #answer({ id, name, input }: RequestMessage): Promise<void> {
    try {
      const handle = this.#handlers[name] as (input: unknown) => Promise<unknown>;
      const result = await handle(input);
      // What was done is on the page before it hears of it.
      if (this.#timer) await this.#flush();
      this.#post({ type: 'answer', id, result });
    } catch (error) {
      this.#post({ type: 'refused', id, failure: failureOf(error) });
    }
  }

  #handlerTable(): Handlers {
    const services = this.#services;
    const taskId = this.#taskId;
    const done = async (work: Promise<unknown>): Promise<null> => {
      await work;
      return null;
    };
    return {
      execute: (input) => done(this.#execute(input)),
      older: ({ before }: { before: Before }) => this.#pages.before(this.#runs, before),
      raw: async (entry) => rawOf(await this.#entry(entry)),
      openDiff: (input) => done(this.#openDiff(input)),
      openFile: ({ path, line }) => done(services.openFile(path, line)),
      openLink: ({ href }) => done(services.openLink(href)),
      files: ({ query }) => services.findFiles(query, this.#ownFolder()),
      dropped: ({ uris }) => Promise.resolve(services.pathsIn(uris, this.#ownFolder())),
      addPicture: (picture) => services.kandev.execute('picture.add', { taskId, ...picture }),
      choosePictures: () => services.choosePictures(taskId),
      picture: ({ pictureId }) => services.kandev.query('picture', { taskId, pictureId }),
      runAction: ({ action }) => done(services.runAction(action)),
      uiCommand: ({ command }) => done(services.runUiCommand(command, taskId)),
    };
  }

  /** The page may act on its own card only. */
  async #execute({ command, input }: ExecuteInput): Promise<void> {
    if ('taskId' in input && input.taskId !== this.#taskId) throw notOfThisCard();
    if ('promptId' in input) {
      const prompts = await this.#prompts();
      if (!prompts.some(({ id }) => id === input.promptId)) throw waitsNoMore();
    }
    await this.#services.kandev.execute(command, input);
  }

  async #entry({ runId, seq }: EntryId): Promise<TranscriptEntry> {
    if (!this.#runs.some(({ id }) => id === runId)) throw notOfThisCard();
    const query = { runId, beforeSeq: seq + 1, limit: 1 };
    const [entry] = await this.#services.kandev.query('run.transcript', query);
    if (entry?.seq === seq) return entry;
    throw new UserError({ reason: 'not-found', message: 'This part of the transcript no longer exists.' });
  }

  async #openDiff(wanted: DiffOf): Promise<void> {
    const diffs =
      wanted.of === 'tool'
        ? diffsOf(await this.#entry(wanted.entry))
        : findCard(this.#services.state, this.#taskId)?.permissions.find(({ id }) => id === wanted.requestId)
            ?.diffs;
    const diff = diffs?.[wanted.index];
    if (!diff) {
      throw new UserError({ reason: 'not-found', message: 'This change is no longer proposed.' });
    }
    await this.#services.openDiff({ path: diff.path, oldText: diff.oldText, newText: diff.newText });
  }
}

function nameOf({ current }: BoardState, agentTypeId: string): string {
  const known = current.status === 'ready' ? current.agentTypes : [];
  return known.find(({ id }) => id === agentTypeId)?.name ?? agentTypeId;
}

function notOfThisCard(): UserError {
  return new UserError({ reason: 'invalid-input', message: 'This belongs to another card.' });
}
