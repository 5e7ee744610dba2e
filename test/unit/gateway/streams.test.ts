import { once } from 'node:events';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { LocalKandev } from '../../../src/api/localKandev.ts';
import { startGateway, type TestGateway } from '../../harness/gateway.ts';

interface Received {
  type: string;
  seq?: number;
  entry?: { runId: string; seq: number; text: string };
  task?: { id: string; title: string };
  status?: { taskId: string; state: string; needsYou: boolean };
  taskId?: string;
}

async function firstBoardId(): Promise<string> {
  return (await test.services.kandev.query('boards', {})).boards[0]?.id ?? '';
}

/** A program that follows a stream. */
class Follower {
  readonly frames: Received[] = [];
  readonly socket: WebSocket;

  constructor(path: string, token: string, protocols: string[] = []) {
    const headers = protocols.length === 0 ? { authorization: `Bearer ${token}` } : {};
    this.socket = new WebSocket(`${test.url.replace('http', 'ws')}${path}`, protocols, { headers });
    this.socket.on('message', (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString()) as Received);
    });
  }

  async until(wanted: () => boolean): Promise<void> {
    await expect.poll(wanted, { timeout: 20_000, interval: 10 }).toBe(true);
  }

  /** The last number that was received. */
  get seq(): number {
    return Math.max(0, ...this.frames.map(({ seq = 0 }) => seq));
  }

  /** What it knows of the transcript, each entry in its last form. */
  get texts(): string[] {
    const entries = new Map<string, string>();
    for (const { entry } of this.frames) if (entry) entries.set(`${entry.runId} ${entry.seq}`, entry.text);
    return [...entries.values()];
  }

  async close(): Promise<void> {
    const closed = once(this.socket, 'close');
    this.socket.close();
    await closed;
  }
}

let test: TestGateway;

beforeAll(async () => {
  test = await startGateway();
});

afterAll(async () => {
  await test.close();
});

const streamOf = (taskId: string, after = 0): string =>
  `/api/v1/orchestrator/tasks/${taskId}/stream?after=${after}`;

async function transcriptOf(taskId: string): Promise<string[]> {
  const runs = await test.services.kandev.query('task.runs', { taskId });
  const entries = await Promise.all(
    runs.map(({ id }) => test.services.kandev.query('run.transcript', { runId: id, limit: 1000 })),
  );
  return entries.flat().map(({ text }) => text);
}

describe('the stream of a card', () => {
  it('tells all that was said, then what is being said, and how the card stands', async () => {
    const taskId = await test.services.card(['message Before', 'permission "Go on"', 'message After']);
    await test.services.kandev.execute('task.start', { taskId });
    const { permissions } = await test.services.until(taskId, (card) => card.permissions.length > 0);
    const follower = new Follower(streamOf(taskId), test.token);
    await follower.until(() => follower.frames.some(({ type }) => type === 'live'));
    expect(follower.texts).toContain('Before');
    expect(follower.frames.find(({ type }) => type === 'status')?.status).toMatchObject({ needsYou: true });
    await test.services.kandev.execute('permission.answer', {
      requestId: permissions[0]?.id ?? '',
      optionId: 'allow_once',
    });
    await follower.until(() => follower.frames.some(({ status }) => status?.state === 'REVIEW'));
    await follower.until(() => follower.texts.includes('After'));
    expect(follower.texts.sort()).toEqual((await transcriptOf(taskId)).sort());
    await follower.close();
  });

  it('loses and doubles nothing, however often the connection breaks in the middle of a flood', async () => {
    const taskId = await test.services.card(['stream 300 chunks every 5ms', 'message End']);
    await test.services.kandev.execute('task.start', { taskId });
    const seen: Received[] = [];
    let after = 0;
    let done = false;
    while (!done) {
      const follower = new Follower(streamOf(taskId, after), test.token);
      await once(follower.socket, 'open');
      await follower.until(() => follower.seq > after || follower.texts.includes('End'));
      follower.socket.terminate();
      seen.push(...follower.frames);
      done = follower.texts.includes('End');
      after = Math.max(after, follower.seq);
    }
    const numbers = seen.flatMap(({ type, seq }) => (type === 'entry' && seq !== undefined ? [seq] : []));
    expect(new Set(numbers).size).toBe(numbers.length);
    expect([...numbers].sort((a, b) => a - b)).toEqual(numbers);
    const last = new Map(seen.flatMap(({ entry }) => (entry ? [[entry.seq, entry.text] as const] : [])));
    await test.services.until(taskId, ({ task }) => task.state === 'REVIEW');
    const rest = new Follower(streamOf(taskId, after), test.token);
    await rest.until(() => rest.frames.some(({ type }) => type === 'live'));
    for (const { entry } of rest.frames) if (entry) last.set(entry.seq, entry.text);
    expect([...last.values()].sort()).toEqual((await transcriptOf(taskId)).sort());
    await rest.close();
  });

  it('begins anew for a number that was never given, and ends with the card', async () => {
    const taskId = await test.services.card(['message One']);
    await test.services.kandev.execute('task.start', { taskId });
    await test.services.until(taskId, ({ task }) => task.state === 'REVIEW');
    const follower = new Follower(streamOf(taskId, 999_999), test.token);
    await follower.until(() => follower.frames.some(({ type }) => type === 'live'));
    expect(follower.frames[0]?.type).toBe('reset');
    expect(follower.texts).toContain('One');
    const closed = once(follower.socket, 'close') as Promise<[number]>;
    await test.services.kandev.execute('task.delete', { taskId });
    expect((await closed)[0]).toBe(4404);
  });

  it('lets nobody in without a token, its scope, or from a web page', async () => {
    const taskId = await test.services.card(['message One']);
    const statusOf = async (token: string, headers = {}): Promise<number> => {
      const socket = new WebSocket(`${test.url.replace('http', 'ws')}${streamOf(taskId)}`, {
        headers: { authorization: `Bearer ${token}`, ...headers },
      });
      const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
      socket.on('error', () => undefined);
      socket.terminate();
      return response.statusCode;
    };
    expect(await statusOf('none')).toBe(401);
    expect(await statusOf(await test.tokenFor('write'))).toBe(403);
    expect(await statusOf(test.token, { origin: 'http://localhost:3000' })).toBe(403);
    const page = new Follower(streamOf(taskId), '', ['kandev.v1', `bearer.${test.token}`]);
    await once(page.socket, 'open');
    expect(page.socket.protocol).toBe('kandev.v1');
    await page.close();
  });
});

describe('a stream that cannot be read', () => {
  it('is closed, and what went wrong is told of', async () => {
    const boardId = await firstBoardId();
    const follower = new Follower(`/api/v1/boards/${boardId}/stream`, test.token);
    await follower.until(() => follower.frames.some(({ type }) => type === 'live'));
    const closed = once(follower.socket, 'close') as Promise<[number]>;
    const query = vi.spyOn(LocalKandev.prototype, 'query').mockRejectedValue(new Error('Out of order'));
    test.services.publish('board.updated', { boardId });
    expect((await closed)[0]).toBe(1011);
    query.mockRestore();
    expect(test.problems.splice(0).join()).toContain('Out of order');
  });
});

describe('the stream of the board', () => {
  it('tells of every card that changes, from a number on', async () => {
    const boardId = await firstBoardId();
    const path = (after: number): string => `/api/v1/boards/${boardId}/stream?after=${after}`;
    const first = new Follower(path(0), test.token);
    await first.until(() => first.frames.some(({ type }) => type === 'live'));
    const { id } = await test.services.kandev.execute('task.create', { title: 'New' });
    await first.until(() => first.frames.some(({ task }) => task?.id === id));
    await first.close();
    await test.services.kandev.execute('task.update', { taskId: id, title: 'Newer' });
    const other = await test.services.kandev.execute('task.create', { title: 'Gone' });
    await test.services.kandev.execute('task.delete', { taskId: other.id });
    const second = new Follower(path(first.seq), test.token);
    await second.until(() => second.frames.some(({ type }) => type === 'live'));
    const told = second.frames.flatMap(({ task, taskId, type }) =>
      type === 'deleted' ? [taskId] : task ? [task.title] : [],
    );
    expect(told).toEqual(['Newer', other.id]);
    await second.close();
  });

  it('tells nothing of another board, and of a card that goes there that it is gone', async () => {
    const boardId = await firstBoardId();
    const { kandev } = test.services;
    const other = await kandev.execute('board.create', { name: 'Elsewhere' });
    const here = await kandev.execute('task.create', { title: 'Here' });
    await kandev.execute('task.create', { title: 'There', boardId: other.id });
    const follower = new Follower(`/api/v1/boards/${boardId}/stream`, test.token);
    await follower.until(() => follower.frames.some(({ type }) => type === 'live'));
    const told = follower.frames.flatMap(({ task }) => task?.title ?? []);
    expect(told).toContain('Here');
    expect(told).not.toContain('There');
    const seen = Math.max(...follower.frames.map(({ seq }) => seq ?? 0));
    await kandev.execute('task.setBoard', { taskId: here.id, boardId: other.id });
    await follower.until(() => follower.frames.some(({ taskId }) => taskId === here.id));
    // Also for a program that was not there meanwhile.
    const late = new Follower(`/api/v1/boards/${boardId}/stream?after=${seen}`, test.token);
    await late.until(() => late.frames.some(({ type }) => type === 'live'));
    expect(late.frames).toContainEqual(expect.objectContaining({ type: 'deleted', taskId: here.id }));
    const elsewhere = new Follower(`/api/v1/boards/${other.id}/stream`, test.token);
    await elsewhere.until(() => elsewhere.frames.some(({ type }) => type === 'live'));
    expect(elsewhere.frames.flatMap(({ task }) => task?.title ?? [])).toEqual(['There', 'Here']);
    for (const { socket } of [follower, late, elsewhere]) socket.close();
  });

  it('says goodbye when the gateway is stopped', async () => {
    const boardId = await firstBoardId();
    const follower = new Follower(`/api/v1/boards/${boardId}/stream`, test.token);
    await once(follower.socket, 'open');
    const closed = once(follower.socket, 'close') as Promise<[number]>;
    await test.gateway.stop();
    expect((await closed)[0]).toBe(1001);
  });
});
