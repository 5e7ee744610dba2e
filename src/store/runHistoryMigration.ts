/**
 * For statistics and the timeline of a card: each state that a run has been in (`times` knows of the last time only) and
 * their sums, what each turn has used, and what happened to a card beside changes of its state. Of runs that are there
 * already, what is known.
 */
export const runHistory = `
CREATE TABLE run_states (
  run_id TEXT NOT NULL REFERENCES agent_instances(id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  state TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER,
  PRIMARY KEY (run_id, seq)
) WITHOUT ROWID;
INSERT INTO run_states (run_id, seq, state, since, until)
  SELECT agent_instances.id, row_number() OVER spells, times.key, times.value, lead(times.value) OVER spells
  FROM agent_instances, json_each(agent_instances.times) AS times
  WINDOW spells AS (PARTITION BY agent_instances.id ORDER BY times.value, times.id);

CREATE TABLE turn_usage (
  run_id TEXT NOT NULL REFERENCES agent_instances(id) ON DELETE CASCADE,
  turn INTEGER NOT NULL,
  context INTEGER,
  context_size INTEGER,
  cost REAL,
  currency TEXT,
  spent REAL,
  tokens INTEGER,
  at INTEGER NOT NULL,
  PRIMARY KEY (run_id, turn)
) WITHOUT ROWID;
INSERT INTO turn_usage (run_id, turn, context, context_size, cost, currency, spent, at)
  WITH told AS (
    SELECT run_id, turn, max(seq), at, data ->> '$.used' AS context, data ->> '$.size' AS context_size,
      data ->> '$.cost.amount' AS cost, data ->> '$.cost.currency' AS currency
    FROM acp_messages WHERE kind = 'usage' AND json_valid(data) GROUP BY run_id, turn
  ), before AS (
    SELECT told.*, lag(told.cost) OVER (
      PARTITION BY coalesce(run.session_id, run.id), told.currency ORDER BY run.created_at, run.rowid, told.turn
    ) AS last FROM told JOIN agent_instances AS run ON run.id = told.run_id
  )
  SELECT run_id, turn, context, context_size, cost, currency,
    CASE WHEN last IS NULL OR cost < last THEN cost ELSE cost - last END, at FROM before;

ALTER TABLE agent_instances ADD COLUMN ready_at INTEGER;
ALTER TABLE agent_instances ADD COLUMN worked_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE agent_instances ADD COLUMN waited_ms INTEGER NOT NULL DEFAULT 0;
UPDATE agent_instances SET
  ready_at = (SELECT min(since) FROM run_states WHERE run_id = id AND state = 'READY'),
  worked_ms = coalesce((SELECT sum(until - since) FROM run_states WHERE run_id = id AND state = 'RUNNING'), 0),
  waited_ms = coalesce((SELECT sum(until - since) FROM run_states WHERE run_id = id AND state = 'WAITING'), 0);

ALTER TABLE task_events ADD COLUMN kind TEXT NOT NULL DEFAULT 'state';
ALTER TABLE task_events ADD COLUMN detail TEXT;

CREATE INDEX agent_instances_by_creation ON agent_instances (created_at);
CREATE INDEX agent_instances_by_session ON agent_instances (session_id);
CREATE INDEX acp_messages_of_user ON acp_messages (task_id, at) WHERE kind = 'user';
`;
