import { randomUUID } from 'node:crypto';
import { openRequestLimit, type AnswerMessage, type RequestMessage, type ToolAnswer } from './protocol.ts';

type RpcId = string | number;

interface RpcMessage {
  id?: RpcId;
  method?: string;
  params?: { protocolVersion?: unknown; requestId?: unknown; _meta?: { progressToken?: unknown } };
}

/** A request that was passed on, and everybody who has asked for the same. */
interface Asked {
  id: string;
  waiting: Map<RpcId, NodeJS.Timeout>;
  /** Null until there is one; then nobody waited for it, and it is for whoever asks again. */
  answer: ToolAnswer | null;
}

export interface ToolServerOptions {
  /** To the agent, in JSON-RPC. */
  say: (message: object) => void;
  /** To whoever leads the run. */
  ask: (message: RequestMessage) => void;
  /** After so long the agent is told that there is no answer yet. */
  waitMs?: number;
}

/** Agents give up a tool that takes too long, some after 30 seconds, whatever it is told meanwhile. */
const usualWaitMs = 25_000;
const versions = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];
const passedOn = new Set(['tools/list', 'tools/call']);

const notYet =
  'There is no answer yet: your user has not answered, or VS Code is closed. Call the same tool with the same arguments again to go on waiting (nothing is done twice), or do something else meanwhile: the answer is kept for you.';

/**
 * The MCP server that an agent starts in its container. It knows no tools of its own: it passes on what it is asked, and
 * keeps it open over any number of processes that lead the run. What takes long is told to the agent as not answered
 * yet; asked again, the same request goes on.
 */
export class ToolServer {
  readonly #options: ToolServerOptions;
  /** By what is asked. */
  readonly #asked = new Map<string, Asked>();

  constructor(options: ToolServerOptions) {
    this.#options = options;
  }

  /** Takes a line of the agent. */
  receive(line: string): void {
    let message: RpcMessage;
    try {
      message = JSON.parse(line) as RpcMessage;
    } catch {
      return;
    }
    if (typeof message !== 'object' || (message as unknown) === null || message.method === undefined) return;
    const { id, method, params } = message;
    if (method === 'notifications/cancelled') this.#cancel(params?.requestId);
    else if (id === undefined) return;
    else if (method === 'initialize') this.#result(id, initialized(params?.protocolVersion));
    else if (method === 'ping') this.#result(id, {});
    else if (passedOn.has(method)) this.#passOn(id, method, params);
    else
      this.#options.say({ jsonrpc: '2.0', id, error: { code: -32601, message: 'There is no such method.' } });
  }

  /** Takes an answer of whoever leads the run. */
  answered({ id, answer }: AnswerMessage): void {
    for (const [key, asked] of this.#asked) {
      if (asked.id !== id) continue;
      asked.answer = answer;
      if (asked.waiting.size > 0) this.#asked.delete(key);
      for (const [rpcId, timer] of asked.waiting) {
        clearTimeout(timer);
        this.#options.say({ jsonrpc: '2.0', id: rpcId, ...answer });
      }
      return;
    }
  }

  #passOn(rpcId: RpcId, method: string, params: RpcMessage['params']): void {
    const { _meta, ...rest } = params ?? {};
    const key = `${method} ${JSON.stringify(rest)}`;
    const before = this.#asked.get(key);
    if (before?.answer) {
      this.#asked.delete(key);
      this.#options.say({ jsonrpc: '2.0', id: rpcId, ...before.answer });
      return;
    }
    const asked = before ?? { id: randomUUID(), waiting: new Map<RpcId, NodeJS.Timeout>(), answer: null };
    const timer = setTimeout(() => {
      asked.waiting.delete(rpcId);
      if (method === 'tools/call') this.#result(rpcId, { content: [{ type: 'text', text: notYet }] });
      else this.#options.say({ jsonrpc: '2.0', id: rpcId, error: { code: -32000, message: notYet } });
    }, this.#options.waitMs ?? usualWaitMs);
    asked.waiting.set(rpcId, timer);
    if (before) return;
    this.#makeRoom();
    this.#asked.set(key, asked);
    this.#options.ask({ type: 'request', request: { id: asked.id, method, params: rest } });
  }

  /** What nobody has fetched, and nobody waits for, is given up where there is too much of it. */
  #makeRoom(): void {
    if (this.#asked.size < openRequestLimit) return;
    for (const [key, { id, waiting, answer }] of this.#asked) {
      if (waiting.size > 0) continue;
      this.#asked.delete(key);
      if (answer === null) this.#options.ask({ type: 'cancel', id });
      return;
    }
  }

  #cancel(rpcId: unknown): void {
    for (const [key, { id, waiting }] of this.#asked) {
      const timer = waiting.get(rpcId as RpcId);
      if (timer === undefined) continue;
      clearTimeout(timer);
      waiting.delete(rpcId as RpcId);
      if (waiting.size > 0) return;
      this.#asked.delete(key);
      this.#options.ask({ type: 'cancel', id });
      return;
    }
  }

  #result(id: RpcId, result: unknown): void {
    this.#options.say({ jsonrpc: '2.0', id, result });
  }
}

function initialized(wanted: unknown): object {
  const protocolVersion = versions.find((version) => version === wanted) ?? versions[0];
  return {
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'kandev-card', title: 'Kandev', version: '1' },
    instructions:
      'You work on a card of a kanban board. These tools are for that card: tell your user how far you are, ask them, write down work that should be a card of its own, and say when you are done.',
  };
}
