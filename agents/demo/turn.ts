import { randomUUID } from 'node:crypto';
import { setTimeout as timer } from 'node:timers/promises';
import type {
  AgentContext,
  ClientCapabilities,
  PermissionOption,
  PromptResponse,
  SessionUpdate,
  ToolCall,
  ToolCallUpdate,
} from '@agentclientprotocol/sdk';
import type { Session } from './sessions.ts';
import { modelPace } from './settings.ts';
import type { Toolbox } from './toolbox.ts';
import type { Wire } from './wire.ts';

/** What the client opened the session with. */
export interface Opening {
  cwd: string;
  additionalDirectories: readonly string[];
  /** Their names. */
  mcpServers: readonly string[];
}

export interface TurnEnvironment {
  session: Session;
  opening: Opening;
  toolbox: Toolbox;
  client: AgentContext;
  clientCapabilities: ClientCapabilities;
  wire: Wire;
  /** Aborts when the client cancels the turn or goes away. */
  signal: AbortSignal;
  /** How many times faster than normal the tour goes. */
  speed: number;
  isSignedIn: () => Promise<boolean>;
  /** What came with the text of the prompt, a line each. */
  attached: readonly string[];
}

/**
 * One prompt being answered: what the agent may do meanwhile.
 * After a cancel every method rejects, which ends the turn from wherever it stands.
 */
export class Turn {
  readonly session: Session;
  readonly opening: Opening;
  readonly toolbox: Toolbox;
  readonly client: AgentContext;
  readonly clientCapabilities: ClientCapabilities;
  readonly wire: Wire;
  readonly signal: AbortSignal;
  readonly isSignedIn: () => Promise<boolean>;
  readonly attached: readonly string[];
  speed: number;
  /** How a cancel is answered: a stop reason, or `error`. */
  cancelAnswer = 'cancelled';
  /** What the turn has taken. */
  readonly tokens = { input: 0, output: 0 };
  /** What is to happen once the prompt is answered. */
  readonly afterEnd: (() => Promise<void>)[] = [];

  constructor(environment: TurnEnvironment) {
    this.session = environment.session;
    this.opening = environment.opening;
    this.toolbox = environment.toolbox;
    this.client = environment.client;
    this.clientCapabilities = environment.clientCapabilities;
    this.wire = environment.wire;
    this.signal = environment.signal;
    this.speed = environment.speed;
    this.isSignedIn = environment.isSignedIn;
    this.attached = environment.attached;
  }

  /** Sends an update and keeps it in the session's history. */
  async update(update: SessionUpdate): Promise<void> {
    this.signal.throwIfAborted();
    this.session.history.push(update);
    await this.send(update);
  }

  /** Sends an update that session/load will not replay. */
  async send(update: SessionUpdate): Promise<void> {
    this.signal.throwIfAborted();
    await this.client.notify('session/update', { sessionId: this.session.sessionId, update });
  }

  /** A whole message in one update. */
  async say(text: string): Promise<void> {
    const content = { type: 'text', text } as const;
    await this.update({ sessionUpdate: 'agent_message_chunk', messageId: randomUUID(), content });
  }

  /** A message that arrives a few words at a time. */
  async stream(text: string): Promise<void> {
    const messageId = randomUUID();
    for (const words of text.match(/(?:\S+\s*){1,3}|\s+/g) ?? []) {
      const content = { type: 'text', text: words } as const;
      await this.update({ sessionUpdate: 'agent_message_chunk', messageId, content });
      await this.pace(90);
    }
    this.countTokens(text);
  }

  /** Nothing, if the user does not want to hear it. */
  async think(text: string): Promise<void> {
    if (this.session.quiet) return;
    const content = { type: 'text', text } as const;
    await this.update({ sessionUpdate: 'agent_thought_chunk', messageId: randomUUID(), content });
  }

  /** Begins a tool call and returns its id. */
  async beginTool(call: Omit<ToolCall, 'toolCallId'>): Promise<string> {
    const toolCallId = randomUUID();
    await this.update({ sessionUpdate: 'tool_call', status: 'in_progress', ...call, toolCallId });
    return toolCallId;
  }

  async updateTool(toolCallId: string, change: Omit<ToolCallUpdate, 'toolCallId'>): Promise<void> {
    await this.update({ sessionUpdate: 'tool_call_update', toolCallId, ...change });
  }

  /**
   * Asks the user. The tool call need not have been sent before.
   * Resolves with undefined when the client closed the question without an answer.
   */
  async ask(
    toolCall: ToolCallUpdate,
    options: PermissionOption[],
    cancellationSignal?: AbortSignal,
  ): Promise<PermissionOption | undefined> {
    this.signal.throwIfAborted();
    const { outcome } = await this.unlessCancelled(
      this.client.request(
        'session/request_permission',
        { sessionId: this.session.sessionId, toolCall, options },
        cancellationSignal === undefined ? {} : { cancellationSignal },
      ),
    );
    if (outcome.outcome === 'cancelled') return undefined;
    const chosen = options.find(({ optionId }) => optionId === outcome.optionId);
    if (chosen === undefined)
      throw new Error(`The client chose an option that was not offered: ${outcome.optionId}`);
    return chosen;
  }

  /** Waits for `pending`, but no longer than the turn is wanted. */
  unlessCancelled<Value>(pending: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const cancel = (): void => {
        reject(asError(this.signal.reason));
      };
      if (this.signal.aborted) cancel();
      this.signal.addEventListener('abort', cancel, { once: true });
      void pending.then(resolve, reject).finally(() => {
        this.signal.removeEventListener('abort', cancel);
      });
    });
  }

  /** The client knows options that are on or off. */
  get knowsBooleans(): boolean {
    return Boolean(this.clientCapabilities.session?.configOptions?.boolean);
  }

  async sleep(ms: number): Promise<void> {
    await timer(ms, undefined, { signal: this.signal });
  }

  /** A pause that the user's speed and model shorten. */
  async pace(ms: number): Promise<void> {
    await this.sleep(ms / (this.speed * modelPace(this.session)));
  }

  /** Adds to the estimate of the tokens used: four characters each. */
  countTokens(text: string, kind: keyof Turn['tokens'] = 'output'): void {
    const count = Math.ceil(text.length / 4);
    this.session.memory.tokens += count;
    this.tokens[kind] += count;
  }

  /** What the turn took, as Gemini tells it in the answer to a prompt; nothing of a turn without an estimate. */
  quota(): Pick<PromptResponse, '_meta'> {
    const { input, output } = this.tokens;
    if (input + output === 0) return {};
    return { _meta: { quota: { token_count: { input_tokens: input, output_tokens: output } } } };
  }

  async reportUsage(): Promise<void> {
    await this.update({ sessionUpdate: 'usage_update', used: this.session.memory.tokens, size: 200_000 });
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
