import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CardView } from '../../../src/model/cardView.ts';
import type { TaskState } from '../../../src/model/task.ts';
import { startServices, type TestServices } from '../../harness/services.ts';

let services: TestServices;

beforeEach(async () => {
  services = await startServices();
});

afterEach(async () => {
  await services.close();
});

const asks = ({ permissions }: CardView): boolean => permissions.length > 0;
const inState =
  (state: TaskState) =>
  ({ task }: CardView): boolean =>
    task.state === state;

async function start(taskId: string): Promise<void> {
  await services.kandev.execute('task.start', { taskId });
}

/** A card whose agent works in the folder until its question is answered. */
async function writer(): Promise<string> {
  const taskId = await services.card(['permission "Go on"']);
  await services.kandev.execute('task.update', { taskId, title: 'Fix login' });
  await start(taskId);
  await services.until(taskId, asks);
  return taskId;
}

/** The titles of the queued cards, in the order of their places. */
async function queue(): Promise<string[]> {
  const { cards } = await services.kandev.query('boards', {});
  return cards
    .filter((card) => card.queue !== null)
    .sort((a, b) => (a.queue?.place ?? 0) - (b.queue?.place ?? 0))
    .map(({ task }) => task.title);
}

async function queued(...titles: readonly string[]): Promise<string[]> {
  const taskIds: string[] = [];
  for (const title of titles) {
    const taskId = await services.card([`message ${title}`]);
    await services.kandev.execute('task.update', { taskId, title });
    await start(taskId);
    await services.until(taskId, (card) => card.queue !== null);
    taskIds.push(taskId);
  }
  return taskIds;
}

describe('a card that waits', () => {
  it('has its place and the reason, and starts when the reason is gone', async () => {
    const first = await writer();
    const [second = '', third = ''] = await queued('Second', 'Third');
    const why = 'Waits for “Fix login”, which works in the folder';
    expect((await services.until(second, asQueued)).queue).toEqual({
      place: 1,
      why,
      until: null,
      needs: null,
    });
    expect((await services.until(third, asQueued)).queue).toEqual({
      place: 2,
      why,
      until: null,
      needs: null,
    });
    await services.kandev.execute('task.stop', { taskId: first });
    await services.until(second, inState('REVIEW'));
    await services.until(third, inState('REVIEW'));
  });

  it('keeps its place when it is edited, and moves up with its priority', async () => {
    await writer();
    const [, second = ''] = await queued('First', 'Second');
    await services.kandev.execute('task.update', { taskId: second, title: 'Second, edited' });
    expect(await queue()).toEqual(['First', 'Second, edited']);
    await services.kandev.execute('task.update', { taskId: second, priority: 'high' });
    await services.until(second, ({ queue: at }) => at?.place === 1);
    expect(await queue()).toEqual(['Second, edited', 'First']);
  });

  it('can be moved up, down and to the top, and stands there after a restart', async () => {
    await writer();
    const [a = '', , c = ''] = await queued('A', 'B', 'C');
    await services.kandev.execute('queue.move', { taskId: c, to: 'top' });
    await services.until(c, ({ queue: at }) => at?.place === 1);
    await services.kandev.execute('queue.move', { taskId: a, to: 'down' });
    await services.until(a, ({ queue: at }) => at?.place === 3);
    expect(await queue()).toEqual(['C', 'B', 'A']);
    await services.kandev.execute('queue.move', { taskId: a, to: 'up' });
    await services.kandev.execute('queue.pause', {});
    await services.reopen();
    await services.until(a, ({ queue: at }) => at?.place === 2);
    expect(await queue()).toEqual(['C', 'A', 'B']);
  });

  it('cannot be moved in the queue when it is not queued', async () => {
    const taskId = await services.card(['message Mine']);
    await expect(services.kandev.execute('queue.move', { taskId, to: 'top' })).rejects.toMatchObject({
      failure: { reason: 'refused', message: 'This card is not in the queue.' },
    });
  });
});

describe('a paused queue', () => {
  it('starts nothing, says so on every card, is still paused after a restart, and goes on when it is resumed', async () => {
    await services.kandev.execute('queue.pause', {});
    const [taskId = ''] = await queued('Later');
    expect((await services.until(taskId, asQueued)).queue?.why).toBe('The queue is paused');
    expect((await services.kandev.query('boards', {})).queuePause).toMatchObject({ by: 'ann' });
    await services.reopen();
    await services.until(taskId, asQueued);
    expect(services.agents.running.size).toBe(0);
    await services.kandev.execute('queue.resume', {});
    expect((await services.kandev.query('boards', {})).queuePause).toBeNull();
    await services.until(taskId, inState('REVIEW'));
  });

  it('lets a card start that a person starts now', async () => {
    await services.kandev.execute('queue.pause', {});
    const [other = '', taskId = ''] = await queued('Other', 'Now');
    await services.kandev.execute('task.startNow', { taskId });
    await services.until(taskId, inState('REVIEW'));
    expect((await services.until(other, asQueued)).queue).toMatchObject({ place: 1 });
  });
});

describe('starting now', () => {
  it('waits for whoever works in the folder, says so, and goes first then', async () => {
    const first = await writer();
    const [, second = ''] = await queued('Before', 'Now');
    await expect(services.kandev.execute('task.startNow', { taskId: second })).rejects.toMatchObject({
      failure: {
        reason: 'refused',
        message:
          '“Now” is the first in the queue, but cannot start yet: it waits for “Fix login”, which works in the folder.',
      },
    });
    expect(await queue()).toEqual(['Now', 'Before']);
    await services.kandev.execute('task.stop', { taskId: first });
    await services.until(second, inState('REVIEW'));
  });
});

describe('a message', () => {
  it('is refused while another agent works in the folder, and taken afterwards', async () => {
    const done = await services.card(['message Done']);
    await start(done);
    await services.until(done, inState('REVIEW'));
    const other = await writer();
    const send = () => services.kandev.execute('task.prompt', { taskId: done, text: '/help' });
    await expect(send()).rejects.toMatchObject({
      failure: { reason: 'run-active', action: { kind: 'stop', taskId: other } },
    });
    await services.kandev.execute('task.stop', { taskId: other });
    await send();
    await services.until(done, ({ task, run }) => task.state === 'REVIEW' && run?.turns === 2);
  });
});

describe('memory', () => {
  it('that no engine has is refused in words, and the card is not queued', async () => {
    services.agents.engine = withMemory(256);
    const taskId = await services.card(['message Never']);
    await expect(start(taskId)).rejects.toMatchObject({
      failure: {
        reason: 'too-little-memory',
        message: expect.stringContaining('is to have 512 MB of memory, and Docker has 256 MB') as string,
        action: { kind: 'editResources', taskId },
      },
    });
    const { cards } = await services.kandev.query('cards', { taskIds: [taskId] });
    expect(cards[0]).toMatchObject({ task: { state: 'BACKLOG' }, queue: null });
  });

  it('of a container that only waits for a message is given to the next card', async () => {
    services.agents.engine = withMemory(600);
    const done = await services.card(['message Done']);
    await start(done);
    await services.until(done, ({ run }) => run?.state === 'READY');
    const next = await services.card(['message Next']);
    await start(next);
    await services.until(next, inState('REVIEW'));
    expect((await services.until(done, ({ run }) => run?.state === 'COMPLETED')).task.state).toBe('REVIEW');
  });

  it('is needed by a message as well, as much as its card says: it is refused in words, and nothing is started', async () => {
    const done = await services.card(['message Done']);
    await start(done);
    await services.until(done, ({ run }) => run?.state === 'READY');
    await services.kandev.execute('task.setResources', { taskId: done, resources: { memoryMb: 550 } });
    services.agents.engine = withMemory(600);
    const other = await services.card(['permission "Go on"']);
    await services.kandev.execute('task.update', { taskId: other, workspaceMode: 'copy' });
    await start(other);
    await services.until(other, asks);
    // Its container had to go for the other one.
    await services.until(done, ({ run }) => run?.state === 'COMPLETED');
    const text = '```kandev-script\nmessage Again\n```';
    await expect(services.kandev.execute('task.prompt', { taskId: done, text })).rejects.toMatchObject({
      failure: {
        message: expect.stringContaining('it needs 550 MB, and 88 MB of 600 MB are free') as string,
        action: { kind: 'editResources', taskId: done },
      },
    });
    expect((await services.until(done, inState('REVIEW'))).run?.state).toBe('COMPLETED');
    await services.kandev.execute('task.stop', { taskId: other });
    await services.kandev.execute('task.prompt', { taskId: done, text });
    await services.until(done, ({ task, run }) => task.state === 'REVIEW' && run?.state === 'READY');
  });
});

function asQueued(card: CardView): boolean {
  return card.queue !== null;
}

function withMemory(memoryMb: number): TestServices['agents']['engine'] {
  return {
    endpoint: 'none',
    chosenBy: 'test',
    failure: null,
    engine: { name: 'Processes', version: '1', cpus: 8, memoryMb, rootless: false },
  };
}
