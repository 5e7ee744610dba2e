import { runHistory } from './runHistoryMigration.ts';
import type { ExecutedStatement, SqlDatabase } from './sqlDatabase.ts';

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
  {
    version: 2,
    sql: `
CREATE TABLE users (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  email TEXT,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE agent_types (
  id TEXT PRIMARY KEY,
  definition TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE task_dependencies (
  task_id TEXT NOT NULL REFERENCES tasks(id) ON DELETE CASCADE,
  depends_on_id TEXT NOT NULL REFERENCES tasks(id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (task_id, depends_on_id),
  CHECK (task_id <> depends_on_id)
) WITHOUT ROWID;
CREATE INDEX task_dependencies_by_depends_on ON task_dependencies (depends_on_id);

CREATE TABLE agent_logs (
  run_id TEXT NOT NULL REFERENCES agent_instances(id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  stream TEXT NOT NULL,
  text TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (run_id, seq)
) WITHOUT ROWID;

CREATE TABLE permission_rules (
  id TEXT PRIMARY KEY,
  board_id TEXT REFERENCES boards(id) ON DELETE CASCADE,
  tool_kind TEXT,
  path_pattern TEXT,
  command_pattern TEXT,
  decision TEXT NOT NULL CHECK (decision IN ('allow', 'reject', 'ask')),
  position REAL NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE INDEX permission_rules_by_board ON permission_rules (board_id, position);

CREATE TABLE prompts (
  id TEXT PRIMARY KEY,
  task_id TEXT NOT NULL REFERENCES tasks(id) ON DELETE CASCADE,
  run_id TEXT REFERENCES agent_instances(id) ON DELETE CASCADE,
  text TEXT NOT NULL,
  state TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  sent_at INTEGER
);
CREATE INDEX prompts_by_task ON prompts (task_id, state, created_at);
CREATE INDEX prompts_by_run ON prompts (run_id);

ALTER TABLE tasks ADD COLUMN deleted_at INTEGER;
DROP INDEX tasks_by_board;
CREATE INDEX tasks_by_board ON tasks (board_id, state, position) WHERE deleted_at IS NULL;
CREATE INDEX tasks_by_state ON tasks (state) WHERE deleted_at IS NULL;
CREATE INDEX tasks_by_deletion ON tasks (board_id, deleted_at);

DROP INDEX permission_requests_by_task;
CREATE INDEX permission_requests_by_task ON permission_requests (task_id, state, requested_at);
`,
  },
  {
    version: 3,
    sql: `
ALTER TABLE boards ADD COLUMN workspace_mode TEXT NOT NULL DEFAULT 'folder';
ALTER TABLE tasks ADD COLUMN include_uncommitted INTEGER NOT NULL DEFAULT 1;
ALTER TABLE agent_instances ADD COLUMN workspace TEXT;
ALTER TABLE agent_instances ADD COLUMN changes TEXT;
`,
  },
  {
    version: 4,
    sql: `
ALTER TABLE tasks ADD COLUMN queue_order INTEGER;
ALTER TABLE tasks ADD COLUMN retry TEXT;
UPDATE tasks SET queue_order = updated_at - priority * 3600000
  WHERE state = 'TODO' AND agent_type_id IS NOT NULL AND held_because IS NULL;
`,
  },
  {
    version: 5,
    sql: `
ALTER TABLE prompts ADD COLUMN position REAL NOT NULL DEFAULT 0;
`,
  },
  {
    version: 6,
    sql: `
ALTER TABLE tasks ADD COLUMN resources TEXT;
ALTER TABLE agent_instances ADD COLUMN blocked TEXT NOT NULL DEFAULT '[]';
`,
  },
  {
    version: 7,
    sql: `
CREATE TABLE run_links (
  run_id TEXT PRIMARY KEY REFERENCES agent_instances(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  agent TEXT NOT NULL,
  session TEXT NOT NULL,
  prompt TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE agent_requests (
  run_id TEXT NOT NULL REFERENCES agent_instances(id) ON DELETE CASCADE,
  start INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  PRIMARY KEY (run_id, start)
) WITHOUT ROWID;
`,
  },
  {
    version: 8,
    // Each change of a card, and of an entry of its transcript, has a number that only rises: who knows up to which one
    // they have seen can ask for the rest, and whoever changes a card can say which one they mean.
    sql: `
ALTER TABLE tasks ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
UPDATE tasks SET version = rowid;
CREATE INDEX tasks_by_version ON tasks (board_id, version);
INSERT INTO meta (key, value) SELECT 'task_version', coalesce(max(version), 0) FROM tasks;
CREATE TRIGGER task_version_of_new AFTER INSERT ON tasks BEGIN
  UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'task_version';
  UPDATE tasks SET version = (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'task_version') WHERE id = NEW.id;
END;
CREATE TRIGGER task_version_of_changed AFTER UPDATE ON tasks WHEN NEW.version = OLD.version BEGIN
  UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'task_version';
  UPDATE tasks SET version = (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'task_version') WHERE id = NEW.id;
END;

ALTER TABLE acp_messages ADD COLUMN rev INTEGER NOT NULL DEFAULT 0;
UPDATE acp_messages SET rev = (SELECT rowid FROM agent_instances WHERE id = run_id) * 1000000 + seq;
CREATE INDEX acp_messages_by_rev ON acp_messages (task_id, rev);
`,
  },
  {
    version: 9,
    sql: `
CREATE TABLE review_comments (
  id TEXT PRIMARY KEY,
  task_id TEXT NOT NULL REFERENCES tasks(id) ON DELETE CASCADE,
  path TEXT NOT NULL,
  side TEXT NOT NULL,
  before TEXT,
  lines TEXT NOT NULL,
  place TEXT NOT NULL,
  quote TEXT NOT NULL,
  text TEXT NOT NULL,
  state TEXT NOT NULL,
  prompt_id TEXT,
  given TEXT,
  is_touched INTEGER NOT NULL DEFAULT 0,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE INDEX review_comments_by_task ON review_comments (task_id, created_at);
CREATE INDEX review_comments_open ON review_comments (task_id, state) WHERE state <> 'resolved';

CREATE TABLE review_files (
  task_id TEXT NOT NULL REFERENCES tasks(id) ON DELETE CASCADE,
  path TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (task_id, path)
) WITHOUT ROWID;
`,
  },
  {
    version: 10,
    sql: `
ALTER TABLE run_links ADD COLUMN worked TEXT NOT NULL DEFAULT 'null';
`,
  },
  {
    version: 11,
    sql: `
CREATE TABLE review_marks (
  task_id TEXT NOT NULL REFERENCES tasks(id) ON DELETE CASCADE,
  path TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (task_id, path)
) WITHOUT ROWID;
`,
  },
  {
    version: 12,
    sql: `
ALTER TABLE tasks ADD COLUMN created_from TEXT REFERENCES tasks(id) ON DELETE SET NULL;
CREATE INDEX tasks_by_origin ON tasks (created_from) WHERE created_from IS NOT NULL;
`,
  },
  {
    version: 13,
    // The table of before was never written to. Each rule has the id that its scope needs, and goes with what has it.
    sql: `
DROP TABLE permission_rules;
CREATE TABLE permission_rules (
  id TEXT PRIMARY KEY,
  scope TEXT NOT NULL,
  board_id TEXT REFERENCES boards(id) ON DELETE CASCADE,
  task_id TEXT REFERENCES tasks(id) ON DELETE CASCADE,
  run_id TEXT REFERENCES agent_instances(id) ON DELETE CASCADE,
  agent_type_id TEXT,
  tool_kind TEXT,
  path TEXT,
  command TEXT,
  title TEXT,
  decision TEXT NOT NULL,
  is_enabled INTEGER NOT NULL,
  position REAL NOT NULL,
  matches INTEGER NOT NULL DEFAULT 0,
  last_match_at INTEGER,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  deleted_at INTEGER
) WITHOUT ROWID;
CREATE INDEX permission_rules_by_board ON permission_rules (board_id);
CREATE INDEX permission_rules_by_task ON permission_rules (task_id);
CREATE INDEX permission_rules_by_run ON permission_rules (run_id);
INSERT INTO permission_rules (id, scope, agent_type_id, tool_kind, title, decision, is_enabled, position, created_by, created_at)
  VALUES ('workspace-indexing', 'workspace', 'auggie-cli', 'other', '*Indexing*', 'allow', 1, 1, 'kandev', 0);

CREATE TABLE permission_presets (
  board_id TEXT NOT NULL REFERENCES boards(id) ON DELETE CASCADE,
  agent_type_id TEXT NOT NULL,
  preset TEXT NOT NULL,
  PRIMARY KEY (board_id, agent_type_id)
) WITHOUT ROWID;

ALTER TABLE permission_requests ADD COLUMN places TEXT NOT NULL DEFAULT '[]';
ALTER TABLE permission_requests ADD COLUMN ruling TEXT;
CREATE INDEX permission_requests_by_time ON permission_requests (requested_at);
`,
  },
  {
    version: 14,
    sql: runHistory,
  },
  {
    version: 15,
    sql: `
ALTER TABLE boards ADD COLUMN position INTEGER NOT NULL DEFAULT 1;
ALTER TABLE boards ADD COLUMN deleted_at INTEGER;
DROP INDEX tasks_by_version;
CREATE INDEX tasks_by_version ON tasks (version);
`,
  },
  {
    version: 16,
    sql: `
ALTER TABLE prompts ADD COLUMN pictures TEXT NOT NULL DEFAULT '[]';
`,
  },
];

/** The version this program writes and the newest it can read. */
export const currentVersion = migrations[migrations.length - 1]?.version ?? 0;

/** Those that take a database from `version` to the newest, in order. */
export function pendingMigrations(version: number): readonly Migration[] {
  return migrations.filter((migration) => migration.version > version);
}

/** Brings the database up to date, each step in a transaction of its own; returns what each executed. */
export function migrate(db: SqlDatabase): (readonly ExecutedStatement[])[] {
  return pendingMigrations(db.userVersion()).map(({ version, sql }) => {
    const { statements } = db.transaction(() => {
      db.script(sql);
      db.script(`PRAGMA user_version = ${version}`);
    });
    return statements;
  });
}
