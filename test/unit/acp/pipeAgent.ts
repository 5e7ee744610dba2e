import { PassThrough } from 'node:stream';
import type { ClientHandlers } from '../../../src/acp/clientHandlers.ts';
import { openConnection } from '../../../src/acp/connection.ts';
import type { AcpConnection, ConnectionOptions } from '../../../src/acp/connection.ts';
import { LineSplitter } from '../../../src/acp/transport/lineSplitter.ts';
import type { Session } from '../../../src/acp/session.ts';
import type {
  PermissionOutcome,
  PermissionRequest,
  SessionEvent,
  TurnState,
} from '../../../src/acp/types.ts';

export interface WireMessage {
  id?: unknown;
  method?: string;
  params?: Record<string, unknown>;
  result?: unknown;
  error?: { code: number; message: string; data?: unknown };
}

/** The agent's end of a pair of pipes: a test says each message by hand, and waits for what the client says. */
class PipeAgent {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly received: WireMessage[] = [];
  readonly #waiting: {
    matches: (message: WireMessage) => boolean;
    resolve: (message: WireMessage) => void;
  }[] = [];
  readonly #unclaimed: WireMessage[] = [];

  constructor() {
    const splitter = new LineSplitter(100_000_000);
    this.stdin.on('data', (chunk: Buffer) => {
      for (const line of splitter.push(chunk)) this.#accept(JSON.parse(line) as WireMessage);
    });
  }

  write(text: string | Buffer): void {
    this.stdout.write(text);
  }

  send(message: object): void {
    this.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  update(sessionId: string, update: object): void {
    this.send({ method: 'session/update', params: { sessionId, update } });
  }

  say(sessionId: string, text: string): void {
    this.update(sessionId, { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } });
  }

  respond(to: WireMessage, result: unknown): void {
    this.send({ id: to.id, result });
  }

  fail(to: WireMessage, code: number, message: string, data?: unknown): void {
    this.send({ id: to.id, error: { code, message, data } });
  }

  askPermission(id: unknown, sessionId: string, toolCall: object, options: object[] = twoOptions): void {
    this.send({ id, method: 'session/request_permission', params: { sessionId, toolCall, options } });
  }

  /** Asks the client for anything, and waits for its answer. */
  async ask(method: string, params: object): Promise<WireMessage> {
    const id = `ask-${this.received.length}-${method}`;
    this.send({ id, method, params });
    return this.answer(id);
  }

  /** The first message for that method that no one has taken yet. */
  request(method: string): Promise<WireMessage> {
    return this.#next((message) => message.method === method);
  }

  /** The client's answer to a request of ours. */
  answer(id: unknown): Promise<WireMessage> {
    return this.#next((message) => message.method === undefined && message.id === id);
  }

  /** Resolves when the client has handled all that was sent so far. */
  async settled(): Promise<void> {
    const id = `barrier-${this.received.length}`;
    this.send({ id, method: 'barrier' });
    await this.answer(id);
  }

  #accept(message: WireMessage): void {
    this.received.push(message);
    const index = this.#waiting.findIndex(({ matches }) => matches(message));
    const [waiting] = index === -1 ? [] : this.#waiting.splice(index, 1);
    if (waiting) waiting.resolve(message);
    else this.#unclaimed.push(message);
  }

  #next(matches: (message: WireMessage) => boolean): Promise<WireMessage> {
    const index = this.#unclaimed.findIndex(matches);
    const [message] = index === -1 ? [] : this.#unclaimed.splice(index, 1);
    if (message) return Promise.resolve(message);
    return new Promise((resolve) => this.#waiting.push({ matches, resolve }));
  }
}

const twoOptions = [
  { optionId: 'yes', name: 'Allow', kind: 'allow_once' },
  { optionId: 'no', name: 'Reject', kind: 'reject_once' },
];

export interface AskedPermission {
  request: PermissionRequest;
  signal: AbortSignal;
  answer: (outcome: PermissionOutcome) => void;
}

/** Without a handler of its own, a permission is kept for the test to answer. */
interface TestClientOptions extends Omit<Partial<ConnectionOptions>, 'handlers'> {
  handlers?: Partial<ClientHandlers>;
}

/** A connection to a {@link PipeAgent} with all that its callbacks were told. */
export class TestClient {
  readonly agent = new PipeAgent();
  readonly connection: AcpConnection;
  readonly noise: string[] = [];
  readonly trace: { direction: 'in' | 'out'; line: string }[] = [];
  readonly errors: Error[] = [];
  readonly permissions: AskedPermission[] = [];

  constructor({ handlers, ...options }: TestClientOptions = {}) {
    this.connection = openConnection({
      stdin: this.agent.stdin,
      stdout: this.agent.stdout,
      clientInfo: { name: 'test', version: '1.0.0' },
      handlers: {
        requestPermission: (request, signal) =>
          new Promise((resolve) => this.permissions.push({ request, signal, answer: resolve })),
        ...handlers,
      },
      onNoise: (line) => this.noise.push(line),
      onTrace: (direction, line) => this.trace.push({ direction, line }),
      onError: (error) => this.errors.push(error),
      ...options,
    });
  }

  /** Has the agent answer `initialize`. */
  async initialize(result: unknown = { protocolVersion: 1 }) {
    const initialized = this.connection.initialize();
    this.agent.respond(await this.agent.request('initialize'), result);
    return initialized;
  }

  /** Has the agent answer `session/new`, and listens to the session. */
  async newSession(setup: object = {}): Promise<{ session: Session; events: RecordedEvent[] }> {
    const opened = this.connection.newSession({ cwd: '/work', mcpServers: [] });
    this.agent.respond(await this.agent.request('session/new'), { sessionId: 's1', ...setup });
    const session = await opened;
    return { session, events: recordEvents(session) };
  }

  /** A client with a session, ready to be prompted, of an agent with these capabilities. */
  static async withSession(
    options: TestClientOptions = {},
    { agentCapabilities = {}, setup = {} }: { agentCapabilities?: object; setup?: object } = {},
  ) {
    const client = new TestClient(options);
    await client.initialize({ protocolVersion: 1, agentCapabilities });
    const { session, events } = await client.newSession(setup);
    return { client, agent: client.agent, session, events };
  }

  lastPermission(): AskedPermission {
    const permission = this.permissions.at(-1);
    if (permission === undefined) throw new Error('No permission was asked for.');
    return permission;
  }
}

export type RecordedEvent = SessionEvent & { turn: TurnState };

export function recordEvents(session: Session): RecordedEvent[] {
  const events: RecordedEvent[] = [];
  session.onEvent((event, turn) => events.push({ ...event, turn }));
  return events;
}

/** What the agent said in all these events together. */
export function textOf(events: readonly SessionEvent[]): string {
  return events.map((event) => (event.type === 'message' ? event.text : '')).join('');
}

export const textPrompt = [{ type: 'text', text: 'Do it' }] as const;

/** A session in the middle of its first turn. */
export async function inTurn() {
  const setup = await TestClient.withSession();
  const prompted = setup.session.prompt(textPrompt);
  return { ...setup, prompted, request: await setup.agent.request('session/prompt') };
}

/** Each word that was said of a tool call, with its status. */
export function toolStatuses(events: readonly SessionEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'tool_call' ? [`${event.toolCall.id} ${event.toolCall.status}`] : [],
  );
}
