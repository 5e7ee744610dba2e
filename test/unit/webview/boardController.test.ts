import { beforeEach, describe, expect, it } from 'vitest';
import type { Failure } from '../../../src/model/failure.ts';
import type { AgentType } from '../../../src/model/agentType.ts';
import { noFilter } from '../../../src/model/cardFilter.ts';
import type { CardView } from '../../../src/model/cardView.ts';
import { BoardController } from '../../../src/webview/app/boardController.ts';
import { runKeyCommand } from '../../../src/webview/app/boardKeys.ts';
import { HostClient } from '../../../src/webview/app/hostClient.ts';
import type { KeyCommand } from '../../../src/webview/app/keyboard.ts';
import { ViewKeeper } from '../../../src/webview/app/savedView.ts';
import { Store } from '../../../src/webview/app/state.ts';
import { toBoardCard } from '../../../src/webview/host/diffSummary.ts';
import { readAppMessage } from '../../../src/webview/host/messages.ts';
import type { AppMessage, Drafts, HostMessage } from '../../../src/webview/protocol.ts';
import { aCard, aRequest, aRun, board } from './cards.ts';

const agentType: AgentType = {
  id: 'demo',
  name: 'Demo Agent',
  image: 'demo',
  buildContext: null,
  command: [],
  environment: [],
  resources: { cpus: 1, memoryMb: 512, pids: 512, network: 'bridge' },
  dialect: 'acp',
  firstMode: null,
};

/** The page without its elements, and VS Code's end of the wire. */
class Page {
  readonly sent: AppMessage[] = [];
  readonly controller: BoardController;
  saved: unknown;

  constructor(saved?: unknown) {
    this.saved = saved;
    const api = {
      postMessage: (message: unknown) => {
        const read = readAppMessage(message);
        if (!read.ok) throw new Error(`the extension would refuse this: ${read.failure.message}`);
        this.sent.push(read.message);
      },
      getState: () => this.saved,
      setState: (state: unknown) => {
        this.saved = state;
      },
    };
    this.controller = new BoardController(new Store(), new HostClient(api), new ViewKeeper(api));
  }

  get state() {
    return this.controller.store.state;
  }

  open(cards: readonly CardView[], drafts: Drafts = {}): void {
    this.controller.receive({ type: 'drafts', drafts });
    this.controller.receive({
      type: 'snapshot',
      revision: 1,
      now: Date.now(),
      board,
      cards: cards.map((card) => toBoardCard(card)),
      queuePause: null,
      workspaceModes: ['folder', 'clone', 'repository'],
      agentTypes: [agentType],
      engine: null,
    });
  }

  update(upserted: readonly CardView[], removed: readonly string[] = []): void {
    this.controller.receive({
      type: 'update',
      revision: 2,
      upserted: upserted.map((card) => toBoardCard(card)),
      removed,
    });
  }

  /** Answers the last command, and lets what waits for the answer go on. */
  async answer(outcome: { taskId: string | null } | { failure: Failure }): Promise<void> {
    const message = this.sent.findLast((each) => 'requestId' in each);
    if (!message || !('requestId' in message)) throw new Error('no command waits for an answer');
    const { requestId } = message;
    const answer: HostMessage =
      'failure' in outcome
        ? { type: 'commandFailed', requestId, failure: outcome.failure }
        : { type: 'commandDone', requestId, taskId: outcome.taskId };
    this.controller.receive(answer);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

let page: Page;

beforeEach(() => {
  page = new Page();
});

describe('following the board', () => {
  it('takes in changes and removals, and says what happened', () => {
    page.open([aCard('a', { position: 1 }), aCard('b', { position: 2 })]);
    page.update([aCard('a', { state: 'TODO' })], ['b']);
    expect([...(page.state.content?.cards.keys() ?? [])]).toEqual(['a']);
    expect(page.state.announcement.text).toBe('Card b was deleted. Card a is now in To Do, 1 of 1.');
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
    expect(again.state).toMatchObject({ focusedTaskId: 'a' });
  });

  it('ignores a saved view of another form', () => {
    expect(new Page({ focusedTaskId: 5, scroll: ['x'] }).state).toMatchObject({ focusedTaskId: null });
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
    expect(page.state.drafts).toHaveProperty('new');
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
