import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  LiveBoardState,
  otherBoardName,
  showBoardOf,
  shownBoard,
  shownCards,
  waitingElsewhere,
} from '../../../src/providers/boardState.ts';
import { startServices, type TestServices } from '../../harness/services.ts';

let services: TestServices;
const opened: LiveBoardState[] = [];

/** A window of the folder, with what it has kept. */
async function openWindow(stored = new Map<string, unknown>()): Promise<LiveBoardState> {
  const state = new LiveBoardState(services.kandev, {
    get: (key) => stored.get(key),
    update: (key, value) => {
      stored.set(key, value);
      return Promise.resolve();
    },
  });
  opened.push(state);
  await state.reload();
  return state;
}

const titles = (state: LiveBoardState) => shownCards(state).map(({ task }) => task.title);
const name = (state: LiveBoardState) => shownBoard(state)?.name;

beforeEach(async () => {
  services = await startServices();
});

afterEach(async () => {
  for (const state of opened.splice(0)) state.dispose();
  await services.close();
});

describe('which board a window shows', () => {
  it('is its own, and is remembered', async () => {
    const { id: boardId } = await services.kandev.execute('board.create', { name: 'Other' });
    const card = await services.kandev.execute('task.create', { title: 'There', boardId });
    await services.kandev.execute('task.create', { title: 'Here' });
    const stored = new Map<string, unknown>();
    const [first, second] = [await openWindow(stored), await openWindow()];
    expect(titles(first)).toEqual(['Here']);
    showBoardOf(first, card.id);
    expect([name(first), titles(first)]).toEqual(['Other', ['There']]);
    expect([name(second), titles(second)]).toEqual(['Board', ['Here']]);
    expect(otherBoardName(second, boardId)).toBe('Other');
    expect(otherBoardName(first, boardId)).toBe('');
    expect(name(await openWindow(stored))).toBe('Other');
  });

  it('is one that is just being made, as soon as it is there', async () => {
    const state = await openWindow();
    const { id } = await services.kandev.execute('board.create', { name: 'New' });
    state.show(id);
    await expect.poll(() => name(state)).toBe('New');
  });

  it('is the next one when it is deleted, and itself again when it comes back', async () => {
    for (const each of ['A', 'B']) await services.kandev.execute('board.create', { name: each });
    const state = await openWindow();
    const boards = state.current.status === 'ready' ? state.current.view.boards : [];
    const boardId = boards.find((board) => board.name === 'A')?.id ?? '';
    state.show(boardId);
    await services.kandev.execute('board.delete', { boardId });
    await expect.poll(() => name(state)).toBe('B');
    await services.kandev.execute('board.restore', { boardId });
    await expect.poll(() => name(state)).toBe('A');
  });

  it('does not hide what waits for the user on the others', async () => {
    const { id: boardId } = await services.kandev.execute('board.create', { name: 'Other' });
    const description = '```kandev-script\npermission "Go on"\n```';
    const input = { title: 'Asks', description, agentTypeId: 'demo', boardId };
    const { id: taskId } = await services.kandev.execute('task.create', input);
    const state = await openWindow();
    await services.kandev.execute('task.start', { taskId });
    await services.until(taskId, ({ permissions }) => permissions.length > 0);
    await expect.poll(() => waitingElsewhere(state), { timeout: 10_000 }).toBe(1);
    state.show(boardId);
    expect(waitingElsewhere(state)).toBe(0);
  });
});
