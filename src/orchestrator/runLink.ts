import type { AgentConnection } from '../agents/agentProcess.ts';
import type { AcpConnection } from '../acp/connection.ts';
import type { ConnectionJournal, ConnectionState, IdKey } from '../acp/takeOver.ts';
import type { AgentCommand, ConfigOption, InitializeResult } from '../acp/types.ts';
import type { Message } from '../model/prompt.ts';
import type { AgentRequest, LinkChange, OpenPrompt, RunLink as StoredLink } from '../store/runLinks.ts';
import type { Store } from '../store/store.ts';
import type { RecorderLink } from './transcriptRecorder.ts';

/** Ids of one process's requests, far from those of the one before. */
const idsPerProcess = 1_000_000;

/** What can be chosen in a session, as it is stored. */
export interface StoredSession {
  options: readonly ConfigOption[];
  commands: readonly AgentCommand[];
}

/**
 * How far this process has got with an agent that another one may take over: what is to be stored of it with the
 * transcript, and what its keeper need not keep any more.
 */
export class RunLink implements ConnectionJournal, RecorderLink {
  readonly #runId: string;
  readonly #store: Store;
  readonly #kept: AgentConnection;
  readonly #onChange: () => void;
  /** Where the requests begin that the agent waits for, by id. */
  readonly #open = new Map<IdKey, number>();
  #connection: AcpConnection | null = null;
  /** Since the conversation is open; before that nobody could go on with it. */
  #isOpen = false;
  #asked: AgentRequest[] = [];
  #answered: number[] = [];
  #prompt: OpenPrompt | null = null;
  #session: StoredSession | null = null;
  #takenTo = -1;

  /** @param onChange there is something to store that no message has brought */
  constructor(runId: string, store: Store, kept: AgentConnection, onChange: () => void) {
    this.#runId = runId;
    this.#store = store;
    this.#kept = kept;
    this.#onChange = onChange;
  }

  /** Where to go on, after another process. */
  resume({ position, requests, agent, prompt }: StoredLink): ConnectionState {
    const open = requests.filter(({ id }) => !this.#kept.answered.includes(id));
    this.#answered = requests.filter((request) => !open.includes(request)).map(({ start }) => start);
    for (const { id, start } of open) this.#open.set(id, start);
    this.#prompt = prompt;
    this.#isOpen = true;
    return {
      offset: this.#kept.offset,
      position,
      openRequests: new Set(open.map(({ start }) => start)),
      firstRequestId: (this.#kept.attachment - 1) * idsPerProcess,
      agent: agent as InitializeResult,
    };
  }

  /** The connection that it says how far it has got. */
  follow(connection: AcpConnection): void {
    this.#connection = connection;
  }

  /** The agent is about to be told this. What is to be stored with it. */
  tell(message: Message, session: StoredSession): LinkChange {
    this.#isOpen = true;
    this.#prompt = { ...message, id: null };
    return { ...this.take(), prompt: this.#prompt, session, agent: this.#connection?.agent };
  }

  /** Something else can be chosen now. */
  sessionChanged(session: StoredSession): void {
    this.#session = session;
    this.#onChange();
  }

  /** The turn has ended, with all that was said before that byte. What is to be stored with it. */
  endTurn(position: number): LinkChange {
    this.#prompt = null;
    this.#takenTo = position;
    return { ...this.take(), prompt: null, position };
  }

  asked(id: IdKey, start: number): void {
    if (this.#open.get(id) === start) return;
    this.#open.set(id, start);
    this.#asked.push({ id, start });
  }

  answered(id: IdKey): void {
    const start = this.#open.get(id);
    if (start === undefined) return;
    this.#open.delete(id);
    this.#answered.push(start);
    this.#onChange();
  }

  async asking(id: number, method: string): Promise<void> {
    if (method !== 'session/prompt' || this.#prompt === null) return;
    this.#prompt = { ...this.#prompt, id };
    const link = { prompt: this.#prompt };
    await this.#store.write('run.progress', { runId: this.#runId, entries: [], activity: null, link });
  }

  get isBetweenLines(): boolean {
    return this.#connection?.isBetweenLines ?? true;
  }

  take(): LinkChange {
    if (!this.#isOpen || this.#connection === null) return {};
    const { position } = this.#connection;
    const asked = this.#asked;
    const answered = this.#answered;
    const session = this.#session;
    if (position === this.#takenTo && asked.length + answered.length === 0 && session === null) return {};
    this.#takenTo = position;
    this.#asked = [];
    this.#answered = [];
    this.#session = null;
    return { position, asked, answered, ...(session === null ? {} : { session }) };
  }

  stored({ position }: LinkChange): void {
    if (position !== undefined) this.#kept.stored(Math.min(position, ...this.#open.values()));
  }
}
