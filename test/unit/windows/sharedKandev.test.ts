import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KandevEvent } from '../../../src/model/events.ts';
import { SharedKandev } from '../../../src/windows/sharedKandev.ts';
import { startServices, type TestServices } from '../../harness/services.ts';

let services: TestServices;
let windows: SharedKandev[];
let opened: number;
/** How long the board takes to be closed. */
let closeMs: number;

beforeEach(async () => {
  services = await startServices();
  windows = [];
  opened = 0;
  closeMs = 0;
});

afterEach(async () => {
  for (const window of windows) await window.close();
  await services.close();
});

/** Another window of the folder; the first one leads and opens the board. */
async function openWindow(): Promise<{ kandev: SharedKandev; events: KandevEvent[]; role: () => string }> {
  const roles: string[] = [];
  const kandev = new SharedKandev({
    folder: join(services.folder, '.leader'),
    open: () => {
      opened++;
      // The board itself stays open: what is tested here is who leads, and how the others reach it.
      return Promise.resolve({ kandev: services.kandev, close: () => delay(closeMs) });
    },
    onChange: (role) => roles.push(role),
    onProblem: (text) => {
      throw new Error(text);
    },
  });
  windows.push(kandev);
  const events: KandevEvent[] = [];
  kandev.subscribe('>', (event) => events.push(event));
  await kandev.ready();
  return { kandev, events, role: () => roles.join(' ') };
}

const titles = async (kandev: SharedKandev) =>
  (await kandev.query('boards', {})).cards.map(({ task }) => task.title);

describe('several windows on one folder', () => {
  it('let each give up the check of an agent that it has asked for', async () => {
    await openWindow();
    const second = await openWindow();
    const checkId = 'asked by the second';
    const check = second.kandev.execute('agent.check', { agentTypeId: 'silent', checkId });
    const refused = expect(check).rejects.toMatchObject({
      failure: { message: expect.stringContaining('cancelled') as string },
    });
    await second.kandev.execute('agent.cancelCheck', { checkId });
    await refused;
    await expect.poll(() => services.agents.running.size).toBe(0);
  });

  it('show one board: what is done in one is seen in the other, and told as it happens', async () => {
    const first = await openWindow();
    const second = await openWindow();
    expect([first.role(), second.role(), opened]).toEqual(['leader', 'follower', 1]);
    await second.kandev.execute('task.create', { title: 'From the second' });
    await first.kandev.execute('task.create', { title: 'From the first' });
    expect(await titles(first.kandev)).toEqual(['From the second', 'From the first']);
    expect(await titles(second.kandev)).toEqual(['From the second', 'From the first']);
    for (const { events } of [first, second]) {
      expect(events.filter(({ type }) => type === 'task.created')).toHaveLength(2);
    }
  });

  it('hand a refusal over with its reason and its action', async () => {
    await openWindow();
    const second = await openWindow();
    const { id } = await second.kandev.execute('task.create', { title: 'No agent' });
    await expect(second.kandev.execute('task.start', { taskId: id })).rejects.toMatchObject({
      failure: { reason: 'invalid-input', action: { kind: 'editTask', taskId: id } },
    });
  });

  it('answer a permission request once, in whichever window', async () => {
    const first = await openWindow();
    const second = await openWindow();
    const taskId = await services.card(['permission "Go on"', 'message Went on']);
    await second.kandev.execute('task.start', { taskId });
    const { permissions } = await services.until(taskId, (card) => card.permissions.length > 0);
    const answer = {
      requestId: permissions[0]?.id ?? '',
      optionId: permissions[0]?.options[0]?.optionId ?? '',
    };
    const results = await Promise.allSettled(
      [first, second].map(({ kandev }) => kandev.execute('permission.answer', answer)),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await services.until(taskId, ({ task }) => task.state === 'REVIEW');
  });

  it('go on when the leader goes: another one leads, and nothing is asked of the user', async () => {
    const first = await openWindow();
    const second = await openWindow();
    const third = await openWindow();
    await first.kandev.close();
    await third.kandev.execute('task.create', { title: 'Afterwards' });
    await second.kandev.execute('task.create', { title: 'And more' });
    expect(await titles(second.kandev)).toEqual(['Afterwards', 'And more']);
    expect([second.role(), third.role()].sort()).toEqual(['follower follower', 'follower leader']);
    expect(opened).toBe(2);
  });

  it('go on also when the leader takes its time, and the others knock at its door meanwhile', async () => {
    const first = await openWindow();
    const second = await openWindow();
    closeMs = 300;
    await first.kandev.close();
    closeMs = 0;
    await second.kandev.execute('task.create', { title: 'Afterwards' });
    expect([first.role(), second.role(), opened]).toEqual(['leader', 'follower leader', 2]);
  });

  it('make one card of one request, even when it is sent twice', async () => {
    const { kandev } = await openWindow();
    const input = { id: 'chosen-by-the-window', title: 'Once' };
    await kandev.execute('task.create', input);
    await kandev.execute('task.create', input);
    expect(await titles(kandev)).toEqual(['Once']);
  });

  it('let nobody in without the secret', async () => {
    await openWindow();
    const holder = JSON.parse(await readFile(join(services.folder, '.leader', 'epoch.1'), 'utf8')) as {
      socket: string;
    };
    const say = (message: object): string => {
      const body = JSON.stringify({ jsonrpc: '2.0', ...message });
      return `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    };
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(holder.socket);
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('close', () => {
        resolve(text);
      });
      socket.write(say({ id: 1, method: 'query', params: { name: 'board', input: {} } }));
      socket.write(say({ id: 2, method: 'hello', params: { secret: 'guessed' } }));
    });
    expect(answer).not.toContain('"board"');
  });
});
