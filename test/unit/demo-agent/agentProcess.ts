import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Readable, Transform, Writable } from 'node:stream';
import {
  client,
  ndJsonStream,
  type ClientCapabilities,
  type ClientConnection,
  type ClientContext,
  type CreateElicitationRequest,
  type CreateElicitationResponse,
  type RequestPermissionRequest,
  type RequestPermissionResponse,
  type SessionUpdate,
  type StopReason,
} from '@agentclientprotocol/sdk';
import { build } from 'esbuild';

/** A folder that is gone after the test, by its real path. */
export async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'kandev-demo-')));
  return {
    path: folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Bundles the agent as it ships and returns the bundle's path. */
export async function bundleAgent(folder: string): Promise<string> {
  const outfile = path.join(folder, 'agent.js');
  await build({
    entryPoints: [path.resolve(import.meta.dirname, '../../../agents/demo/main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    logLevel: 'warning',
  });
  return outfile;
}

export interface AgentSetup {
  bundle: string;
  /** HOME, and with it the state directory. */
  home: string;
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
}

type PermissionHandler = (
  request: RequestPermissionRequest,
  signal: AbortSignal,
) => RequestPermissionResponse | Promise<RequestPermissionResponse>;

/** The demo agent as a child process, with the SDK's client on its pipes. */
export class AgentProcess implements AsyncDisposable {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly agent: ClientContext;
  /** Every update so far, of whatever session. */
  readonly updates: SessionUpdate[] = [];
  readonly permissions: RequestPermissionRequest[] = [];
  /** What the process wrote, byte for byte, one entry a chunk. */
  readonly stdout: Buffer[] = [];
  stderr = '';
  /** Beside the stop reason of the last prompt. */
  lastMeta: unknown = null;
  /** Chooses the first option unless a test says otherwise. */
  onPermission: PermissionHandler = ({ options: [first] }) => choose(first?.optionId ?? '');
  onElicitation: (request: CreateElicitationRequest) => CreateElicitationResponse = () => ({
    action: 'decline',
  });
  readonly notifications: { method: string; params: unknown }[] = [];
  private readonly connection: ClientConnection;
  private readonly events = new EventEmitter();
  private readonly closed: Promise<unknown>;

  constructor({ bundle, home, args = [], env = {} }: AgentSetup) {
    this.child = spawn(process.execPath, [bundle, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, HOME: home, KANDEV_DEMO_SPEED: '1000', ...env },
    });
    this.closed = once(this.child, 'close');
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    // An agent that has exited is what some tests are about.
    this.child.stdin.on('error', () => undefined);
    this.connection = this.connect();
    this.agent = this.connection.agent;
  }

  private connect(): ClientConnection {
    const messages = this.child.stdout.pipe(onlyMessages((chunk) => this.stdout.push(chunk)));
    return client({ name: 'demo-agent-test' })
      .onNotification('session/update', ({ params }) => {
        this.updates.push(params.update);
        this.events.emit('change');
      })
      .onRequest('session/request_permission', ({ params, signal }) => {
        this.permissions.push(params);
        this.events.emit('change');
        return this.onPermission(params, signal);
      })
      .onRequest('elicitation/create', ({ params }) => this.onElicitation(params))
      .onNotification('*', ({ method, params }) => {
        this.notifications.push({ method, params });
        this.events.emit('change');
      })
      .connect(ndJsonStream(Writable.toWeb(this.child.stdin), Readable.toWeb(messages)));
  }

  /** Sends `initialize` and `session/new`, and returns the session's id. */
  async begin(cwd: string, clientCapabilities: ClientCapabilities = {}): Promise<string> {
    await this.initialize(clientCapabilities);
    const { sessionId } = await this.agent.request('session/new', { cwd, mcpServers: [] });
    return sessionId;
  }

  initialize(clientCapabilities: ClientCapabilities = {}) {
    return this.agent.request('initialize', { protocolVersion: 1, clientCapabilities });
  }

  async prompt(sessionId: string, text: string): Promise<StopReason> {
    const { stopReason, _meta = null } = await this.agent.request('session/prompt', {
      sessionId,
      prompt: [{ type: 'text', text }],
    });
    this.lastMeta = _meta;
    return stopReason;
  }

  /** Prompts with these lines as a script. */
  script(sessionId: string, ...lines: string[]): Promise<StopReason> {
    return this.prompt(sessionId, `Please:\n\n\`\`\`kandev-script\n${lines.join('\n')}\n\`\`\`\n`);
  }

  /** Waits until what the agent has sent satisfies `condition`. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await once(this.events, 'change');
  }

  /** The text of all messages, in order. */
  get said(): string {
    return this.updates.flatMap(messageText).join('');
  }

  /** The updates of one kind. */
  updatesOf<Kind extends SessionUpdate['sessionUpdate']>(
    kind: Kind,
  ): Extract<SessionUpdate, { sessionUpdate: Kind }>[] {
    return this.updates.filter(
      (update): update is Extract<SessionUpdate, { sessionUpdate: Kind }> => update.sessionUpdate === kind,
    );
  }

  /** Resolves with the exit code, or the signal's name, once all output has been read. */
  async exited(): Promise<number | string | null> {
    await this.closed;
    return this.child.exitCode ?? this.child.signalCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.closed;
  }
}

export function choose(optionId: string): RequestPermissionResponse {
  return { outcome: { outcome: 'selected', optionId } };
}

function messageText(update: SessionUpdate): string[] {
  if (update.sessionUpdate !== 'agent_message_chunk' || update.content.type !== 'text') return [];
  return [update.content.text];
}

/** Passes on lines that are JSON-RPC messages: the SDK's client answers everything else with an error. */
function onlyMessages(onChunk: (chunk: Buffer) => void): Transform {
  let pending: Buffer[] = [];
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      onChunk(chunk);
      let start = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
        const line = Buffer.concat([...pending, chunk.subarray(start, end + 1)]);
        pending = [];
        start = end + 1;
        if (line.toString('latin1').startsWith('{"jsonrpc":"2.0"')) this.push(line);
      }
      pending.push(chunk.subarray(start));
      done();
    },
  });
}
