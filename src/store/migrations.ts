import type { SqlDatabase } from './sqlDatabase.ts';

export interface Migration {
  /** The `user_version` the database has afterwards. */
  version: number;
  sql: string;
}

/** Never edit one that has been released: add the next. */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    sql: `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE boards (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  columns TEXT NOT NULL,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE tasks (
  id TEXT PRIMARY KEY,
  board_id TEXT NOT NULL REFERENCES boards(id) ON DELETE CASCADE,
  title TEXT NOT NULL CHECK (title <> ''),
  description TEXT NOT NULL,
  state TEXT NOT NULL,
  priority INTEGER NOT NULL,
  position REAL NOT NULL,
  agent_type_id TEXT,
  workspace_mode TEXT NOT NULL,
  repository_url TEXT,
  branch TEXT,
  labels TEXT NOT NULL,
  held_because TEXT,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE INDEX tasks_by_board ON tasks (board_id, state, position);

CREATE TABLE task_events (
  id TEXT PRIMARY KEY,
  task_id TEXT NOT NULL REFERENCES tasks(id) ON DELETE CASCADE,
  actor TEXT NOT NULL,
  from_state TEXT,
  to_state TEXT NOT NULL,
  why TEXT,
  at INTEGER NOT NULL
);
CREATE INDEX task_events_by_task ON task_events (task_id, at);

CREATE TABLE agent_instances (
  id TEXT PRIMARY KEY,
  task_id TEXT NOT NULL REFERENCES tasks(id) ON DELETE CASCADE,
  agent_type_id TEXT NOT NULL,
  state TEXT NOT NULL,
  session_id TEXT,
  container_id TEXT,
  turns INTEGER NOT NULL,
  activity TEXT,
  stop_reason TEXT,
  failure TEXT,
  times TEXT NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE INDEX agent_instances_by_task ON agent_instances (task_id, created_at);
CREATE INDEX agent_instances_by_state ON agent_instances (state);

CREATE TABLE acp_messages (
  run_id TEXT NOT NULL REFERENCES agent_instances(id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  task_id TEXT NOT NULL,
  turn INTEGER NOT NULL,
  kind TEXT NOT NULL,
  key TEXT,
  text TEXT NOT NULL,
  data TEXT,
  at INTEGER NOT NULL,
  PRIMARY KEY (run_id, seq)
) WITHOUT ROWID;

CREATE TABLE permission_requests (
  id TEXT PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES agent_instances(id) ON DELETE CASCADE,
  task_id TEXT NOT NULL REFERENCES tasks(id) ON DELETE CASCADE,
  tool_call_id TEXT NOT NULL,
  title TEXT NOT NULL,
  tool_kind TEXT NOT NULL,
  command TEXT,
  paths TEXT NOT NULL,
  diffs TEXT NOT NULL,
  options TEXT NOT NULL,
  state TEXT NOT NULL,
  answer TEXT,
  answered_by TEXT,
  requested_at INTEGER NOT NULL,
  resolved_at INTEGER
);
CREATE INDEX permission_requests_by_state ON permission_requests (state, requested_at);
CREATE INDEX permission_requests_by_run ON permission_requests (run_id);
CREATE INDEX permission_requests_by_task ON permission_requests (task_id);
`,
  },
];

/** The version this program writes and the newest it can read. */
export const currentVersion = migrations[migrations.length - 1]?.version ?? 0;

/** Those that take a database from `version` to the newest, in order. */
export function pendingMigrations(version: number): readonly Migration[] {
  return migrations.filter((migration) => migration.version > version);
}

/** Brings the database up to date, each step in a transaction of its own. */
export function migrate(db: SqlDatabase): void {
  for (const { version, sql } of pendingMigrations(db.userVersion())) {
    db.transaction(() => {
      db.script(sql);
      db.script(`PRAGMA user_version = ${version}`);
    });
  }
}
