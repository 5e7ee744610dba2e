import { readFileSync } from 'node:fs';
import { toJsonSchema } from '@valibot/to-json-schema';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { boardFileSchema, readBoardFile, type BoardFile } from '../../../src/api/boardFile.ts';
import { startServices, type TestServices } from '../../harness/services.ts';

let services: TestServices;

beforeEach(async () => {
  services = await startServices();
});

afterEach(async () => {
  await services.close();
});

const create = (title: string, state: 'BACKLOG' | 'TODO' = 'BACKLOG') =>
  services.kandev.execute('task.create', { title, state, description: '*text*', labels: ['a'] });
const file = () => services.kandev.query('board.file', {});
const titles = async () => (await services.kandev.query('boards', {})).cards.map(({ task }) => task.title);

describe('a board as a file', () => {
  it('brings deleted cards back as they were, with their ids and their history', async () => {
    const card = await create('First');
    await services.kandev.execute('task.move', { taskId: card.id, to: 'TODO', why: 'It is time' });
    await create('Second');
    const exported = JSON.parse(JSON.stringify(await file())) as BoardFile;
    const other = await startServices();
    try {
      expect(await other.kandev.query('board.importPreview', { file: exported })).toEqual({
        boardId: null,
        added: ['Second', 'First'],
        changed: [],
        unchanged: 0,
      });
      await other.kandev.execute('board.import', { file: exported });
      const [stored] = (await other.kandev.query('cards', { taskIds: [card.id] })).cards;
      expect(stored?.task).toMatchObject({
        title: 'First',
        description: '*text*',
        state: 'TODO',
        labels: ['a'],
      });
      const history = await other.kandev.query('task.history', { taskId: card.id });
      expect(history.map(({ to, why }) => [to, why])).toEqual([
        ['BACKLOG', null],
        ['TODO', 'It is time'],
        ['TODO', 'Imported'],
      ]);
    } finally {
      await other.close();
    }
  });

  it('becomes a board of its own where that is asked for, called and laid out as it was', async () => {
    await create('First');
    await services.kandev.execute('board.setColumn', { columnId: 'todo', title: 'Next' });
    const exported = await file();
    const other = await startServices();
    try {
      const here = await other.kandev.execute('task.create', { title: 'Here' });
      const { boardId, added } = await other.kandev.execute('board.import', {
        file: exported,
        asNewBoard: true,
      });
      expect(added).toBe(1);
      const { boards, cards } = await other.kandev.query('boards', {});
      expect(boards.map(({ name, columns }) => [name, columns[1]?.title])).toEqual([
        ['Board', 'To Do'],
        ['Board 2', 'Next'],
      ]);
      const places = new Map(cards.map(({ task }) => [task.title, task.boardId]));
      expect(places).toEqual(
        new Map([
          ['Here', here.boardId],
          ['First', boardId],
        ]),
      );
      // A card that is here already is changed where it stands.
      const again = await other.kandev.execute('board.import', { file: exported, boardId: here.boardId });
      expect(again).toMatchObject({ added: 0, changed: 0 });
    } finally {
      await other.close();
    }
  });

  it('says what an import changes before it does, and leaves the other cards alone', async () => {
    const card = await create('Old title');
    await create('Untouched');
    const exported = await file();
    await services.kandev.execute('task.update', { taskId: card.id, title: 'New title', priority: 'high' });
    await create('Made later');
    expect(await services.kandev.query('board.importPreview', { file: exported })).toEqual({
      boardId: exported.board.id,
      added: [],
      changed: [{ title: 'New title', fields: ['title', 'priority'] }],
      unchanged: 1,
    });
    await services.kandev.execute('board.import', { file: exported });
    expect(await titles()).toEqual(['Old title', 'Untouched', 'Made later']);
  });

  it('starts nothing: a card with an agent waits in To Do', async () => {
    const { id } = await services.kandev.execute('task.create', { title: 'Eager', agentTypeId: 'demo' });
    const exported = await file();
    await services.kandev.execute('task.delete', { taskId: id });
    const fresh = exported.tasks.map((task) => ({ ...task, id: 'fresh', state: 'TODO' }));
    await services.kandev.execute('board.import', { file: { ...exported, tasks: fresh } });
    const [card] = (await services.kandev.query('cards', { taskIds: ['fresh'] })).cards;
    expect(card).toMatchObject({
      run: null,
      queue: null,
      task: { heldBecause: expect.stringContaining('imported') as string },
    });
  });

  it('names the first place where a file is not a board, and changes nothing', async () => {
    await create('Kept');
    const exported = await file();
    const broken = { ...exported, tasks: exported.tasks.map((task) => ({ ...task, priority: 'soon' })) };
    await expect(services.kandev.execute('board.import', { file: broken })).rejects.toThrow(
      'tasks.0.priority',
    );
    await expect(services.kandev.execute('board.import', { file: 'nonsense' })).rejects.toThrow(
      'This file is not a Kandev board.',
    );
    const twice = { ...exported, tasks: [...exported.tasks, ...exported.tasks] };
    await expect(services.kandev.execute('board.import', { file: twice })).rejects.toThrow('tasks.1.id');
    expect(await titles()).toEqual(['Kept']);
  });

  it('refuses whatever is no board, in a sentence', () => {
    fc.assert(
      fc.property(fc.anything(), (input) => {
        expect(() => readBoardFile(input)).toThrow(/^This file is not a Kandev board\./);
      }),
    );
  });

  it('has its schema published', () => {
    const published: unknown = JSON.parse(
      readFileSync(new URL('../../../docs/board.schema.json', import.meta.url), 'utf8'),
    );
    expect(published).toEqual(toJsonSchema(boardFileSchema));
  });
});

describe('a deleted card', () => {
  it('is brought back where it was', async () => {
    await create('Above');
    const card = await create('Deleted');
    await create('Below');
    await services.kandev.execute('task.delete', { taskId: card.id });
    expect(await titles()).toEqual(['Above', 'Below']);
    const deleted = await services.kandev.query('deletedTasks', {});
    expect(deleted.map(({ task }) => task.title)).toEqual(['Deleted']);
    await services.kandev.execute('task.restore', { taskId: card.id });
    expect((await titles()).sort()).toEqual(['Above', 'Below', 'Deleted']);
    expect(await services.kandev.query('deletedTasks', {})).toEqual([]);
  });

  it('whose agent was at work waits in To Do when it comes back', async () => {
    const taskId = await services.card(['permission "Go on"']);
    await services.kandev.execute('task.start', { taskId });
    await services.until(taskId, ({ permissions }) => permissions.length > 0);
    await services.kandev.execute('task.delete', { taskId });
    await services.kandev.execute('task.restore', { taskId });
    const card = await services.until(taskId, ({ task }) => task.state === 'TODO');
    expect(card).toMatchObject({ queue: null, permissions: [], run: { state: 'STOPPED' } });
  });
});

describe('a backup', () => {
  it('makes the board what it was, and the board that was is a backup too', async () => {
    await create('Before');
    const daily = await vi.waitFor(async () => {
      const [backup] = await services.kandev.query('backups', {});
      if (!backup) throw new Error('There is no backup yet.');
      return backup;
    });
    expect(daily.kind).toBe('daily');
    const taskId = await services.card(['permission "Go on"']);
    await services.kandev.execute('task.start', { taskId });
    await services.until(taskId, ({ permissions }) => permissions.length > 0);
    await services.kandev.execute('database.restoreBackup', { backupId: daily.id });
    // It may have been made before the card was written.
    expect(await titles()).toHaveLength(daily.cards);
    expect(services.agents.running.size).toBe(0);
    const [newest] = await services.kandev.query('backups', {});
    expect(newest).toMatchObject({ kind: 'restore', cards: 2 });
    await services.kandev.execute('database.restoreBackup', { backupId: newest?.id ?? '' });
    expect(await titles()).toContain('permission "Go on"');
  });
});
