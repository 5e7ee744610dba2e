import { beforeEach, describe, expect, it } from 'vitest';
import { noFilter } from '../../../src/model/cardFilter.ts';
import { aCard, aRequest, aRun, board } from './cards.ts';
import { Page } from './page.ts';

let page: Page;

beforeEach(() => {
  page = new Page();
});

describe('following the board', () => {
  it('takes in changes and removals, and says what happened', () => {
    page.open([aCard('a', { position: 1 }), aCard('b', { position: 2 })]);
    page.update([aCard('a', { state: 'TODO' })], ['b']);
    expect([...(page.state.content?.cards.keys() ?? [])]).toEqual(['a']);
    expect(page.state.announcement.text).toBe(
      'Card b is no longer on the board. Card a is now in To Do, 1 of 1.',
    );
  });

  it('hands the focus on when the focused card is deleted', () => {
    page.open([aCard('a', { position: 1 }), aCard('b', { position: 2 })]);
    page.controller.setFocused('a');
    page.update([], ['a']);
    expect(page.state.focusedTaskId).toBe('b');
  });

  it('shows a card that it is asked to focus, whatever the filter', () => {
    page.open([aCard('a')]);
    page.controller.filter.setText('nothing like it');
    page.controller.receive({ type: 'focusCard', taskId: 'a' });
    expect(page.state.filter).toEqual(noFilter);
    expect(page.controller.revealed).toEqual({ taskId: 'a', focus: true });
    page.controller.receive({ type: 'showCard', taskId: 'a' });
    expect(page.controller.revealed).toEqual({ taskId: 'a', focus: false });
  });

  it('comes back as it was left', () => {
    page.open([aCard('a')]);
    page.controller.setFocused('a');
    const again = new Page(page.saved);
    again.open([aCard('a')]);
    expect(again.state).toMatchObject({ focusedTaskId: 'a' });
  });

  it('ignores a saved view of another form', () => {
    const odd = new Page({ boards: { board: { focusedTaskId: 5, scroll: ['x'] } } });
    odd.open([aCard('a')]);
    expect(odd.state).toMatchObject({ focusedTaskId: null });
  });

  it('keeps for each board how it was left, and what was typed there', () => {
    const other = { ...board, id: 'other', name: 'Other' };
    page.open([aCard('a')]);
    page.controller.setFocused('a');
    page.controller.selection.toggle('a');
    page.controller.form.create('BACKLOG');
    page.controller.form.change({ title: 'Half a card' });
    page.open([aCard('b', { boardId: 'other' })], page.state.drafts, { shown: other });
    expect(page.state).toMatchObject({ focusedTaskId: null, form: null, selected: new Set() });
    expect(page.state.announcement.text).toBe('Board Other');
    page.controller.form.create('BACKLOG');
    expect(page.state.form?.draft.values.title).toBe('');
    page.controller.form.close();
    page.controller.setFocused('b');
    const again = new Page(page.saved);
    again.open([aCard('a')], page.state.drafts);
    expect(again.state).toMatchObject({ focusedTaskId: 'a', selected: new Set(['a']) });
    expect(again.state.form?.draft.values.title).toBe('Half a card');
    again.open([aCard('b', { boardId: 'other' })], page.state.drafts, { shown: other });
    expect(again.state).toMatchObject({ focusedTaskId: 'b', form: null });
  });

  it('does not let what is typed in the filter be overtaken by the board', () => {
    page.open([aCard('a')]);
    page.controller.filter.setText('cache');
    page.open([aCard('a')], {}, { filter: noFilter });
    expect(page.state.filter.text).toBe('cache');
    const filter = { ...noFilter, text: 'other' };
    page.open([], {}, { shown: { ...board, id: 'other' }, filter });
    expect(page.state.filter).toEqual(filter);
  });

  it('lets go of a form that was saved while the user went to another board', async () => {
    page.open([aCard('a')]);
    page.controller.form.create('BACKLOG');
    page.controller.form.change({ title: 'New' });
    void page.controller.form.save();
    page.open([aCard('b', { boardId: 'other' })], page.state.drafts, { shown: { ...board, id: 'other' } });
    await page.answer({ taskId: 'new' });
    expect(page.state).toMatchObject({ form: null, drafts: {}, focusedTaskId: null });
    expect(page.controller.revealed).toBeNull();
  });
});

describe('moving cards', () => {
  beforeEach(() => {
    page.open([aCard('a', { state: 'IN_PROGRESS' }, { run: aRun('a') }), aCard('r', { state: 'REVIEW' })]);
  });

  it('shows the card as moving until it is answered', async () => {
    void page.controller.commands.place(['a'], { columnId: 'review', beforeTaskId: 'r' });
    expect(page.sent).toMatchObject([
      { type: 'moveCards', moves: [{ taskId: 'a', to: 'REVIEW', beforeTaskId: 'r' }], stopRuns: false },
    ]);
    expect(page.state.pending.get('a')).toBe('moving');
    await page.answer({ taskId: 'a' });
    expect(page.state.pending.size).toBe(0);
  });

  it('says why a move was refused, and does the same move once the run is stopped', async () => {
    void page.controller.commands.place(['a'], { columnId: 'review', beforeTaskId: 'r' });
    const action = { kind: 'stopAndMove', taskId: 'a', to: 'REVIEW' } as const;
    await page.answer({ failure: { reason: 'run-active', message: 'An agent is at work.', action } });
    const { notice } = page.state;
    expect(notice?.failure.message).toBe('An agent is at work.');
    void page.controller.commands.act(action, notice?.moves);
    expect(page.state.notice).toBeNull();
    expect(page.sent.at(-1)).toMatchObject({
      moves: [{ taskId: 'a', to: 'REVIEW', beforeTaskId: 'r' }],
      stopRuns: true,
    });
  });

  it('sends nothing for a card that stays where it is', async () => {
    await page.controller.commands.place(['a'], { columnId: 'in-progress', beforeTaskId: null });
    expect(page.sent).toEqual([]);
  });
});

describe('other commands', () => {
  it('can stop a card while it is being started', async () => {
    page.open([aCard('a')]);
    void page.controller.commands.start(['a']);
    void page.controller.commands.start(['a']);
    page.update([aCard('a', { state: 'IN_PROGRESS' }, { run: aRun('a', { state: 'PREPARING' }) })]);
    void page.controller.commands.stop(['a']);
    expect(page.sent.map((message) => 'command' in message && message.command)).toEqual([
      'task.start',
      'task.stop',
    ]);
    await page.answer({ taskId: 'a' });
    expect(page.state.pending.size).toBe(0);
  });

  it('answers a request once', async () => {
    page.open([aCard('a', {}, { run: aRun('a'), permissions: [aRequest('a')] })]);
    void page.controller.commands.answer('request-a', 'yes');
    void page.controller.commands.answer('request-a', 'yes');
    expect(page.sent).toMatchObject([{ input: { requestId: 'request-a', optionId: 'yes' } }]);
    await page.answer({ failure: { reason: 'already-resolved', message: 'It was answered elsewhere.' } });
    expect(page.state.answering.size).toBe(0);
    expect(page.state.notice?.failure.message).toBe('It was answered elsewhere.');
  });

  it('leaves to the extension what only it can do', async () => {
    page.open([]);
    void page.controller.commands.act({ kind: 'checkEngine' });
    expect(page.sent).toMatchObject([{ type: 'runAction', action: { kind: 'checkEngine' } }]);
    expect(page.state.runningAction).toBe('checkEngine');
    await page.answer({ taskId: null });
    expect(page.state.runningAction).toBeNull();
  });
});

describe('the form', () => {
  beforeEach(() => {
    page.open([aCard('a', { title: 'Old' })]);
    page.sent.length = 0;
  });

  it('does not send a card without a title', async () => {
    page.controller.form.create('TODO');
    await page.controller.form.save();
    expect(page.sent).toEqual([]);
    expect(page.state.form?.titleError).toBe('A card needs a title.');
    page.controller.form.change({ title: 'New' });
    expect(page.state.form?.titleError).toBeNull();
  });

  it('creates, closes, forgets the draft, and starts the agent when asked to', async () => {
    page.controller.form.create('BACKLOG');
    page.controller.form.change({ title: 'New' });
    void page.controller.form.save('saveAndStart');
    expect(page.sent.at(-1)).toMatchObject({
      command: 'task.create',
      input: { title: 'New', agentTypeId: 'demo' },
    });
    await page.answer({ taskId: 'n' });
    expect(page.state).toMatchObject({ form: null, drafts: {} });
    expect(page.controller.revealed).toEqual({ taskId: 'n', focus: true });
    expect(page.sent.at(-1)).toMatchObject({ command: 'task.start', input: { taskId: 'n' } });
  });

  it('stays open with what was typed when the command fails', async () => {
    page.controller.form.create('BACKLOG');
    page.controller.form.change({ title: 'New', description: 'Long text' });
    void page.controller.form.save();
    await page.answer({ failure: { reason: 'storage', message: 'The disk is full.' } });
    expect(page.state.form).toMatchObject({
      saving: false,
      failure: { message: 'The disk is full.' },
      draft: { values: { title: 'New', description: 'Long text' } },
    });
    expect(page.state.drafts).toHaveProperty('new:board');
  });

  it('keeps what was typed when it is closed, and gives it back', () => {
    page.controller.form.edit('a');
    page.controller.form.change({ description: 'Half a thought' });
    page.controller.form.close();
    expect(page.sent.at(-1)).toMatchObject({
      type: 'saveDraft',
      key: 'a',
      draft: { base: { title: 'Old' } },
    });
    page.controller.form.edit('a');
    expect(page.state.form).toMatchObject({
      restored: true,
      draft: { values: { description: 'Half a thought' } },
    });
    page.controller.form.discard();
    page.controller.form.edit('a');
    expect(page.state.form).toMatchObject({ restored: false, draft: { values: { description: '' } } });
  });

  it('is closed without a trace when nothing was changed', () => {
    page.controller.form.edit('a');
    page.controller.form.close();
    expect(page.sent).toEqual([]);
    expect(page.state.drafts).toEqual({});
  });

  it('is open again after a reload, with what was typed in it', () => {
    page.controller.form.edit('a');
    page.controller.form.change({ title: 'Newer' });
    const again = new Page(page.saved);
    again.open([aCard('a', { title: 'Old' })], page.state.drafts);
    expect(again.state.form).toMatchObject({ key: 'a', draft: { values: { title: 'Newer' } } });
  });

  it('remembers the agent that was chosen last', async () => {
    page.controller.form.create('BACKLOG');
    page.controller.form.change({ title: 'Mine', agentTypeId: '' });
    void page.controller.form.save();
    await page.answer({ taskId: 'n' });
    page.controller.form.create('BACKLOG');
    expect(page.state.form?.draft.values.agentTypeId).toBe('');
  });
});
