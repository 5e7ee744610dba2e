import * as v from 'valibot';
import type { PermissionOption } from '../model/permission.ts';
import {
  approvalPresets,
  longest,
  ruleDecisions,
  ruleScopes,
  type PermissionRule,
  type PresetChoice,
  type RuleDecision,
} from '../model/permissionRule.ts';
import type { NamedRule } from '../store/ruleStore.ts';
import type { OperationTable } from './operationTable.ts';

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(400));
const part = (most: number) => v.nullable(v.pipe(v.string(), v.trim(), v.nonEmpty(), v.maxLength(most)));

/** What a rule is about and what it decides. Null: that does not matter to it. */
const fields = {
  scope: v.picklist(ruleScopes),
  /** The id of the run, the card or the board; null for the workspace. */
  scopeId: v.nullable(id),
  agentTypeId: v.nullable(id),
  /** read, edit, delete, move, search, execute, fetch, switch_mode, other, … */
  toolKind: part(100),
  /** A glob from the top of the workspace. */
  path: part(longest.path),
  /** The words of a command, with `*`. */
  command: part(longest.command),
  /** What the agent calls it, with `*`. */
  title: part(longest.title),
  decision: v.picklist(ruleDecisions),
  isEnabled: v.boolean(),
};

const draftSchema = v.object({
  scope: v.optional(fields.scope, 'workspace'),
  scopeId: v.optional(fields.scopeId, null),
  agentTypeId: v.optional(fields.agentTypeId, null),
  toolKind: v.optional(fields.toolKind, null),
  path: v.optional(fields.path, null),
  command: v.optional(fields.command, null),
  title: v.optional(fields.title, null),
  decision: fields.decision,
  isEnabled: v.optional(fields.isEnabled, true),
});

/** What the user has said about requests once for all. */
export const ruleCommandSchemas = {
  /** Makes a rule, before all others. It decides at once about the requests that wait. */
  'rule.create': v.object({
    /** Chosen by the caller so that asking twice makes one rule; left out, a new one. */
    id: v.optional(id),
    ...draftSchema.entries,
  }),
  'rule.update': v.object({ ruleId: id, ...v.partial(v.object(fields)).entries }),
  /** It can be brought back for 30 days. */
  'rule.delete': v.object({ ruleId: id }),
  'rule.restore': v.object({ ruleId: id }),
  /** Puts a rule before another one, or behind all; it counts among rules of the same scope. */
  'rule.place': v.object({ ruleId: id, beforeRuleId: v.nullable(id) }),
  /** What becomes of requests that no rule decides, on a board or for one of its agents; null: as without a choice. */
  'rule.setPreset': v.object({
    boardId: id,
    agentTypeId: v.optional(v.nullable(id), null),
    preset: v.nullable(v.picklist(approvalPresets)),
  }),
};

export interface RuleCommandResults {
  /** How many of the requests that waited it has answered. */
  'rule.create': { rule: PermissionRule; answered: number };
  'rule.update': { rule: PermissionRule; answered: number };
  'rule.delete': PermissionRule;
  'rule.restore': { rule: PermissionRule; answered: number };
  'rule.place': null;
  'rule.setPreset': { answered: number };
}

export const ruleQuerySchemas = {
  /** All rules in their order, and what is chosen for what they do not decide. */
  rules: v.object({}),
  /** What a rule would have done to the latest requests, beside the others; `ruleId`: in place of that one. */
  'rule.test': v.object({
    ruleId: v.optional(id),
    rule: draftSchema,
    limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)), 500),
  }),
};

/** A past request, and what the rules would have done with it. */
export interface TestedRequest {
  requestId: string;
  taskId: string;
  taskTitle: string;
  title: string;
  toolKind: string;
  command: string | null;
  paths: string[];
  requestedAt: number;
  /** What was answered; null when it was closed without an answer, or is open. */
  answer: Pick<PermissionOption, 'name' | 'kind'> | null;
  answeredBy: string | null;
  /** Whether the rule is about it. */
  isMatch: boolean;
  /** Without the rule, or with it as it is now. */
  before: RuleDecision;
  /** With the rule. */
  after: RuleDecision;
}

export interface RuleQueryResults {
  rules: { rules: NamedRule[]; presets: PresetChoice[] };
  /** Those that the rule is about, the last first, among so many that were looked at. */
  'rule.test': { lookedAt: number; requests: TestedRequest[] };
}

export type RuleCommandTable = OperationTable<typeof ruleCommandSchemas, RuleCommandResults>;
export type RuleQueryTable = OperationTable<typeof ruleQuerySchemas, RuleQueryResults>;
export type RuleTest = v.InferOutput<(typeof ruleQuerySchemas)['rule.test']>;
