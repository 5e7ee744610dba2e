import * as v from 'valibot';
import { commandSchemas } from '../../api/contract.ts';
import { cardOf } from '../cards.ts';
import { itemsOf } from '../resources.ts';
import { route, type Route } from '../route.ts';
import { runParams, strict, taskParams } from './common.ts';
import { runOf } from './runRoutes.ts';

const tag = 'Results';

const changesSchema = v.pipe(
  v.object({
    files: v.array(
      v.object({
        path: v.string(),
        kind: v.picklist(['added', 'modified', 'deleted', 'renamed']),
        oldPath: v.nullable(v.string()),
        added: v.nullable(v.number()),
        removed: v.nullable(v.number()),
      }),
    ),
    added: v.number(),
    removed: v.number(),
    skipped: v.array(v.object({ path: v.string(), why: v.string() })),
    between: v.pipe(
      v.array(v.string()),
      v.description('Of the files those that were changed while no agent was at work.'),
    ),
    warnings: v.array(v.string()),
  }),
  v.title('Changes'),
);

const conflictSchema = v.object({ path: v.string(), reason: v.string() });
const headSchema = v.object({ branch: v.nullable(v.string()), commit: v.nullable(v.string()) });
const revertSchema = v.object({
  done: v.pipe(v.boolean(), v.description('False when nothing was touched.')),
  undoId: v.nullable(v.string()),
  paths: v.array(v.string()),
  conflicts: v.array(conflictSchema),
  kept: v.array(v.string()),
  branchMoved: v.nullable(v.object({ from: headSchema, to: headSchema })),
});
const commitSchema = v.object({ commit: v.string(), left: v.array(v.string()) });

/** What agents have made, and how it is taken. Nothing of it is done while an agent is at work there. */
export const resultRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/tasks/{taskId}/changes',
    operationId: 'getChanges',
    summary: 'The files that all runs of a card together have changed.',
    tag,
    scope: 'read',
    params: taskParams,
    response: changesSchema,
    handle: async ({ kandev, params: { taskId } }) => {
      await cardOf(kandev, taskId);
      return { body: await kandev.query('result.changes', { span: { taskId } }) };
    },
  }),
  route({
    method: 'get',
    path: '/tasks/{taskId}/runs/{runId}/changes',
    operationId: 'getRunChanges',
    summary: 'The files that a run has changed.',
    tag,
    scope: 'read',
    params: runParams,
    response: changesSchema,
    handle: async ({ kandev, params }) => {
      const { id: runId } = await runOf(kandev, params);
      return { body: await kandev.query('result.changes', { span: { runId } }) };
    },
  }),
  route({
    method: 'get',
    path: '/tasks/{taskId}/runs/{runId}/file',
    operationId: 'getRunFile',
    summary: 'A file before or after a run, in base64; null when there was none.',
    tag,
    scope: 'read',
    params: runParams,
    query: v.strictObject({
      path: v.pipe(v.string(), v.minLength(1), v.maxLength(10_000)),
      side: v.picklist(['before', 'after']),
    }),
    response: v.object({ content: v.nullable(v.string()) }),
    handle: async ({ kandev, params, query }) => {
      const { id: runId } = await runOf(kandev, params);
      return { body: { content: await kandev.query('result.file', { span: { runId }, ...query }) } };
    },
  }),
  route({
    method: 'post',
    path: '/tasks/{taskId}/apply',
    operationId: 'applyChanges',
    summary: 'Merges the change of a clone or a copy into the files of the folder, not committed.',
    tag,
    scope: 'run',
    params: taskParams,
    body: strict(v.omit(commandSchemas['result.apply'], ['taskId', 'operation'])),
    response: v.object({
      done: v.boolean(),
      undoId: v.nullable(v.string()),
      paths: v.array(v.string()),
      blocked: v.array(conflictSchema),
      conflicts: v.array(v.string()),
    }),
    handle: async ({ kandev, params: { taskId }, body }) => ({
      body: await kandev.execute('result.apply', { taskId, ...body }),
    }),
  }),
  route({
    method: 'post',
    path: '/tasks/{taskId}/merge',
    operationId: 'mergeChanges',
    summary: 'Merges the branch of a card into the branch of the folder.',
    tag,
    scope: 'run',
    params: taskParams,
    body: strict(v.omit(commandSchemas['result.merge'], ['taskId', 'operation'])),
    response: v.object({
      result: v.string(),
      commit: v.nullable(v.string()),
      blocked: v.array(conflictSchema),
      conflicts: v.array(v.string()),
    }),
    handle: async ({ kandev, params: { taskId }, body }) => ({
      body: await kandev.execute('result.merge', { taskId, ...body }),
    }),
  }),
  route({
    method: 'post',
    path: '/tasks/{taskId}/commit',
    operationId: 'commitChanges',
    summary: 'Commits the files that the agent has changed, and nothing else.',
    tag,
    scope: 'run',
    params: taskParams,
    body: strict(v.omit(commandSchemas['result.commit'], ['span', 'operation'])),
    response: commitSchema,
    handle: async ({ kandev, params: { taskId }, body }) => ({
      body: await kandev.execute('result.commit', { span: { taskId }, ...body }),
    }),
  }),
  route({
    method: 'post',
    path: '/tasks/{taskId}/branch',
    operationId: 'createBranch',
    summary: 'Makes a branch of the change; the folder stays on its own.',
    tag,
    scope: 'run',
    params: taskParams,
    body: strict(v.omit(commandSchemas['result.createBranch'], ['span', 'operation'])),
    response: commitSchema,
    handle: async ({ kandev, params: { taskId }, body }) => ({
      body: await kandev.execute('result.createBranch', { span: { taskId }, ...body }),
    }),
  }),
  route({
    method: 'post',
    path: '/tasks/{taskId}/push',
    operationId: 'pushChanges',
    summary: 'Sends the change to the repository elsewhere that the card works on.',
    tag,
    scope: 'run',
    params: taskParams,
    body: strict(v.omit(commandSchemas['result.push'], ['taskId', 'operation'])),
    response: commitSchema,
    handle: async ({ kandev, params: { taskId }, body }) => ({
      body: await kandev.execute('result.push', { taskId, ...body }),
    }),
  }),
  route({
    method: 'post',
    path: '/tasks/{taskId}/discard',
    operationId: 'discardChanges',
    summary: 'Gives up what is in the own workspace of a card.',
    tag,
    scope: 'run',
    params: taskParams,
    body: v.strictObject({}),
    response: revertSchema,
    handle: async ({ kandev, params: { taskId } }) => ({
      body: await kandev.execute('result.discard', { taskId }),
    }),
  }),
  route({
    method: 'post',
    path: '/tasks/{taskId}/runs/{runId}/roll-back',
    operationId: 'rollBack',
    summary: 'Takes the files back to before a run.',
    tag,
    scope: 'run',
    params: runParams,
    body: strict(v.omit(commandSchemas['result.rollBack'], ['runId', 'operation'])),
    response: revertSchema,
    handle: async ({ kandev, params, body }) => {
      const { id: runId } = await runOf(kandev, params);
      return { body: await kandev.execute('result.rollBack', { runId, ...body }) };
    },
  }),
  route({
    method: 'get',
    path: '/undos',
    operationId: 'listUndos',
    summary: 'What can be taken back on the whole board, the newest first.',
    tag,
    scope: 'read',
    response: itemsOf(
      v.object({
        undoId: v.string(),
        taskId: v.string(),
        title: v.string(),
        what: v.string(),
        at: v.number(),
      }),
    ),
    handle: async ({ kandev }) => ({ body: { items: await kandev.query('result.undos', {}) } }),
  }),
  route({
    method: 'post',
    path: '/tasks/{taskId}/undo',
    operationId: 'undo',
    summary: 'Takes back a roll-back, a discard, an apply, or an undo.',
    tag,
    scope: 'run',
    params: taskParams,
    body: strict(v.omit(commandSchemas['result.undo'], ['taskId', 'operation'])),
    response: revertSchema,
    handle: async ({ kandev, params: { taskId }, body }) => ({
      body: await kandev.execute('result.undo', { taskId, ...body }),
    }),
  }),
];
