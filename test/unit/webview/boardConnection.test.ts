import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Kandev } from '../../../src/api/contract.ts';
import { UserError } from '../../../src/model/failure.ts';
import { noFilter } from '../../../src/model/cardFilter.ts';
import { SharedFilter } from '../../../src/providers/sharedFilter.ts';
import { UndoHistory } from '../../../src/providers/undoHistory.ts';
import { BoardConnection, type BoardServices } from '../../../src/webview/host/boardConnection.ts';
import { DraftKeeper } from '../../../src/webview/host/draftKeeper.ts';
import type { HostMessage } from '../../../src/webview/protocol.ts';
import { emptyDraft } from '../../../src/webview/app/drafts.ts';
import { aCard, aRequest, aRun, board } from './cards.ts';
import { TestState } from './windowState.ts';

function setUp(overrides: Partial<BoardServices> = {}) {
  const state = new TestState();
  const sent: HostMessage[] = [];
  const execute = vi.fn<(command: string, input: unknown) => Promise<unknown>>();
  const warnings: string[] = [];
  const stored = new Map<string, unknown>();
  const filter = new SharedFilter({ get: () => undefined, update: () => Promise.resolve() }, state);
  const history = new UndoHistory();
  const services = {
    filter,
    choose: () => Promise.resolve(),
    chooseTemplate: () => Promise.resolve(undefined),
    kandev: { execute: execute as unknown as Kandev['execute'] },
    state,
    usage: { look: () => ({ dispose: () => undefined }) },
    drafts: new DraftKeeper({
      get: (key) => stored.get(key),
      update: (key, value) => {
        stored.set(key, value);
        return Promise.resolve();
      },
    }),
    runAction: () => Promise.resolve(),
    runUiCommand: () => Promise.resolve(),
    deleteCards: () => Promise.resolve(true),
    moveCards: () => Promise.resolve(),
    moveToBoard: () => Promise.resolve(),
    createCards: () => Promise.resolve(),
    history,
    shorten: (path) => path,
    warn: (message) => warnings.push(message),
    ...overrides,
  } satisfies BoardServices;
  const connection = new BoardConnection(services, (message) => sent.push(message));
  return { state, sent, execute, warnings, stored, services, history, connection };
}

function types(messages: readonly HostMessage[]): string[] {
  return messages.map(({ type }) => type);
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('what runs use', () => {
  it('is looked at as long as the page is seen', () => {
    const lookers = new Set<Parameters<BoardServices['usage']['look']>[0]>();
    const look: BoardServices['usage']['look'] = (listener) => {
      lookers.add(listener);
      return { dispose: () => lookers.delete(listener) };
    };
    const { state, sent, connection } = setUp({ usage: { look } });
    state.put([aCard('a')]);
    expect(lookers.size).toBe(0);
    connection.receive({ type: 'ready' });
    connection.receive({ type: 'ready' });
    expect(lookers.size).toBe(1);
    for (const listener of lookers) listener([]);
    expect(sent.at(-1)).toEqual({ type: 'usage', usage: [] });
    connection.pause();
    expect(lookers.size).toBe(0);
    connection.receive({ type: 'ready' });
    connection.dispose();
    expect(lookers.size).toBe(0);
  });
});

describe('showing the board', () => {
  it('sends nothing before the page is ready, and then everything', () => {
    const { state, sent, connection } = setUp();
    state.put([aCard('a')]);
    state.change({ changed: ['a'] });
    vi.runAllTimers();
    expect(sent).toEqual([]);
    connection.receive({ type: 'ready' });
    expect(types(sent)).toEqual(['drafts', 'snapshot', 'boards']);
    expect(sent[1]).toMatchObject({ cards: [{ task: { id: 'a' } }] });
  });

  it('says that the board is loading or cannot be shown', () => {
    const { state, sent, connection } = setUp();
    connection.receive({ type: 'ready' });
    state.current = { status: 'unavailable', failure: { reason: 'no-folder', message: 'No folder.' } };
    state.change({ structural: true });
    vi.runAllTimers();
    expect(types(sent)).toEqual(['drafts', 'loading', 'unavailable']);
  });

  it('gathers changes into one update every 50 ms', () => {
    const { state, sent, connection } = setUp();
    state.put([aCard('a'), aCard('b'), aCard('c')]);
    connection.receive({ type: 'ready' });
    sent.length = 0;
    for (let count = 0; count < 100; count += 1) state.change({ changed: ['a'] });
    state.change({ changed: ['b'], removed: ['x'] });
    vi.advanceTimersByTime(49);
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(sent).toMatchObject([
      { type: 'update', upserted: [{ task: { id: 'a' } }, { task: { id: 'b' } }], removed: ['x'] },
    ]);
    vi.advanceTimersByTime(1000);
    expect(sent).toHaveLength(1);
  });

  it('sends the first change after a quiet time at once', () => {
    const { state, sent, connection } = setUp();
    state.put([aCard('a')]);
    connection.receive({ type: 'ready' });
    vi.advanceTimersByTime(60);
    state.change({ changed: ['a'] });
    vi.advanceTimersByTime(0);
    expect(types(sent)).toEqual(['drafts', 'snapshot', 'boards', 'update']);
  });

  it('sends everything where more than cards has changed', () => {
    const { state, sent, connection } = setUp();
    state.put([]);
    connection.receive({ type: 'ready' });
    state.change({ structural: true, changed: ['a'] });
    vi.runAllTimers();
    expect(types(sent)).toEqual(['drafts', 'snapshot', 'boards', 'snapshot']);
  });

  it('is silent while hidden, and sends everything when the page starts over', () => {
    const { state, sent, connection } = setUp();
    state.put([aCard('a')]);
    connection.receive({ type: 'ready' });
    state.change({ changed: ['a'] });
    connection.pause();
    state.change({ changed: ['a'] });
    vi.runAllTimers();
    expect(types(sent)).toEqual(['drafts', 'snapshot', 'boards']);
    connection.receive({ type: 'ready' });
    expect(types(sent)).toEqual(['drafts', 'snapshot', 'boards', 'drafts', 'snapshot', 'boards']);
  });

  it('keeps a request until the page can show it', () => {
    const { state, sent, connection } = setUp();
    state.put([]);
    connection.request({ type: 'focusCard', taskId: 'a' });
    connection.receive({ type: 'ready' });
    expect(types(sent)).toEqual(['drafts', 'snapshot', 'boards', 'focusCard']);
  });

  it('lets go of the board when it is closed', () => {
    const { state, sent, connection } = setUp();
    state.put([aCard('a')]);
    connection.receive({ type: 'ready' });
    state.change({ changed: ['a'] });
    connection.dispose();
    vi.runAllTimers();
    expect(types(sent)).toEqual(['drafts', 'snapshot', 'boards']);
  });
});

describe('several boards', () => {
  const other = { ...board, id: 'other', name: 'Other' };

  function withTwo() {
    const made = setUp();
    made.state.boards = [board, other];
    made.state.put([aCard('a'), aCard('b', { boardId: 'other' })]);
    made.connection.receive({ type: 'ready' });
    made.sent.splice(0);
    return made;
  }

  it('are sent one at a time: another one at once, with its filter, before what it is asked to show', () => {
    const { state, sent, services, connection } = withTwo();
    services.filter.set({ ...noFilter, text: 'here' });
    sent.splice(0);
    state.show('other');
    connection.request({ type: 'focusCard', taskId: 'b' });
    expect(types(sent)).toEqual(['snapshot', 'focusCard']);
    expect(sent[0]).toMatchObject({ board: other, filter: noFilter, cards: [{ task: { id: 'b' } }] });
    services.filter.dispose();
  });

  it('say how much waits for the user on the others', () => {
    const { state, sent } = withTwo();
    state.put([aCard('a'), aCard('b', { boardId: 'other' }, { permissions: [aRequest('b')] })]);
    state.change({ changed: ['b'] });
    vi.runAllTimers();
    expect(sent).toEqual([
      { type: 'update', revision: 1, upserted: [], removed: ['b'] },
      { type: 'boards', count: 2, waitingElsewhere: 1 },
    ]);
  });

  it('take a card away that has gone to another one', () => {
    const { state, sent } = withTwo();
    state.put([aCard('a', { boardId: 'other' }), aCard('b', { boardId: 'other' })]);
    state.change({ changed: ['a'] });
    vi.runAllTimers();
    expect(sent).toEqual([{ type: 'update', revision: 1, upserted: [], removed: ['a'] }]);
  });
});

describe('commands', () => {
  it('executes what the page asks for, and tells which card it was', async () => {
    const { sent, execute, connection } = setUp();
    execute.mockResolvedValue({ id: 'new-card' });
    connection.receive({ type: 'execute', requestId: 7, command: 'task.create', input: { title: 'New' } });
    await vi.waitFor(() => {
      expect(sent).toEqual([{ type: 'commandDone', requestId: 7, taskId: 'new-card' }]);
    });
    expect(execute).toHaveBeenCalledWith(
      'task.create',
      expect.objectContaining({ title: 'New', labels: [] }),
    );
  });

  it('answers with the failure', async () => {
    const { sent, execute, connection } = setUp();
    const failure = { reason: 'run-active', message: 'An agent is at work.' } as const;
    execute.mockRejectedValue(new UserError(failure));
    connection.receive({ type: 'execute', requestId: 8, command: 'task.start', input: { taskId: 'a' } });
    await vi.waitFor(() => {
      expect(sent).toEqual([{ type: 'commandFailed', requestId: 8, failure }]);
    });
  });

  it('does nothing with a message that is not one, and says so in the log', () => {
    const { sent, execute, warnings, connection } = setUp();
    connection.receive({ type: 'execute', requestId: 9, command: 'task.delete', input: { taskId: 'a' } });
    expect(execute).not.toHaveBeenCalled();
    expect(sent).toMatchObject([
      { type: 'commandFailed', requestId: 9, failure: { reason: 'invalid-input' } },
    ]);
    expect(warnings).toHaveLength(1);
  });
});

describe('taking back', () => {
  it('is offered to the page, but for what a notification offers, and done for it', async () => {
    const { sent, history, connection } = setUp();
    const undo = vi.fn(() => Promise.resolve());
    history.add({ text: 'before', undo });
    connection.receive({ type: 'ready' });
    sent.length = 0;
    history.add({ text: 'moved', undo });
    history.add({ text: 'deleted', isOffered: true, undo });
    expect(sent).toEqual([{ type: 'undoable', text: 'moved' }]);
    connection.receive({ type: 'undo', requestId: 4 });
    await vi.waitFor(() => {
      expect(sent.at(-1)).toEqual({ type: 'commandDone', requestId: 4, taskId: null });
    });
    expect(undo).toHaveBeenCalledTimes(1);
  });
});

describe('deleting', () => {
  it('is left to those who offer a way back, and told when it is done', async () => {
    const deleteCards = vi.fn(() => Promise.resolve(true));
    const { state, sent, connection } = setUp({ deleteCards });
    state.put([aCard('a', { title: 'Old' }, { run: aRun('a') })]);
    connection.receive({ type: 'deleteCards', requestId: 1, taskIds: ['a', 'gone'] });
    await vi.waitFor(() => {
      expect(sent).toEqual([{ type: 'commandDone', requestId: 1, taskId: 'a' }]);
    });
    expect(deleteCards).toHaveBeenCalledWith(['a']);
  });

  it('keeps the card when the user says no', async () => {
    const { state, sent, connection } = setUp({ deleteCards: () => Promise.resolve(false) });
    state.put([aCard('a')]);
    connection.receive({ type: 'deleteCards', requestId: 1, taskIds: ['a', 'gone'] });
    await vi.waitFor(() => {
      expect(sent).toEqual([{ type: 'commandDone', requestId: 1, taskId: null }]);
    });
  });
});

describe('the filter', () => {
  it('is sent to the page at first and whenever it is changed elsewhere', () => {
    const { state, sent, services, connection } = setUp();
    state.put([]);
    services.filter.set({ ...noFilter, labels: ['docs'] });
    connection.receive({ type: 'ready' });
    expect(sent[1]).toMatchObject({ type: 'snapshot', filter: { labels: ['docs'] } });
    sent.length = 0;
    services.filter.set(noFilter);
    expect(sent).toEqual([{ type: 'filter', filter: noFilter }]);
  });

  it('is not sent back to the page that has set it', () => {
    const { state, sent, services, connection } = setUp();
    state.put([]);
    connection.receive({ type: 'ready' });
    sent.length = 0;
    const filter = { ...noFilter, text: 'cache' };
    connection.receive({ type: 'setFilter', filter });
    expect(services.filter.current).toEqual(filter);
    expect(sent).toEqual([]);
  });
});

describe('drafts', () => {
  it('outlive the page and the window', () => {
    const { sent, stored, services, connection } = setUp();
    const draft = emptyDraft('BACKLOG', 'demo');
    connection.receive({ type: 'saveDraft', key: 'new', draft });
    connection.receive({ type: 'ready' });
    expect(sent[0]).toEqual({ type: 'drafts', drafts: { new: draft } });
    services.drafts.dispose();
    const next = new DraftKeeper({ get: (key) => stored.get(key), update: () => Promise.resolve() });
    expect(next.all()).toEqual({ new: draft });
  });

  it('are written once typing pauses, and gone once they are saved', () => {
    const { stored, connection } = setUp();
    const draft = emptyDraft('BACKLOG', 'demo');
    connection.receive({ type: 'saveDraft', key: 'new', draft });
    expect(stored.size).toBe(0);
    vi.runAllTimers();
    expect([...stored.values()]).toEqual([{ new: draft }]);
    connection.receive({ type: 'saveDraft', key: 'new', draft: null });
    vi.runAllTimers();
    expect([...stored.values()]).toEqual([{}]);
  });
});
