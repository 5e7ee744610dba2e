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

const inState =
  (state: TaskState) =>
  ({ task }: CardView): boolean =>
    task.state === state;

async function card(title: string): Promise<string> {
  const taskId = await services.card([`message ${title}`]);
  await services.kandev.execute('task.update', { taskId, title });
  return taskId;
}

async function depends(taskId: string, ...dependsOn: string[]): Promise<void> {
  await services.kandev.execute('task.setDependencies', { taskId, dependsOn });
}

const start = (taskId: string) => services.kandev.execute('task.start', { taskId });
const move = (taskId: string, to: TaskState) => services.kandev.execute('task.move', { taskId, to });

async function historyOf(taskId: string): Promise<(string | null)[]> {
  return (await services.kandev.query('task.history', { taskId })).map(({ why }) => why);
}

describe('a card that depends on others', () => {
  it('is blocked when it is started, and runs by itself when they are done', async () => {
    const first = await card('First');
    const second = await card('Second');
    await depends(second, first);
    await start(second);
    const blocked = await services.until(second, inState('BLOCKED'));
    expect(blocked.dependencies).toEqual([{ taskId: first, title: 'First', state: 'BACKLOG' }]);
    expect(blocked.queue).toBeNull();
    expect(await historyOf(second)).toContain('Waits for “First” (Backlog)');
    await move(first, 'COMPLETED');
    await services.until(second, inState('REVIEW'));
  });

  it('says that one of them has failed or was cancelled, and starts when it is done after all', async () => {
    const first = await card('First');
    const second = await card('Second');
    await depends(second, first);
    await move(first, 'CANCELLED');
    await start(second);
    await services.until(second, inState('BLOCKED'));
    expect(await historyOf(second)).toContain('Waits for “First”, which was cancelled');
    await expect(start(second)).rejects.toMatchObject({
      failure: {
        message:
          '“Second” is blocked: it waits for “First”, which was cancelled. It starts by itself when that is done.',
        action: { kind: 'chooseDependencies', taskId: second },
      },
    });
    await move(first, 'BACKLOG');
    await move(first, 'COMPLETED');
    await services.until(second, inState('REVIEW'));
  });

  it('goes on when it depends on nothing any more, or what it waited for is deleted', async () => {
    const first = await card('First');
    const second = await card('Second');
    const third = await card('Third');
    await depends(second, first);
    await depends(third, first);
    await start(second);
    await start(third);
    await services.until(second, inState('BLOCKED'));
    await depends(second);
    await services.until(second, inState('REVIEW'));
    await services.until(third, inState('BLOCKED'));
    await services.kandev.execute('task.delete', { taskId: first });
    await services.until(third, inState('REVIEW'));
  });

  it('cannot wait for itself, and a circle is refused with the way around', async () => {
    const [a, b, c] = [await card('A'), await card('B'), await card('C')];
    await depends(a, b);
    await depends(b, c);
    await expect(depends(c, a)).rejects.toMatchObject({
      failure: {
        reason: 'refused',
        message: 'Cards would wait for each other for ever: “C” → “A” → “B” → “C”.',
      },
    });
    await expect(depends(a, a)).rejects.toThrow('A card cannot wait for itself.');
    const { cards } = await services.kandev.query('cards', { taskIds: [a, c] });
    expect(cards.map(({ dependencies }) => dependencies.map(({ title }) => title))).toEqual([['B'], []]);
  });

  it('is known to a board file', async () => {
    const first = await card('First');
    const second = await card('Second');
    await depends(second, first);
    const file = await services.kandev.query('board.file', {});
    expect(file.tasks.find(({ id }) => id === second)?.dependsOn).toEqual([first]);
    expect((await services.kandev.query('board.importPreview', { file })).unchanged).toBe(2);
    await depends(second);
    await services.kandev.execute('board.import', { file });
    expect((await services.until(second, () => true)).dependencies).toMatchObject([{ taskId: first }]);
    const other = await startServices();
    try {
      await other.kandev.execute('board.import', { file });
      expect((await other.until(second, () => true)).dependencies).toMatchObject([{ taskId: first }]);
    } finally {
      await other.close();
    }
  });
});
