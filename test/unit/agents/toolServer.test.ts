import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  encodeTools,
  openRequestLimit,
  requestLimit,
  WholeFrames,
  type AnswerMessage,
  type RequestMessage,
  type ToolAnswer,
} from '../../../src/agents/keeper/protocol.ts';
import { RequestDesk } from '../../../src/agents/keeper/requestDesk.ts';
import { ToolDesk, type ToolHandler } from '../../../src/agents/keeper/toolDesk.ts';
import { ToolServer } from '../../../src/agents/keeper/toolServer.ts';

interface Said {
  id: number;
  result?: { content?: { text: string }[]; protocolVersion?: string };
  error?: { code: number };
}

/** An agent's MCP server, the keeper beside it, and those who lead the run one after another. */
function setUp() {
  const said: Said[] = [];
  const asked: string[] = [];
  let desk: ToolDesk | null = null;
  const connection = new PassThrough();
  const requests = new RequestDesk((frame) => {
    new WholeFrames((_type, payload) => desk?.receive(payload)).push(frame);
  });
  const server = new ToolServer({
    say: (message) => said.push(message as Said),
    ask: (message) => {
      asked.push(message.type);
      requests.take(connection, payloadOf(message));
    },
  });
  const answers = new WholeFrames((_type, payload) => {
    server.answered(JSON.parse(payload.toString()) as AnswerMessage);
  });
  connection.on('data', (chunk: Buffer) => {
    answers.push(chunk);
  });
  let rpcId = 0;
  return {
    said,
    asked,
    requests,
    connection,
    call: (name: string, input: object = {}) => {
      server.receive(JSON.stringify(rpc(++rpcId, 'tools/call', { name, arguments: input })));
      return rpcId;
    },
    receive: (message: unknown) => {
      server.receive(typeof message === 'string' ? message : JSON.stringify(message));
    },
    /** Another process leads the run from now on. */
    lead: (handler: ToolHandler): ToolDesk => {
      const leader: ToolDesk = new ToolDesk((frame) => {
        const take = (_type: number, payload: Buffer): void => {
          if (desk === leader) requests.answer(payload);
        };
        new WholeFrames(take).push(frame);
      });
      leader.handle(handler);
      desk?.close();
      desk = leader;
      requests.askAgain();
      return leader;
    },
  };
}

function payloadOf(message: RequestMessage | AnswerMessage): Buffer {
  return encodeTools(message).subarray(8);
}

function rpc(id: number, method: string, params: object = {}): object {
  return { jsonrpc: '2.0', id, method, params };
}

const text = (said: string): ToolAnswer => ({ result: { content: [{ type: 'text', text: said }] } });
const textsOf = (said: readonly Said[]): unknown[] =>
  said.map(({ id, result }) => [id, result?.content?.[0]?.text]);

afterEach(() => {
  vi.useRealTimers();
});

describe('the MCP server in the container', () => {
  it('speaks the version that it is asked for, or its newest', () => {
    const { receive, said } = setUp();
    receive(rpc(1, 'initialize', { protocolVersion: '2025-06-18' }));
    receive(rpc(2, 'initialize', { protocolVersion: '1999-01-01' }));
    receive(rpc(3, 'ping'));
    receive({ jsonrpc: '2.0', method: 'notifications/initialized' });
    receive(rpc(4, 'resources/list'));
    for (const noise of ['', 'no JSON', 'null', '5', '[]']) receive(noise);
    expect(said.map(({ id, result, error }) => [id, result?.protocolVersion ?? error?.code])).toEqual([
      [1, '2025-06-18'],
      [2, '2025-11-25'],
      [3, undefined],
      [4, -32601],
    ]);
  });

  it('says that there is no answer yet, does nothing twice, and keeps the answer for who asks again', async () => {
    vi.useFakeTimers();
    const { call, said, lead, asked } = setUp();
    const first = call('ask_user', { question: 'Why?' });
    vi.advanceTimersByTime(25_000);
    expect(textsOf(said)).toEqual([[first, expect.stringContaining('There is no answer yet')]]);
    const handler = vi.fn<ToolHandler>(() => Promise.resolve(text('Because')));
    lead(handler);
    await vi.runAllTimersAsync();
    expect(said).toHaveLength(1);
    const second = call('ask_user', { question: 'Why?' });
    expect(textsOf(said).at(-1)).toEqual([second, 'Because']);
    expect(handler).toHaveBeenCalledOnce();
    // The same once more is a question of its own.
    call('ask_user', { question: 'Why?' });
    expect(asked).toEqual(['request', 'request']);
  });

  it('withdraws what the agent cancels', () => {
    const { call, receive, lead, asked } = setUp();
    let signal: AbortSignal | undefined;
    lead((_request, given) => {
      signal = given;
      return new Promise(() => undefined);
    });
    const id = call('ask_user', { question: 'Why?' });
    receive({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } });
    expect(asked).toEqual(['request', 'cancel']);
    expect(signal?.aborted).toBe(true);
  });
});

describe('a request of the container', () => {
  it('is put to the next process when the first one has gone without an answer, and answered once', async () => {
    const { call, lead, said } = setUp();
    const before = lead(() => new Promise(() => undefined));
    const id = call('create_card', { title: 'A' });
    before.close();
    const ids: string[] = [];
    lead((request) => {
      ids.push(request.id);
      return Promise.resolve(text('done'));
    });
    await vi.waitFor(() => {
      expect(textsOf(said)).toEqual([[id, 'done']]);
    });
    expect(ids).toHaveLength(1);
  });

  it('is dealt with once by one process, also where the connection broke under its answer', async () => {
    const sent: Buffer[] = [];
    const desk = new ToolDesk((frame) => sent.push(frame));
    const handler = vi.fn<ToolHandler>(() => Promise.resolve(text('done')));
    const payload = payloadOf({ type: 'request', request: { id: 'a', method: 'tools/call', params: {} } });
    // Before anybody can answer it.
    desk.receive(payload);
    desk.handle(handler);
    desk.receive(payload);
    await vi.waitFor(() => {
      expect(sent).toHaveLength(1);
    });
    desk.receive(payload);
    expect(sent).toHaveLength(2);
    expect(handler).toHaveBeenCalledOnce();
    for (const nonsense of ['', '{', '5', 'null', '{"type":"request"}', '{"type":"cancel"}']) {
      desk.receive(Buffer.from(nonsense));
    }
    desk.receive(Buffer.alloc(requestLimit + 1, 0x20));
    expect(handler).toHaveBeenCalledOnce();
  });

  it('is one of a few, and not too long', () => {
    const { call, said } = setUp();
    for (let n = 0; n < openRequestLimit; n++) call('create_card', { title: String(n) });
    expect(said).toEqual([]);
    call('create_card', { title: 'one more' });
    expect(said[0]?.error?.code).toBe(-32000);
    const other = setUp();
    other.call('create_card', { title: 'x'.repeat(requestLimit) });
    expect(other.said[0]?.error?.code).toBe(-32000);
  });

  it('is given up with the program that has made it', () => {
    const { call, lead, requests, connection } = setUp();
    let signal: AbortSignal | undefined;
    lead((_request, given) => {
      signal = given;
      return new Promise(() => undefined);
    });
    call('ask_user', { question: 'Why?' });
    requests.leave(connection);
    expect(signal?.aborted).toBe(true);
  });
});
