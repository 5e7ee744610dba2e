import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultColumns } from '../../../src/model/board.ts';
import type { PermissionRequest } from '../../../src/model/permission.ts';
import type { TaskState } from '../../../src/model/task.ts';
import type { TimelineEntry, TimelinePlace } from '../../../src/model/timeline.ts';
import { insertBoard } from '../../../src/store/boardWrites.ts';
import { migrate } from '../../../src/store/migrations.ts';
import {
  insertOrReplaceEntries,
  insertPermissionRequest,
  insertRun,
  resolvePermissionRequest,
  updateRun,
} from '../../../src/store/runWrites.ts';
import type { SqlDatabase } from '../../../src/store/sqlDatabase.ts';
import { changeTaskState, insertTask, noteResult, updateTask } from '../../../src/store/taskWrites.ts';
import { taskHistory } from '../../../src/store/reads.ts';
import { timeline } from '../../../src/store/timelineReads.ts';
import { boardId, newRun, newTask } from '../../store/cards.ts';
import { openSql } from '../../store/engine.ts';

let db: SqlDatabase;

beforeEach(() => {
  db = openSql(null);
  migrate(db);
  const board = { id: boardId, name: 'Board', columns: defaultColumns, workspaceMode: 'folder' } as const;
  insertBoard(db, { board, at: 1 });
  insertTask(db, newTask('card'));
});

afterEach(() => {
  db.close();
});

function move(to: TaskState, at: number, actor = 'ann'): void {
  const rest = { heldBecause: null, retry: null, beforeTaskId: null, isUndo: false, why: null };
  changeTaskState(db, { taskId: 'card', to, actor, at, eventId: `to ${to} ${at}`, ...rest });
}

function ask(at: number, change: Partial<PermissionRequest> = {}): void {
  insertPermissionRequest(db, {
    request: {
      ...{ id: `asked ${at}`, runId: 'run', taskId: 'card', toolCallId: 'call', title: 'Edit a.ts' },
      ...{ toolKind: 'edit', command: null, paths: [], diffs: [], places: [], ruling: null },
      options: [{ optionId: 'yes', name: 'Allow', kind: 'allow_once' }],
      ...{ state: 'open', answer: null, answeredBy: null, requestedAt: at, resolvedAt: null },
      ...change,
    },
  });
}

function tellStory(): void {
  const edit = { actor: 'bob', eventId: 'edit' };
  updateTask(db, { taskId: 'card', patch: { title: 'Better', labels: ['x'], retry: null }, at: 10, edit });
  updateTask(db, { taskId: 'card', patch: { heldBecause: 'Wait.' }, at: 11 });
  move('TODO', 20);
  insertRun(db, { run: { ...newRun('run', 'card'), state: 'PENDING', turns: 1, createdAt: 30 } });
  for (const [to, at] of [
    ...[['PREPARING', 30] as const, ['STARTING', 31] as const, ['RUNNING', 33] as const],
    ...[['WAITING', 40] as const, ['RUNNING', 45] as const, ['READY', 60] as const],
  ]) {
    updateRun(db, { runId: 'run', to, patch: {}, at });
  }
  move('IN_PROGRESS', 31, 'kandev');
  ask(40);
  resolvePermissionRequest(db, { requestId: 'asked 40', optionId: 'yes', actor: 'ann', at: 45 });
  const message = { runId: 'run', taskId: 'card', kind: 'user', key: null, data: null } as const;
  insertOrReplaceEntries(db, 'run', [
    { ...message, seq: 1, turn: 1, text: 'Better\n\nWhat the card says.', at: 33 },
    { ...message, seq: 2, turn: 2, text: 'One more thing', at: 70 },
  ]);
  move('REVIEW', 61, 'kandev');
  noteResult(db, { taskId: 'card', what: 'merge', change: { actor: 'ann', at: 80, eventId: 'merged' } });
}

const read = (before: TimelinePlace | null = null, limit = 100) =>
  timeline(db, { taskId: 'card', before, limit });

describe('the timeline of a card', () => {
  it('tells all that has happened to it, the newest first', () => {
    tellStory();
    const { entries, before } = read();
    expect(before).toBeNull();
    expect(entries.map(({ at, kind }) => `${at} ${kind}`)).toEqual([
      ...['80 result', '70 message', '61 state', '40 asked', '31 state', '30 run', '20 state'],
      ...['10 edited', '1 state'],
    ]);
    expect(entries[0]).toMatchObject({ actor: 'ann', what: 'merge' });
    expect(entries[1]).toMatchObject({ runId: 'run', seq: 2, text: 'One more thing' });
    expect(entries.at(-2)).toMatchObject({ actor: 'bob', fields: ['title', 'labels'] });
    expect(entries.at(-1)).toMatchObject({ from: null, to: 'BACKLOG', actor: 'ann' });
  });

  it('tells what a run’s time was spent with', () => {
    tellStory();
    const run = read().entries.find((entry) => entry.kind === 'run');
    expect(run?.spells).toEqual([
      { state: 'PENDING', since: 30, until: 30 },
      { state: 'PREPARING', since: 30, until: 31 },
      { state: 'STARTING', since: 31, until: 33 },
      { state: 'RUNNING', since: 33, until: 40 },
      { state: 'WAITING', since: 40, until: 45 },
      { state: 'RUNNING', since: 45, until: 60 },
      { state: 'READY', since: 60, until: null },
    ]);
  });

  it('tells who has answered and what, or which rule', () => {
    tellStory();
    const ruling = {
      decision: 'allow',
      by: 'rule',
      ruleId: 'r',
      text: 'Allow edits',
      isUnfit: false,
    } as const;
    ask(50, { state: 'answered', answer: 'yes', answeredBy: 'kandev', ruling, resolvedAt: 50 });
    ask(51, { state: 'closed', answeredBy: 'agent', resolvedAt: 52 });
    const asked = read().entries.filter((entry) => entry.kind === 'asked');
    expect(asked).toMatchObject([
      { at: 51, state: 'closed', answer: null, isAllowed: false, rule: null },
      { at: 50, state: 'answered', answer: 'Allow', isAllowed: true, rule: 'Allow edits' },
      { at: 40, answer: 'Allow', answeredBy: 'ann', resolvedAt: 45, rule: null },
    ]);
  });

  it('comes in pages that leave nothing out and repeat nothing, also of one moment', () => {
    tellStory();
    for (let index = 0; index < 20; index += 1) ask(55, { id: `same ${index}` });
    const whole = read().entries;
    for (const limit of [1, 2, 7]) {
      const paged: TimelineEntry[] = [];
      let before: TimelinePlace | null = null;
      do {
        const page = read(before, limit);
        paged.push(...page.entries);
        before = page.before;
      } while (before);
      expect(paged).toEqual(whole);
    }
  });

  it('leaves the history of states as it was', () => {
    tellStory();
    expect(taskHistory(db, { taskId: 'card' }).map(({ to }) => to)).toEqual([
      ...['BACKLOG', 'TODO', 'IN_PROGRESS', 'REVIEW'],
    ]);
  });
});
