import * as v from 'valibot';
import { commandSchemas } from '../../api/contract.ts';
import { workspaceModes } from '../../model/task.ts';
import { cardOf } from '../cards.ts';
import { itemsOf } from '../resources.ts';
import { route, type Route } from '../route.ts';
import { empty, strict, taskParams } from './common.ts';

const workSchema = v.picklist(['none', 'untaken', 'taken', 'discarded', 'unknown']);
const failureSchema = v.object({ reason: v.string(), message: v.string() });
const idsSchema = v.object({ items: v.array(v.string()) });

/** What agents work in and on: the engine, what runs use of it, workspaces, and what is left over. */
export const machineRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/engine',
    operationId: 'getEngine',
    summary: 'The container engine in use, looked for anew, or why there is none.',
    tag: 'Engine',
    scope: 'read',
    response: v.pipe(
      v.object({
        endpoint: v.string(),
        chosenBy: v.string(),
        failure: v.nullable(failureSchema),
        engine: v.nullable(
          v.object({
            name: v.string(),
            version: v.string(),
            cpus: v.number(),
            memoryMb: v.number(),
            rootless: v.boolean(),
          }),
        ),
      }),
      v.title('Engine'),
    ),
    handle: async ({ kandev }) => ({ body: await kandev.query('engine', {}) }),
  }),
  route({
    method: 'get',
    path: '/usage',
    operationId: 'listUsage',
    summary: 'What the live runs use at the moment, as far as it was measured; asking keeps that going.',
    tag: 'Engine',
    scope: 'read',
    response: itemsOf(
      v.object({
        taskId: v.string(),
        runId: v.string(),
        cpus: v.nullable(v.number()),
        memoryMb: v.number(),
        memoryLimitMb: v.number(),
        pids: v.number(),
      }),
    ),
    handle: async ({ kandev }) => ({ body: { items: await kandev.query('usage', {}) } }),
  }),
  route({
    method: 'get',
    path: '/leftovers',
    operationId: 'listLeftovers',
    summary: 'What of this installation is on the engine and belongs to nobody any more.',
    tag: 'Engine',
    scope: 'read',
    response: itemsOf(
      v.object({
        runId: v.string(),
        cause: v.picklist(['card-gone', 'helper', 'board-gone']),
        image: v.nullable(v.string()),
        containers: v.array(v.string()),
        volumes: v.array(v.string()),
        isRunning: v.boolean(),
        createdAt: v.nullable(v.number()),
        bytes: v.nullable(v.number()),
        holdsWork: v.boolean(),
      }),
    ),
    handle: async ({ kandev }) => {
      const found = await kandev.query('leftovers', {});
      const items = found.map(({ cause, containers, volumes, ...rest }) => ({
        ...rest,
        cause: cause.kind,
        containers: [...containers],
        volumes: [...volumes],
      }));
      return { body: { items } };
    },
  }),
  route({
    method: 'post',
    path: '/leftovers/remove',
    operationId: 'removeLeftovers',
    summary: 'Removes some of it, by its runs; answers with those of which nothing is left.',
    tag: 'Engine',
    scope: 'run',
    body: strict(commandSchemas['engine.removeLeftovers']),
    response: idsSchema,
    handle: async ({ kandev, body }) => ({
      body: { items: await kandev.execute('engine.removeLeftovers', body) },
    }),
  }),
  route({
    method: 'get',
    path: '/workspaces',
    operationId: 'listWorkspaces',
    summary: 'All workspaces outside of the folder, with what they take on the disk; the largest first.',
    tag: 'Workspaces',
    scope: 'read',
    response: v.object({
      items: v.array(
        v.object({
          taskId: v.string(),
          title: v.nullable(v.string()),
          state: v.nullable(v.string()),
          kind: v.picklist(workspaceModes),
          root: v.string(),
          bytes: v.number(),
          work: workSchema,
          inUse: v.boolean(),
        }),
      ),
      checkpointBytes: v.number(),
      repositoryBytes: v.number(),
    }),
    handle: async ({ kandev }) => {
      const { entries, ...rest } = await kandev.query('workspaces', {});
      return { body: { items: entries, ...rest } };
    },
  }),
  route({
    method: 'post',
    path: '/workspaces/clear',
    operationId: 'clearWorkspaces',
    summary: 'Removes the workspaces whose work was taken or given up; answers with their cards.',
    tag: 'Workspaces',
    scope: 'run',
    body: empty,
    response: idsSchema,
    handle: async ({ kandev }) => ({ body: { items: await kandev.execute('workspaces.clear', {}) } }),
  }),
  route({
    method: 'get',
    path: '/tasks/{taskId}/workspace',
    operationId: 'getWorkspace',
    summary: 'Where the result of a card is, and whether its own workspace holds work that nobody has taken.',
    tag: 'Workspaces',
    scope: 'read',
    params: taskParams,
    response: v.object({
      kind: v.nullable(v.picklist(workspaceModes)),
      root: v.nullable(v.string()),
      branch: v.nullable(v.string()),
      work: v.pipe(v.nullable(workSchema), v.description('Null where it has none outside of the folder.')),
      runs: v.array(v.string()),
    }),
    handle: async ({ kandev, params: { taskId } }) => {
      await cardOf(kandev, taskId);
      const [info, work] = await Promise.all([
        kandev.query('result.info', { taskId }),
        kandev.query('workspace.work', { taskId }),
      ]);
      const place = info ?? { kind: null, root: null, branch: null, runs: [] };
      const { kind, root, branch } = place;
      return { body: { kind, root, branch, work, runs: place.runs.map(({ id }) => id) } };
    },
  }),
];
