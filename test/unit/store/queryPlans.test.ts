import type { SqlValue } from 'sql.js';
import { describe, expect, it } from 'vitest';
import { queries, writes, type QueryName, type WriteName } from '../../../src/store/catalogue.ts';
import { migrate } from '../../../src/store/migrations.ts';
import { SqlDatabase } from '../../../src/store/sqlDatabase.ts';
import { defaultColumns } from '../../../src/model/board.ts';
import type { PermissionRequest } from '../../../src/model/permission.ts';
import type { PermissionRule } from '../../../src/model/permissionRule.ts';
import type { ReviewComment } from '../../../src/model/review.ts';
import type { TranscriptEntry } from '../../../src/model/transcript.ts';
import { boardId, newRun, newTask } from '../../store/cards.ts';
import { sqlJs } from '../../store/engine.ts';

/** Whole tables may be read only where they are tiny by nature. */
const tinyTables: Record<string, string> = {
  boards: 'one or a few rows',
  permission_rules: 'at most 500 rows, all of which are asked for',
  permission_presets: 'one or a few rows',
  wanted: 'json_each of a parameter',
};

const change = (eventId: string) => ({ actor: 'ann', why: null, at: 5, eventId });
const entry: TranscriptEntry = {
  seq: 1,
  runId: 'run',
  taskId: 'a',
  turn: 1,
  kind: 'message',
  key: null,
  text: 'x',
  data: null,
  at: 1,
};
const usage: TranscriptEntry = {
  ...entry,
  seq: 2,
  kind: 'usage',
  data: '{"used":1,"size":2,"cost":{"amount":1,"currency":"USD"}}',
};
const request: PermissionRequest = {
  id: 'request',
  runId: 'run',
  taskId: 'a',
  toolCallId: 'c',
  title: 't',
  toolKind: 'edit',
  command: null,
  paths: [],
  diffs: [],
  places: [],
  options: [{ optionId: 'yes', name: 'Yes', kind: 'allow_once' }],
  state: 'open',
  answer: null,
  answeredBy: null,
  ruling: { decision: 'ask', by: 'rule', ruleId: 'rule', text: 'Ask', isUnfit: false },
  requestedAt: 1,
  resolvedAt: null,
};
const rule: PermissionRule = {
  ...{ id: 'rule', scope: 'board', scopeId: boardId, agentTypeId: null, toolKind: 'edit', path: '**' },
  ...{ command: null, title: null, decision: 'ask', isEnabled: true, position: 0 },
  ...{ matches: 0, lastMatchAt: null, createdBy: 'ann', createdAt: 1 },
};
const comment: ReviewComment = {
  id: 'c',
  taskId: 'a',
  path: 'a.ts',
  side: 'after',
  before: null,
  lines: { start: 0, end: 1 },
  place: { start: 0, end: 1 },
  quote: 'x',
  text: 'Why?',
  state: 'draft',
  promptId: null,
  given: null,
  isTouched: false,
  createdBy: 'ann',
  createdAt: 5,
};

/** Every change once, in an order that they allow. */
const writeParams: [WriteName, object][] = [
  ['user.put', { user: { id: 'ann', name: 'Ann', email: null }, at: 1 }],
  [
    'board.insert',
    { board: { id: boardId, name: 'Board', columns: defaultColumns, workspaceMode: 'folder' }, at: 1 },
  ],
  ['task.insert', newTask('a')],
  ['task.insert', newTask('b')],
  ['task.update', { taskId: 'a', patch: { title: 'A' }, at: 2, edit: { actor: 'ann', eventId: 'edit' } }],
  ['task.noteResult', { taskId: 'a', what: 'merge', change: { actor: 'ann', at: 2, eventId: 'merge' } }],
  ...['a', 'b'].flatMap((taskId): [WriteName, object][] => [
    ['task.update', { taskId, patch: { agentTypeId: 'demo' }, at: 2 }],
    [
      'task.changeState',
      {
        taskId,
        to: 'TODO',
        heldBecause: null,
        retry: null,
        beforeTaskId: null,
        isUndo: false,
        ...change(`todo ${taskId}`),
      },
    ],
  ]),
  ['board.setColumn', { boardId, columnId: 'todo', change: { limit: 3 } }],
  ['task.setDependencies', { taskId: 'a', dependsOn: ['b'], at: 3 }],
  ['queue.move', { taskId: 'b', to: 'top' }],
  ['queue.setPause', { pause: { by: 'ann', at: 2 } }],
  ['task.place', { taskId: 'a', beforeTaskId: null, at: 3 }],
  ['run.insert', { run: newRun('run', 'a') }],
  ['run.update', { runId: 'run', to: null, patch: { turns: 1 }, at: 4 }],
  ['run.putWorkedTime', { runId: 'run', worked: { turn: 1, turnMs: 1, runMs: 1, at: 4 } }],
  [
    'run.progress',
    {
      runId: 'run',
      entries: [entry, usage],
      activity: 'x',
      link: {
        position: 1,
        asked: [{ start: 1, id: '1' }],
        answered: [0],
        agent: {},
        session: {},
        prompt: null,
      },
      change: { to: null, patch: { turns: 1 }, at: 4 },
    },
  ],
  ['board.update', { boardId, patch: { workspaceMode: 'clone' } }],
  [
    'board.insert',
    { board: { id: 'other', name: 'Other', columns: defaultColumns, workspaceMode: 'folder' }, at: 1 },
  ],
  ['board.place', { boardId: 'other', beforeBoardId: boardId }],
  ['task.insert', newTask('c')],
  ['task.setBoard', { taskId: 'c', boardId: 'other', beforeTaskId: null, change: change('moved') }],
  ['board.delete', { boardId: 'other', change: change('gone') }],
  ['board.restore', { boardId: 'other', change: change('back') }],
  ['board.delete', { boardId: 'other', change: change('gone again') }],
  [
    'prompt.insert',
    { prompt: { id: 'p', taskId: 'a', text: 'x', pictures: [], createdBy: 'ann', createdAt: 4 } },
  ],
  ['prompt.update', { promptId: 'p', message: { text: 'y', pictures: [] } }],
  ['prompt.place', { promptId: 'p', beforePromptId: null }],
  ['prompt.delete', { promptId: 'p' }],
  ['review.insert', { comment, file: { path: 'a.ts', text: 'x' } }],
  [
    'review.update',
    { taskId: 'a', comments: [{ id: 'c', state: 'reopened' }], files: [{ path: 'a.ts', text: 'y' }] },
  ],
  ['review.delete', { commentId: 'c' }],
  ['review.mark', { taskId: 'a', path: 'a.ts', content: 'a1' }],
  ['review.mark', { taskId: 'a', path: 'a.ts', content: null }],
  ['rule.insert', { rule }],
  ['rule.insert', { rule: { ...rule, id: 'of card', scope: 'card', scopeId: 'a' } }],
  ['rule.insert', { rule: { ...rule, id: 'of run', scope: 'run', scopeId: 'run' } }],
  ['rule.update', { ruleId: 'rule', patch: { path: 'src/**' } }],
  ['rule.place', { ruleId: 'rule', beforeRuleId: 'of run' }],
  ['rule.putPreset', { boardId, agentTypeId: 'demo', preset: 'read' }],
  ['rule.putPreset', { boardId, agentTypeId: 'demo', preset: null }],
  ['permission.insert', { request }],
  ['permission.putRuling', { requestId: 'request', ruling: request.ruling, at: 5 }],
  ['permission.resolve', { requestId: 'request', optionId: 'yes', actor: 'ann', at: 5 }],
  ['rule.delete', { ruleId: 'rule', at: 6 }],
  ['rule.restore', { ruleId: 'rule' }],
  ['rule.deleteOfRun', { runId: 'run' }],
  ['task.delete', { taskId: 'b', change: change('2') }],
  ['task.restore', { taskId: 'b', change: change('3') }],
  ['task.delete', { taskId: 'b', change: change('4') }],
  ['task.purgeDeleted', { before: 10 }],
];

const queryParams: Record<QueryName, object> = {
  boards: {},
  boardCards: { boardId },
  cards: { taskIds: ['a', 'b'] },
  createdCards: { taskId: 'a' },
  lineage: { taskId: 'a' },
  changedCards: { afterVersion: 0, limit: 10 },
  deletedTasks: {},
  deletedBoards: {},
  allCards: {},
  waitingTasks: {},
  queuePause: {},
  run: { runId: 'run' },
  runsOfTask: { taskId: 'a' },
  dependentTasks: {},
  dependencies: { taskIds: ['a', 'b'] },
  liveRuns: {},
  oldRuns: { taskIds: ['a', 'b'], keep: 20 },
  tasksInProgress: {},
  openPermissionRequests: {},
  taskHistory: { taskId: 'a' },
  taskRuns: { taskId: 'a' },
  queuedPrompt: { promptId: 'p' },
  queuedPrompts: { taskId: 'a' },
  reviewComment: { commentId: 'c' },
  reviewComments: { taskId: 'a' },
  reviewFiles: { taskId: 'a' },
  reviewMarks: { taskId: 'a' },
  statistics: {
    weeks: null,
    timeZone: 'UTC',
    firstDay: 1,
    boardId: null,
    agentTypeId: null,
    now: 5,
  },
  timeline: { taskId: 'a', before: { at: 9, key: 'run x' }, limit: 10 },
  toolKinds: { runId: 'run' },
  transcript: { runId: 'run', beforeSeq: null, limit: 10 },
  changedEntries: { taskId: 'a', afterRev: 0, limit: 10 },
  runLink: { runId: 'run' },
  permissionRules: {},
  permissionPresets: {},
  ruleContext: { runId: 'run' },
  pastRequests: { before: 10, limit: 10 },
};

/** The plans of all statements that are executed. */
function plansOf(work: (db: SqlDatabase) => void): Map<string, string[]> {
  const db = new SqlDatabase(sqlJs, null);
  migrate(db);
  const plans = new Map<string, string[]>();
  const all = db.all.bind(db);
  const run = db.run.bind(db);
  const explain = (sql: string, params: SqlValue[]): void => {
    if (!/^\s*(SELECT|INSERT|UPDATE|DELETE)/.test(sql)) return;
    const rows = all(`EXPLAIN QUERY PLAN ${sql}`, ...params);
    plans.set(
      sql,
      rows.map(({ detail }) => String(detail)),
    );
  };
  db.all = (sql, ...params) => {
    explain(sql, params);
    return all(sql, ...params);
  };
  db.run = (sql, ...params) => {
    explain(sql, params);
    return run(sql, ...params);
  };
  work(db);
  db.close();
  return plans;
}

function fullScans(plan: readonly string[]): string[] {
  return plan.filter((detail) => {
    const table = /^SCAN (?:TABLE )?(\w+)/.exec(detail)?.[1];
    return table !== undefined && !(table in tinyTables);
  });
}

describe('an index stands behind', () => {
  it.each(Object.entries(queryParams))('the query %s', (name, params) => {
    const ask = queries[name as QueryName] as (db: SqlDatabase, params: object) => unknown;
    const plans = plansOf((db) => void ask(db, params));
    expect(plans.size).toBeGreaterThan(0);
    for (const [sql, plan] of plans) expect([sql, fullScans(plan)]).toEqual([sql, []]);
  });

  it('every change', () => {
    const names = new Set(writeParams.map(([name]) => name));
    expect([...names].sort()).toEqual(Object.keys(writes).sort());
    const plans = plansOf((db) => {
      for (const [name, params] of writeParams) {
        const apply = writes[name] as (db: SqlDatabase, params: object) => unknown;
        db.transaction(() => apply(db, params));
      }
    });
    for (const [sql, plan] of plans) expect([sql, fullScans(plan)]).toEqual([sql, []]);
  });

  it('every foreign key, so that a deletion reads no whole table', () => {
    const db = new SqlDatabase(sqlJs, null);
    migrate(db);
    const tables = db
      .all(`SELECT name FROM sqlite_schema WHERE type = 'table'`)
      .map(({ name }) => String(name));
    for (const table of tables) {
      for (const key of db.all(`SELECT * FROM pragma_foreign_key_list('${table}')`)) {
        const plan = db.all(`EXPLAIN QUERY PLAN SELECT 1 FROM ${table} WHERE ${String(key.from)} = ?`, 'x');
        expect([table, key.from, fullScans(plan.map(({ detail }) => String(detail)))]).toEqual([
          table,
          key.from,
          [],
        ]);
      }
    }
    db.close();
  });
});

describe('the tables', () => {
  it('are those of the specification, with their foreign keys checked', () => {
    const db = new SqlDatabase(sqlJs, null);
    migrate(db);
    const tables = db.all(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`);
    expect(tables.map(({ name }) => name)).toEqual([
      'acp_messages',
      'agent_instances',
      'agent_logs',
      'agent_requests',
      'agent_types',
      'boards',
      'meta',
      'permission_presets',
      'permission_requests',
      'permission_rules',
      'prompts',
      'review_comments',
      'review_files',
      'review_marks',
      'run_links',
      'run_states',
      'task_dependencies',
      'task_events',
      'tasks',
      'turn_usage',
      'users',
    ]);
    expect(() => db.run(`INSERT INTO task_dependencies VALUES ('no', 'such', 1)`)).toThrow('FOREIGN KEY');
    db.close();
  });
});
