import type { AgentConnection } from '../agents/agentProcess.ts';
import type { ToolAnswer, ToolRequest } from '../agents/keeper/protocol.ts';
import type { FormElicitation, FormField } from '../acp/elicitation.ts';
import type { McpServer } from '../acp/types.ts';
import { failureOf, UserError } from '../model/failure.ts';
import type { Run } from '../model/run.ts';
import type { RunAgentOptions } from './runInterfaces.ts';
import type { UserRequests } from './userRequests.ts';

/** A tool as MCP describes it. */
export interface ToolDescription {
  name: string;
  title: string;
  /** For the model. */
  description: string;
  /** JSON Schema of an object. */
  inputSchema: object;
  annotations: { readOnlyHint: boolean; openWorldHint: false };
}

export interface UserQuestion {
  /** Unique within the run. */
  id: string;
  message: string;
  /** What there is to choose from; none: the answer is a text. */
  choices: readonly string[];
}

export type UserAnswer =
  { action: 'decline' | 'cancel' } | { action: 'accept'; answer: string; more: string };

/** The agent of a live run, as the tools of its card know it. */
export interface ToolUser {
  readonly run: Run;
  readonly agentName: string;
  /** Says to its user how far it is. */
  tell(text: string): void;
  /** Says that it is done, and what it has done. */
  done(summary: string): void;
  /** Asks its user; `signal` closes the question. */
  ask(question: UserQuestion, signal: AbortSignal): Promise<UserAnswer>;
}

export interface ToolCall {
  /** The same for a call that another process has begun to answer. */
  id: string;
  name: string;
  input: unknown;
}

/** What agents can do with the board, by tools of their own: each for its card alone. */
export interface AgentTools {
  list(user: ToolUser): Promise<readonly ToolDescription[]>;
  /** @throws UserError for what is refused, in words for the agent */
  call(user: ToolUser, call: ToolCall, signal: AbortSignal): Promise<unknown>;
}

const serverName = 'kandev-card';
const methodNotFound = -32601;
const internalError = -32603;

/** Answers the tools of one run's agent. Whose they are follows from the container that asks: no token could be stolen. */
export class AgentToolDesk implements ToolUser {
  readonly #options: RunAgentOptions;
  readonly #requests: UserRequests;
  #turn = new AbortController();
  #summary: string | null = null;

  constructor(options: RunAgentOptions, requests: UserRequests) {
    this.#options = options;
    this.#requests = requests;
  }

  get run(): Run {
    return this.#options.record.run;
  }

  get agentName(): string {
    return this.#options.agentType.name;
  }

  /** What the agent says that it has done in its last turn; null where it has not said so. */
  get summary(): string | null {
    return this.#summary;
  }

  /** The MCP server that the agent is told of; none where its type goes without, or its image has no node. */
  serversAt(kept: AgentConnection | null): McpServer[] {
    if (kept === null || this.#options.agentType.cardTools === false) return [];
    const { command, args } = kept.toolServer;
    return [{ name: serverName, command, args: [...args], env: [] }];
  }

  /** From now on its requests are answered by this process. */
  serve(kept: AgentConnection): void {
    kept.answerTools((request, signal) => this.#answer(request, signal));
  }

  turnBegins(): void {
    this.#summary = null;
  }

  /** What it has asked is closed: nobody waits for an answer any more. */
  turnEnded(): void {
    this.#turn.abort();
    this.#turn = new AbortController();
  }

  tell(text: string): void {
    this.#options.recorder.add({ kind: 'notice', text });
  }

  done(summary: string): void {
    this.#summary = summary;
    this.tell(`Done: ${summary}`);
  }

  async ask({ id, message, choices }: UserQuestion, signal: AbortSignal): Promise<UserAnswer> {
    const question = formFor(id, message, choices);
    const { action, ...rest } = await this.#requests.question(question, signal);
    if (action !== 'accept') return { action };
    const { answer, more } = ('content' in rest ? rest.content : undefined) ?? {};
    return { action, answer: textOf(answer), more: textOf(more) };
  }

  /** Never rejects. */
  async #answer(request: ToolRequest, signal: AbortSignal): Promise<ToolAnswer> {
    const { deps, settings } = this.#options;
    try {
      if (request.method === 'tools/list') return { result: { tools: await deps.agentTools.list(this) } };
      if (request.method !== 'tools/call') {
        return { error: { code: methodNotFound, message: 'There is no such method.' } };
      }
      const { name, arguments: input = {} } = (request.params ?? {}) as {
        name?: unknown;
        arguments?: unknown;
      };
      // What it was given as a secret is kept nowhere.
      const call = settings.secrets.maskIn({ id: request.id, name: String(name), input });
      return said(await this.#call(call, AbortSignal.any([signal, this.#turn.signal])));
    } catch (error) {
      if (error instanceof UserError) return { result: { ...said(error.message).result, isError: true } };
      const failure = failureOf(error);
      deps.log.error(this.run.taskId, failure.detail ?? failure.message);
      return { error: { code: internalError, message: 'Something went wrong in Kandev.' } };
    }
  }

  async #call(call: ToolCall, signal: AbortSignal): Promise<unknown> {
    const { state } = this.run;
    if (state !== 'RUNNING' && state !== 'WAITING') {
      throw new UserError({
        reason: 'refused',
        message: 'Your turn is over. Nothing can be done by these tools before your user has sent a message.',
      });
    }
    return this.#options.deps.agentTools.call(this, call, signal);
  }
}

/** A result for the agent to read: a sentence, or JSON. */
function said(result: unknown): { result: { content: { type: 'text'; text: string }[] } } {
  const text = typeof result === 'string' ? result : JSON.stringify(result);
  return { result: { content: [{ type: 'text', text }] } };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function formFor(id: string, message: string, choices: readonly string[]): FormElicitation {
  const text = (name: string, title: string, required: boolean): FormField => ({
    ...{ name, title, required, description: null, type: 'text' },
    ...{ format: null, minLength: null, maxLength: null, pattern: null, default: null },
  });
  const choice: FormField = {
    ...{ name: 'answer', title: 'Answer', description: null, required: true, type: 'choice', default: null },
    choices: choices.map((value) => ({ value, title: value, description: null })),
  };
  const fields =
    choices.length === 0
      ? [text('answer', 'Answer', true)]
      : [choice, text('more', 'Anything to add', false)];
  const about = { sessionId: null, toolCallId: null, title: null, description: null };
  return { id: `tool:${id}`, mode: 'form', message, fields, ...about };
}
