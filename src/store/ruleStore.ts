import { UserError } from '../model/failure.ts';
import type { PastRequest, PermissionRule, PresetChoice, RuleDraft } from '../model/permissionRule.ts';
import { permissionRuleFrom } from './rows.ts';
import type { SqlDatabase } from './sqlDatabase.ts';

/** A rule with what its scope is called. */
export interface NamedRule extends PermissionRule {
  /** The title of its card, or the name of its board; null for the workspace. */
  scopeName: string | null;
}

/** How long a deleted rule can be brought back, in milliseconds: 30 days. */
const keepDeletedMs = 30 * 24 * 60 * 60 * 1000;
/** More than anybody reads. */
const mostRules = 500;

/**
 * Puts a rule before all others. One with this id that is there is left as it is.
 * @throws UserError `refused` when there are too many; `not-found` when what it is for is gone
 */
export function insertRule(
  db: SqlDatabase,
  { rule }: { rule: Omit<PermissionRule, 'position'> },
): PermissionRule {
  const existing = findRule(db, rule.id);
  if (existing) return existing;
  const { number, first } = db.get(
    'SELECT count(*) AS number, min(position) AS first FROM permission_rules WHERE deleted_at IS NULL',
  ) ?? { number: 0, first: 0 };
  if (Number(number) >= mostRules) {
    const message = `There are ${mostRules} rules already. Delete those that you no longer need.`;
    throw new UserError({ reason: 'refused', message });
  }
  const stored = { ...rule, position: Number(first ?? 0) - 1 };
  const { boardId, taskId, runId } = scopeColumns(db, stored);
  db.run(
    `INSERT INTO permission_rules (id, scope, board_id, task_id, run_id, agent_type_id, tool_kind, path, command,
       title, decision, is_enabled, position, matches, last_match_at, created_by, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[stored.id, stored.scope, boardId, taskId, runId, stored.agentTypeId, stored.toolKind, stored.path],
    ...[stored.command, stored.title, stored.decision, stored.isEnabled ? 1 : 0, stored.position],
    ...[stored.matches, stored.lastMatchAt, stored.createdBy, stored.createdAt],
  );
  return stored;
}

/** @throws UserError `not-found` */
export function updateRule(
  db: SqlDatabase,
  { ruleId, patch }: { ruleId: string; patch: Partial<RuleDraft> },
): PermissionRule {
  const next = { ...requireRule(db, ruleId), ...patch };
  const { boardId, taskId, runId } = scopeColumns(db, next);
  db.run(
    `UPDATE permission_rules SET scope = ?, board_id = ?, task_id = ?, run_id = ?, agent_type_id = ?, tool_kind = ?,
       path = ?, command = ?, title = ?, decision = ?, is_enabled = ? WHERE id = ?`,
    ...[next.scope, boardId, taskId, runId, next.agentTypeId, next.toolKind],
    ...[next.path, next.command, next.title, next.decision, next.isEnabled ? 1 : 0, ruleId],
  );
  return next;
}

/** Takes a rule away; it can be brought back for 30 days. @throws UserError `not-found` */
export function deleteRule(db: SqlDatabase, { ruleId, at }: { ruleId: string; at: number }): PermissionRule {
  const rule = requireRule(db, ruleId);
  db.run('UPDATE permission_rules SET deleted_at = ? WHERE id = ?', at, ruleId);
  db.run('DELETE FROM permission_rules WHERE deleted_at < ?', at - keepDeletedMs);
  return rule;
}

/** @throws UserError `not-found` when it is gone for good */
export function restoreRule(db: SqlDatabase, { ruleId }: { ruleId: string }): PermissionRule {
  db.run('UPDATE permission_rules SET deleted_at = NULL WHERE id = ?', ruleId);
  return requireRule(db, ruleId);
}

/** Puts a rule before another one, or behind all. @throws UserError `not-found` */
export function placeRule(
  db: SqlDatabase,
  { ruleId, beforeRuleId }: { ruleId: string; beforeRuleId: string | null },
): void {
  requireRule(db, ruleId);
  const others = rules(db).filter(({ id }) => id !== ruleId);
  const found = others.findIndex(({ id }) => id === beforeRuleId);
  const index = found < 0 ? others.length : found;
  const before = others[index - 1]?.position ?? (others[index]?.position ?? 0) - 2;
  const after = others[index]?.position ?? before + 2;
  db.run('UPDATE permission_rules SET position = ? WHERE id = ?', (before + after) / 2, ruleId);
}

/** Nobody asks in that run any more. */
export function deleteRulesOfRun(db: SqlDatabase, { runId }: { runId: string }): void {
  db.run('DELETE FROM permission_rules WHERE run_id = ?', runId);
}

/** A rule has decided about one more request, or put it before the user. */
export function countMatch(db: SqlDatabase, ruleId: string, at: number): void {
  db.run('UPDATE permission_rules SET matches = matches + 1, last_match_at = ? WHERE id = ?', at, ruleId);
}

/** In their order. */
export function rules(db: SqlDatabase): NamedRule[] {
  return db
    .all(
      `SELECT permission_rules.*, coalesce(boards.name, tasks.title, (
         SELECT title FROM agent_instances JOIN tasks ON tasks.id = agent_instances.task_id
         WHERE agent_instances.id = permission_rules.run_id)) AS scope_name
       FROM permission_rules LEFT JOIN boards ON boards.id = permission_rules.board_id
       LEFT JOIN tasks ON tasks.id = permission_rules.task_id
       WHERE permission_rules.deleted_at IS NULL ORDER BY position, permission_rules.id`,
    )
    .map((row) => ({
      ...permissionRuleFrom(row),
      scopeName: row.scope_name === null || row.scope_name === undefined ? null : String(row.scope_name),
    }));
}

/**
 * Null takes the choice back: that of the board counts for an agent, and agents are asked on a board without one.
 * @throws UserError `not-found` when there is no such board
 */
export function putPreset(
  db: SqlDatabase,
  { boardId, agentTypeId, preset }: Omit<PresetChoice, 'preset'> & { preset: PresetChoice['preset'] | null },
): void {
  scopeColumns(db, { scope: 'board', scopeId: boardId });
  if (preset === null) {
    db.run(
      'DELETE FROM permission_presets WHERE board_id = ? AND agent_type_id = ?',
      boardId,
      agentTypeId ?? '',
    );
    return;
  }
  db.run(
    'INSERT OR REPLACE INTO permission_presets (board_id, agent_type_id, preset) VALUES (?, ?, ?)',
    ...[boardId, agentTypeId ?? '', preset],
  );
}

export function presets(db: SqlDatabase): PresetChoice[] {
  return db.all('SELECT * FROM permission_presets').map((row) => ({
    boardId: String(row.board_id),
    agentTypeId: row.agent_type_id === '' ? null : String(row.agent_type_id),
    preset: String(row.preset) as PresetChoice['preset'],
  }));
}

/** Which board and agent a run is of; null when it is gone. */
export function ruleContext(
  db: SqlDatabase,
  { runId }: { runId: string },
): { boardId: string; agentTypeId: string } | null {
  const row = db.get(
    `SELECT tasks.board_id, agent_instances.agent_type_id FROM agent_instances
     JOIN tasks ON tasks.id = agent_instances.task_id WHERE agent_instances.id = ?`,
    runId,
  );
  return row ? { boardId: String(row.board_id), agentTypeId: String(row.agent_type_id) } : null;
}

/** What agents have asked before a time, the last first. The texts of proposed changes, which can be megabytes, stay. */
export function pastRequests(
  db: SqlDatabase,
  { before, limit }: { before: number; limit: number },
): PastRequest[] {
  return db
    .all(
      `SELECT asked.id, asked.run_id, asked.task_id, asked.title, asked.tool_kind, asked.command, asked.places,
         asked.options, asked.state, asked.answer, asked.answered_by, asked.requested_at,
         asked.diffs <> '[]' AS has_diffs, agent_instances.agent_type_id, tasks.board_id, tasks.title AS task_title
       FROM permission_requests AS asked CROSS JOIN agent_instances ON agent_instances.id = asked.run_id
       CROSS JOIN tasks ON tasks.id = asked.task_id
       WHERE asked.requested_at < ? ORDER BY asked.requested_at DESC LIMIT ?`,
      before,
      limit,
    )
    .map((row) => ({
      id: String(row.id),
      runId: String(row.run_id),
      taskId: String(row.task_id),
      boardId: String(row.board_id),
      agentTypeId: String(row.agent_type_id),
      taskTitle: String(row.task_title),
      title: String(row.title),
      toolKind: String(row.tool_kind),
      command: row.command === null || row.command === undefined ? null : String(row.command),
      places: JSON.parse(String(row.places)) as PastRequest['places'],
      hasDiffs: row.has_diffs !== 0,
      options: JSON.parse(String(row.options)) as PastRequest['options'],
      state: String(row.state) as PastRequest['state'],
      answer: row.answer === null || row.answer === undefined ? null : String(row.answer),
      answeredBy: row.answered_by === null || row.answered_by === undefined ? null : String(row.answered_by),
      requestedAt: Number(row.requested_at),
    }));
}

function findRule(db: SqlDatabase, ruleId: string): PermissionRule | null {
  const row = db.get('SELECT * FROM permission_rules WHERE id = ? AND deleted_at IS NULL', ruleId);
  return row ? permissionRuleFrom(row) : null;
}

function requireRule(db: SqlDatabase, ruleId: string): PermissionRule {
  const rule = findRule(db, ruleId);
  if (!rule) throw new UserError({ reason: 'not-found', message: 'This rule no longer exists.' });
  return rule;
}

/** @throws UserError `not-found` */
function scopeColumns(
  db: SqlDatabase,
  { scope, scopeId }: Pick<RuleDraft, 'scope' | 'scopeId'>,
): { boardId: string | null; taskId: string | null; runId: string | null } {
  const table = { board: 'boards', card: 'tasks', run: 'agent_instances', workspace: null }[scope];
  if (table !== null && !db.get(`SELECT 1 FROM ${table} WHERE id = ?`, scopeId)) {
    throw new UserError({ reason: 'not-found', message: 'What this rule is to be for no longer exists.' });
  }
  const of = (wanted: RuleDraft['scope']): string | null => (scope === wanted ? scopeId : null);
  return { boardId: of('board'), taskId: of('card'), runId: of('run') };
}
