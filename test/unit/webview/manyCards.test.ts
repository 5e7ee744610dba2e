import { beforeEach, describe, expect, it, vi } from 'vitest';
import { noFilter } from '../../../src/model/cardFilter.ts';
import { runKeyCommand } from '../../../src/webview/app/boardKeys.ts';
import type { KeyCommand } from '../../../src/webview/app/keyboard.ts';
import { aCard } from './cards.ts';
import { Page } from './page.ts';

let page: Page;

beforeEach(() => {
  page = new Page();
});

describe('several cards', () => {
  const select = (...taskIds: string[]) => {
    for (const taskId of taskIds) page.controller.selection.toggle(taskId);
  };
  const press = (command: KeyCommand, taskId: string) =>
    runKeyCommand(command, taskId, page.controller, {
      focusCard: (id) => {
        page.controller.setFocused(id);
      },
      focusFilter: () => undefined,
    });

  beforeEach(() => {
    page.open([
      aCard('a', { position: 1, title: 'Zebra' }),
      aCard('b', { position: 2 }),
      aCard('c', { position: 3 }),
      aCard('d', { position: 4, agentTypeId: null }),
      aCard('t', { state: 'TODO' }),
    ]);
  });

  it('go together where one of them is moved, and keep their order', () => {
    select('c', 'a');
    press({ kind: 'move', direction: 'right' }, 'a');
    expect(page.sent.at(-1)).toMatchObject({
      moves: [
        { taskId: 'a', to: 'TODO', beforeTaskId: null },
        { taskId: 'c', to: 'TODO', beforeTaskId: null },
      ],
    });
  });

  it('leave alone a command on a card that is not one of them', () => {
    select('a', 'b');
    press({ kind: 'delete' }, 'c');
    expect(page.sent.at(-1)).toMatchObject({ type: 'deleteCards', taskIds: ['c'] });
  });

  it('go together to another board, which VS Code asks for', () => {
    select('a', 'c');
    page.controller.commands.moveToBoard([...page.state.selected]);
    expect(page.sent.at(-1)).toEqual({ type: 'moveToBoard', taskIds: ['a', 'c'] });
    press({ kind: 'switchBoard' }, 'a');
    expect(page.sent.at(-1)).toEqual({ type: 'choose', what: 'board' });
  });

  it('are selected from where a range began', () => {
    press({ kind: 'focus', direction: 'down' }, 'a');
    press({ kind: 'extend', direction: 'down' }, 'b');
    press({ kind: 'extend', direction: 'down' }, 'c');
    expect([...page.state.selected]).toEqual(['b', 'c', 'd']);
    expect(page.state.announcement.text).toBe('3 cards selected');
    press({ kind: 'escape' }, 'd');
    expect(page.state.selected.size).toBe(0);
  });

  it('are not selected any more once the filter hides them', () => {
    press({ kind: 'selectAll' }, 'a');
    expect(page.state.selected.size).toBe(5);
    page.controller.filter.setText('zebra');
    expect([...page.state.selected]).toEqual(['a']);
    page.controller.filter.setText('nothing like it');
    expect(page.state.selected.size).toBe(0);
  });

  it('are started one after the other, as far as they can be, and one refusal says how many', async () => {
    press({ kind: 'selectAll' }, 'a');
    press({ kind: 'start' }, 'a');
    expect([...page.state.pending.keys()]).toEqual(['a', 'b', 'c', 't']);
    await page.answer({ taskId: 'a' });
    await page.answer({ failure: { reason: 'no-folder', message: 'No folder.' } });
    await page.answer({ failure: { reason: 'no-folder', message: 'No folder.' } });
    await page.answer({ taskId: 't' });
    expect(page.state.notice?.failure.message).toBe('2 of 4 cards: No folder.');
    expect(page.state.pending.size).toBe(0);
  });

  it('are still selected when the page is loaded anew', () => {
    select('a', 'c');
    const again = new Page(page.saved);
    again.open([aCard('a'), aCard('b')]);
    expect([...again.state.selected]).toEqual(['a']);
  });
});

describe('the filter', () => {
  it('is told to the extension, which shows the same cards elsewhere', () => {
    page.open([aCard('a', { labels: ['docs'] }), aCard('b')]);
    page.controller.filter.toggle({ kind: 'label', value: 'docs' });
    expect(page.state.layout).toMatchObject({ shown: 1, total: 2 });
    expect(page.sent.at(-1)).toEqual({ type: 'setFilter', filter: { ...noFilter, labels: ['docs'] } });
    page.controller.filter.toggle({ kind: 'label', value: 'docs' });
    expect(page.state.filter).toEqual(noFilter);
  });

  it('follows what was chosen elsewhere', () => {
    page.open([aCard('a'), aCard('b', { state: 'REVIEW' })]);
    page.controller.receive({ type: 'filter', filter: { ...noFilter, states: ['REVIEW'] } });
    expect(page.state.layout).toMatchObject({ shown: 1, total: 2 });
    expect(page.sent).toEqual([]);
  });
});

describe('new cards in a column', () => {
  beforeEach(() => {
    page.open([aCard('a')]);
  });

  it('are made from a line each, with the usual agent, and typing goes on', async () => {
    page.controller.quickCreate.open('BACKLOG');
    page.controller.quickCreate.change('First\n- Second\n');
    void page.controller.quickCreate.save();
    expect(page.sent.at(-1)).toMatchObject({
      type: 'createCards',
      cards: [
        { title: 'First', state: 'BACKLOG', agentTypeId: 'demo' },
        { title: 'Second', state: 'BACKLOG', agentTypeId: 'demo' },
      ],
    });
    await page.answer({ taskId: 'first' });
    expect(page.state.quick).toEqual({ state: 'BACKLOG', text: '', error: null, saving: false });
  });

  it('keep what was typed when they cannot be made, when it is closed, and over a reload', async () => {
    page.controller.quickCreate.open('TODO');
    page.controller.quickCreate.change('Half a thought');
    void page.controller.quickCreate.save();
    await page.answer({ failure: { reason: 'storage', message: 'The disk is full.' } });
    expect(page.state.quick).toMatchObject({ text: 'Half a thought', error: 'The disk is full.' });
    const reloaded = new Page(page.saved);
    reloaded.open([aCard('a')]);
    expect(reloaded.state.quick).toMatchObject({ state: 'TODO', text: 'Half a thought' });
    page.controller.quickCreate.close();
    expect(page.state.quick).toBeNull();
    page.controller.quickCreate.open('BACKLOG');
    expect(page.state.quick).toMatchObject({ state: 'BACKLOG', text: 'Half a thought' });
  });

  it('need a title', async () => {
    page.controller.quickCreate.open('BACKLOG');
    page.controller.quickCreate.change(' \n ');
    page.sent.length = 0;
    await page.controller.quickCreate.save();
    expect(page.sent).toEqual([]);
    expect(page.state.quick?.error).toBe('A card needs a title.');
  });
});

describe('taking back', () => {
  it('is offered for a while, and works after that', async () => {
    vi.useFakeTimers();
    page.open([aCard('a')]);
    page.controller.receive({ type: 'undoable', text: '“Card a” was moved to Done.' });
    expect(page.state.undoable).toBe('“Card a” was moved to Done.');
    vi.advanceTimersByTime(10_000);
    expect(page.state.undoable).toBeNull();
    vi.useRealTimers();
    void page.controller.commands.undo();
    expect(page.sent.at(-1)).toMatchObject({ type: 'undo' });
    await page.answer({ failure: { reason: 'refused', message: 'Something else has happened since.' } });
    expect(page.state.notice?.failure.message).toBe('Something else has happened since.');
  });
});

describe('peeking', () => {
  it('ends when the card goes away', () => {
    page.open([aCard('a')]);
    page.controller.store.update({ peekedTaskId: 'a' });
    page.update([aCard('a', { title: 'New' })]);
    expect(page.state.peekedTaskId).toBe('a');
    page.update([], ['a']);
    expect(page.state.peekedTaskId).toBeNull();
  });
});
