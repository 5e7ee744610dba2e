import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultColumns } from '../../../src/model/board.ts';
import type { RunState } from '../../../src/model/run.ts';
import type { Statistics } from '../../../src/model/statistics.ts';
import type { TaskState } from '../../../src/model/task.ts';
import { insertBoard } from '../../../src/store/boardWrites.ts';
import { migrate } from '../../../src/store/migrations.ts';
import { insertOrReplaceEntries, insertRun, updateRun } from '../../../src/store/runWrites.ts';
import type { SqlDatabase } from '../../../src/store/sqlDatabase.ts';
import { statistics, type StatisticsQuery } from '../../../src/store/statisticsReads.ts';
import { changeTaskState, insertTask, updateTask } from '../../../src/store/taskWrites.ts';
import { boardId, newRun, newTask } from '../../store/cards.ts';
import { openSql } from '../../store/engine.ts';

const minute = 60_000;
const start = Date.parse('2026-03-25T12:00:00Z');
const query: StatisticsQuery = {
  weeks: 4,
  timeZone: 'Europe/Berlin',
  firstDay: 1,
  boardId: null,
  agentTypeId: null,
  now: Date.parse('2026-04-01T12:00:00Z'),
};

let db: SqlDatabase;
let seq = 0;

beforeEach(() => {
  db = openSql(null);
  migrate(db);
  addBoard(boardId);
  insertTask(db, newTask('card'));
});

afterEach(() => {
  db.close();
});

function addBoard(id: string): void {
  const board = { id, name: `Name of ${id}`, columns: defaultColumns, workspaceMode: 'folder' } as const;
  insertBoard(db, { board, at: 1 });
}

interface Story {
  taskId?: string;
  agentTypeId?: string;
  sessionId?: string;
  at?: number;
  /** Each state, and the minute in which the run comes to it. */
  states?: readonly (readonly [RunState, number])[];
}

function tell(id: string, { taskId = 'card', agentTypeId = 'demo', sessionId, at, states }: Story): void {
  const createdAt = at ?? start;
  const run = { ...newRun(id, taskId), agentTypeId, createdAt, sessionId: sessionId ?? id };
  insertRun(db, { run: { ...run, state: 'PENDING' } });
  const all = [
    ...[['PREPARING', 0] as const, ['STARTING', 0] as const, ['RUNNING', 1] as const],
    ...(states ?? []),
  ];
  for (const [to, after] of all) updateRun(db, { runId: id, to, patch: {}, at: createdAt + after * minute });
}

function move(
  to: TaskState,
  at: number,
  actor = 'kandev',
  retry: { made: number; at: number } | null = null,
): void {
  changeTaskState(db, {
    taskId: 'card',
    to,
    heldBecause: null,
    retry: retry && { ...retry, of: 3 },
    beforeTaskId: null,
    isUndo: false,
    actor,
    why: null,
    at,
    eventId: `event ${++seq}`,
  });
}

function use(runId: string, turn: number, kind: 'usage' | 'turn_end', data: object): void {
  const entry = { taskId: 'card', turn, key: null, text: '', at: start, data: JSON.stringify(data) };
  insertOrReplaceEntries(db, runId, [{ ...entry, seq: ++seq, runId, kind }]);
}

const ask = (change: Partial<StatisticsQuery> = {}): Statistics => statistics(db, { ...query, ...change });

describe('statistics of runs', () => {
  it('count how long an agent has worked, has waited for its user, and took to have finished first', () => {
    tell('run', {
      states: [
        ...[['WAITING', 3] as const, ['RUNNING', 10] as const, ['READY', 12] as const],
        ...[['RUNNING', 60] as const, ['READY', 65] as const, ['COMPLETED', 90] as const],
      ],
    });
    expect(ask().total).toMatchObject({
      runs: 1,
      outcomes: { finished: 1 },
      worked: (2 + 2 + 5) * minute,
      waited: 7 * minute,
      waitedRuns: 1,
      toReview: { count: 1, median: 12 * minute },
    });
  });

  it('count what still goes on up to now', () => {
    tell('run', { at: query.now - 10 * minute, states: [['WAITING', 4]] });
    expect(ask().total).toMatchObject({
      outcomes: { going: 1 },
      worked: 3 * minute,
      waited: 6 * minute,
      toReview: null,
    });
  });

  it('take a failure that was tried again for no failure, and the time to review from the first try', () => {
    move('IN_PROGRESS', start - 1);
    tell('first', { states: [['FAILED', 2]] });
    move('TODO', start + 2 * minute + 1, 'kandev', { made: 1, at: start + 5 * minute });
    expect(ask().total.outcomes).toMatchObject({ retried: 1, failed: 0 });
    move('IN_PROGRESS', start + 5 * minute);
    tell('second', { at: start + 5 * minute, states: [['READY', 4]] });
    const { total } = ask();
    expect(total).toMatchObject({ runs: 2, outcomes: { retried: 1, finished: 1, failed: 0 } });
    expect(total.toReview).toMatchObject({ count: 1, median: 9 * minute });
  });

  it('take a failure whose retry was called off for a failure', () => {
    move('IN_PROGRESS', start - 1);
    tell('first', { states: [['FAILED', 2]] });
    move('TODO', start + 2 * minute + 1, 'kandev', { made: 1, at: start + 5 * minute });
    updateTask(db, { taskId: 'card', patch: { retry: null, heldBecause: 'You.' }, at: start + 3 * minute });
    expect(ask().total.outcomes).toMatchObject({ failed: 1, retried: 0 });
  });

  it('take a failure for one where a person has begun anew', () => {
    move('IN_PROGRESS', start - 1);
    tell('first', { states: [['FAILED', 2]] });
    move('FAILED', start + 2 * minute + 1);
    move('TODO', start + 3 * minute, 'ann');
    tell('second', { at: start + 3 * minute, states: [['STOPPED', 2]] });
    expect(ask().total.outcomes).toMatchObject({ failed: 1, retried: 0, stopped: 1 });
  });

  it('put a run into the week in which it began where the user is', () => {
    // The night in which the clocks are put forward: Monday begins at 22:00 UTC.
    tell('sunday', { at: Date.parse('2026-03-29T21:59:59Z') });
    tell('monday', { at: Date.parse('2026-03-29T22:00:00Z') });
    expect(ask().byWeek.map(({ figures }) => figures.runs)).toEqual([0, 0, 1, 1]);
    expect(ask({ timeZone: 'UTC' }).byWeek.map(({ figures }) => figures.runs)).toEqual([0, 0, 2, 0]);
  });

  it('reach back as far as asked, or to the first run', () => {
    tell('old', { at: Date.parse('2025-12-31T12:00:00Z') });
    tell('new', {});
    expect(ask().total.runs).toBe(1);
    const all = ask({ weeks: null });
    expect(all.total.runs).toBe(2);
    expect(all.byWeek).toHaveLength(14);
    expect(all.byWeek[0]?.figures.runs).toBe(1);
  });

  it('are of one board or agent where that is asked for, and name those that there are', () => {
    addBoard('other');
    const { task, change } = newTask('elsewhere');
    insertTask(db, { task: { ...task, boardId: 'other' }, change });
    tell('run', {});
    tell('else', { taskId: 'elsewhere', agentTypeId: 'claude' });
    expect(ask({ boardId: 'other' })).toMatchObject({ total: { runs: 1 }, agentTypeIds: ['claude'] });
    const demo = ask({ agentTypeId: 'demo' });
    expect(demo).toMatchObject({ total: { runs: 1 }, agentTypeIds: ['claude', 'demo'] });
    expect(demo.boards).toEqual([
      { id: boardId, name: `Name of ${boardId}` },
      { id: 'other', name: 'Name of other' },
    ]);
  });

  it('add the tokens of turns, and of a session’s cost what each turn has added', () => {
    tell('run', { sessionId: 's' });
    use('run', 1, 'usage', { used: 10, size: 100, cost: { amount: 0.25, currency: 'USD' } });
    use('run', 1, 'usage', { used: 20, size: 100, cost: { amount: 0.5, currency: 'USD' } });
    use('run', 1, 'usage', { used: 30, size: 100, cost: null });
    use('run', 1, 'turn_end', { stopReason: 'end_turn', tokens: 1000 });
    use('run', 2, 'usage', { used: 40, size: 100, cost: { amount: 0.75, currency: 'USD' } });
    use('run', 2, 'turn_end', { stopReason: 'end_turn', tokens: 500 });
    // Another container goes on with the session: its cost counts on.
    tell('later', { sessionId: 's', at: start + 60 * minute });
    use('later', 1, 'usage', { used: 50, size: 100, cost: { amount: 1, currency: 'USD' } });
    // Or it counts anew.
    tell('anew', { sessionId: 's', at: start + 90 * minute });
    use('anew', 1, 'usage', { used: 5, size: 100, cost: { amount: 0.125, currency: 'USD' } });
    expect(ask().total).toMatchObject({
      tokens: 1500,
      tokenRuns: 1,
      costs: [{ amount: 1.125, currency: 'USD' }],
      costRuns: 3,
    });
  });

  it('know nothing of what is used where agents say nothing, or nothing that can be read', () => {
    tell('run', {});
    const entry = { taskId: 'card', turn: 1, key: null, text: '', at: start, runId: 'run' };
    insertOrReplaceEntries(db, 'run', [{ ...entry, seq: 1, kind: 'usage', data: '{"used":•••}' }]);
    use('run', 1, 'turn_end', { stopReason: 'end_turn', hadOutput: true });
    expect(ask().total).toMatchObject({ tokens: null, costs: [] });
  });
});
