import * as v from 'valibot';
import { commandSchemas, querySchemas } from '../../api/contract.ts';
import { approvalPresets, ruleDecisions, ruleScopes } from '../../model/permissionRule.ts';
import { itemsOf } from '../resources.ts';
import { route, type Route } from '../route.ts';
import { done, isDone, oneId, strict } from './common.ts';

const tag = 'Permission rules';
const text = v.nullable(v.string());
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const time = v.pipe(v.number(), v.integer(), v.description('Milliseconds since 1970.'));

const ruleSchema = v.pipe(
  v.object({
    id: v.string(),
    scope: v.picklist(ruleScopes),
    scopeId: v.pipe(text, v.description('The run, the card or the board; null for the workspace.')),
    agentTypeId: text,
    toolKind: text,
    path: v.pipe(text, v.description('A glob from the top of the workspace.')),
    command: v.pipe(text, v.description('The words of one command, with `*`; `[*]` is a star.')),
    title: v.pipe(text, v.description('What the agent calls it, with `*`.')),
    decision: v.picklist(ruleDecisions),
    isEnabled: v.boolean(),
    position: v.pipe(v.number(), v.description('Order among rules of the same scope: lower is first.')),
    matches: v.pipe(count, v.description('How many requests it has decided, or put before the user.')),
    lastMatchAt: v.nullable(time),
    createdBy: v.string(),
    createdAt: time,
  }),
  v.title('PermissionRule'),
);
const answered = v.pipe(count, v.description('How many requests that waited were answered by it.'));
const effective = v.object({ rule: ruleSchema, answered });
const choiceSchema = v.object({
  boardId: v.string(),
  agentTypeId: v.pipe(text, v.description('Null: all agents without a choice of their own.')),
  preset: v.picklist(approvalPresets),
});
const testedSchema = v.object({
  requestId: v.string(),
  taskId: v.string(),
  taskTitle: v.string(),
  title: v.string(),
  toolKind: v.string(),
  command: text,
  paths: v.array(v.string()),
  requestedAt: time,
  answer: v.nullable(v.object({ name: v.string(), kind: v.string() })),
  answeredBy: text,
  isMatch: v.boolean(),
  before: v.picklist(ruleDecisions),
  after: v.picklist(ruleDecisions),
});

/** By which agents are answered without asking. Who may answer them may say so beforehand, and nobody else. */
export const ruleRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/permission-rules',
    operationId: 'listPermissionRules',
    summary: 'All rules, in their order. One that rejects wins, then the narrower scope, then the order.',
    tag,
    scope: 'read',
    response: itemsOf(ruleSchema),
    handle: async ({ kandev }) => ({ body: { items: (await kandev.query('rules', {})).rules } }),
  }),
  route({
    method: 'post',
    path: '/permission-rules',
    operationId: 'createPermissionRule',
    summary: 'Makes a rule, before all others. It counts at once for the requests that wait.',
    tag,
    scope: 'approve',
    body: strict(commandSchemas['rule.create']),
    status: 201,
    response: effective,
    handle: async ({ kandev, body }) => ({ body: await kandev.execute('rule.create', body) }),
  }),
  route({
    method: 'patch',
    path: '/permission-rules/{id}',
    operationId: 'updatePermissionRule',
    summary: 'Changes a rule, or switches it on or off.',
    tag,
    scope: 'approve',
    params: oneId,
    body: strict(v.omit(commandSchemas['rule.update'], ['ruleId'])),
    response: effective,
    handle: async ({ kandev, params: { id: ruleId }, body }) => ({
      body: await kandev.execute('rule.update', { ruleId, ...body }),
    }),
  }),
  route({
    method: 'delete',
    path: '/permission-rules/{id}',
    operationId: 'deletePermissionRule',
    summary: 'Takes a rule away. It can be brought back for 30 days.',
    tag,
    scope: 'approve',
    params: oneId,
    response: done,
    handle: async ({ kandev, params: { id: ruleId } }) => {
      await kandev.execute('rule.delete', { ruleId });
      return { body: isDone };
    },
  }),
  route({
    method: 'post',
    path: '/permission-rules/{id}/restore',
    operationId: 'restorePermissionRule',
    summary: 'Brings a deleted rule back.',
    tag,
    scope: 'approve',
    params: oneId,
    body: v.strictObject({}),
    response: effective,
    handle: async ({ kandev, params: { id: ruleId } }) => ({
      body: await kandev.execute('rule.restore', { ruleId }),
    }),
  }),
  route({
    method: 'post',
    path: '/permission-rules/{id}/place',
    operationId: 'placePermissionRule',
    summary: 'Puts a rule before another one, or behind all.',
    tag,
    scope: 'approve',
    params: oneId,
    body: strict(v.omit(commandSchemas['rule.place'], ['ruleId'])),
    response: done,
    handle: async ({ kandev, params: { id: ruleId }, body }) => {
      await kandev.execute('rule.place', { ruleId, ...body });
      return { body: isDone };
    },
  }),
  route({
    method: 'post',
    path: '/permission-rules/test',
    operationId: 'testPermissionRule',
    summary: 'What a rule would have done to past requests. It changes nothing.',
    tag,
    scope: 'read',
    body: strict(querySchemas['rule.test']),
    response: v.object({ lookedAt: count, requests: v.array(testedSchema) }),
    handle: async ({ kandev, body }) => ({ body: await kandev.query('rule.test', body) }),
  }),
  route({
    method: 'get',
    path: '/permission-presets',
    operationId: 'listPermissionPresets',
    summary: 'What becomes of requests that no rule decides; without a choice, the user is asked.',
    tag,
    scope: 'read',
    response: itemsOf(choiceSchema),
    handle: async ({ kandev }) => ({ body: { items: (await kandev.query('rules', {})).presets } }),
  }),
  route({
    method: 'put',
    path: '/permission-presets',
    operationId: 'setPermissionPreset',
    summary: 'Chooses that for a board or one of its agents; null takes the choice back.',
    tag,
    scope: 'approve',
    body: strict(commandSchemas['rule.setPreset']),
    response: v.object({ answered }),
    handle: async ({ kandev, body }) => ({ body: await kandev.execute('rule.setPreset', body) }),
  }),
];
