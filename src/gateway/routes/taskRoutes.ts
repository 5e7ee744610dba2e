import * as v from 'valibot';
import { commandSchemas } from '../../api/contract.ts';
import { isLive } from '../../model/run.ts';
import { priorities, taskStates } from '../../model/task.ts';
import { cardOf, requireStart, taskAnswer, taskOf } from '../cards.ts';
import { requireScope } from '../guard.ts';
import { itemsOf, pageOf, taskEventSchema, taskSchema } from '../resources.ts';
import { route, type Route } from '../route.ts';
import { filtered, paged } from '../taskList.ts';
import { done, empty, isDone, limitOf, strict, taskParams } from './common.ts';

const tag = 'Tasks';

/** Cards: what stands on the boards. */
export const taskRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/tasks',
    operationId: 'listTasks',
    summary: 'The cards of all boards, by state and from the top of each column.',
    tag,
    scope: 'read',
    cacheable: true,
    query: v.strictObject({
      boardId: v.pipe(v.optional(v.string()), v.description('Only those of this board.')),
      state: v.optional(v.array(v.picklist(taskStates))),
      priority: v.optional(v.array(v.picklist(priorities))),
      agentTypeId: v.optional(v.string()),
      label: v.optional(v.string()),
      text: v.pipe(v.optional(v.string()), v.description('In the title or the description.')),
      needsYou: v.pipe(v.optional(v.boolean()), v.description('Whether the agent waits for an answer.')),
      updatedSince: v.pipe(v.optional(v.number()), v.description('Milliseconds since 1970.')),
      cursor: v.pipe(v.optional(v.string()), v.description('`next` of the page before.')),
      limit: limitOf(50, 200),
    }),
    response: pageOf(taskSchema),
    handle: async ({ kandev, query }) => {
      const { cards } = await kandev.query('boards', {});
      const { items, next } = paged(filtered(cards, query), query);
      return { body: { items: items.map(taskOf), next } };
    },
  }),
  route({
    method: 'post',
    path: '/tasks',
    operationId: 'createTask',
    summary: 'Makes a card. In TODO with an agent it is queued.',
    tag,
    scope: 'write',
    body: strict(commandSchemas['task.create']),
    status: 201,
    givesEtag: true,
    response: taskSchema,
    handle: async ({ kandev, caller, body, onceId }) => {
      requireStart(caller, body.state, body.agentTypeId);
      const id = body.id ?? onceId ?? undefined;
      const task = await kandev.execute('task.create', { ...body, id });
      const card = await cardOf(kandev, task.id);
      return { body: taskOf(card), version: card.version, location: `/tasks/${encodeURIComponent(task.id)}` };
    },
  }),
  route({
    method: 'get',
    path: '/tasks/{taskId}',
    operationId: 'getTask',
    summary: 'One card, with its ETag.',
    tag,
    scope: 'read',
    params: taskParams,
    givesEtag: true,
    response: taskSchema,
    handle: ({ kandev, params: { taskId } }) => taskAnswer(kandev, taskId),
  }),
  route({
    method: 'patch',
    path: '/tasks/{taskId}',
    operationId: 'updateTask',
    summary: 'Changes what is given, and nothing else.',
    tag,
    scope: 'write',
    params: taskParams,
    body: strict(v.omit(commandSchemas['task.update'], ['taskId', 'ifVersion'])),
    takesIfMatch: true,
    givesEtag: true,
    response: taskSchema,
    handle: async ({ kandev, caller, params: { taskId }, body, ifVersion }) => {
      if (body.agentTypeId !== undefined) {
        requireStart(caller, (await cardOf(kandev, taskId)).task.state, body.agentTypeId);
      }
      await kandev.execute('task.update', { taskId, ...body, ifVersion });
      return taskAnswer(kandev, taskId);
    },
  }),
  route({
    method: 'patch',
    path: '/tasks/{taskId}/state',
    operationId: 'moveTask',
    summary: 'Puts a card into a state, and before another one of that column.',
    tag,
    scope: 'write',
    params: taskParams,
    body: strict(v.omit(commandSchemas['task.move'], ['taskId', 'ifVersion'])),
    takesIfMatch: true,
    givesEtag: true,
    response: taskSchema,
    handle: async ({ kandev, caller, params: { taskId }, body, ifVersion }) => {
      if (body.stopRun) requireScope(caller, 'run');
      requireStart(caller, body.to, (await cardOf(kandev, taskId)).task.agentTypeId);
      await kandev.execute('task.move', { taskId, ...body, ifVersion });
      return taskAnswer(kandev, taskId);
    },
  }),
  route({
    method: 'put',
    path: '/tasks/{taskId}/board',
    operationId: 'setBoardOfTask',
    summary: 'Puts a card on another board, before another card of its column there or at the end.',
    tag,
    scope: 'write',
    params: taskParams,
    body: strict(v.omit(commandSchemas['task.setBoard'], ['taskId', 'ifVersion'])),
    takesIfMatch: true,
    givesEtag: true,
    response: taskSchema,
    handle: async ({ kandev, params: { taskId }, body, ifVersion }) => {
      await kandev.execute('task.setBoard', { taskId, ...body, ifVersion });
      return taskAnswer(kandev, taskId);
    },
  }),
  route({
    method: 'delete',
    path: '/tasks/{taskId}',
    operationId: 'deleteTask',
    summary: 'Takes a card off the board; its run is stopped. It can be brought back for 30 days.',
    tag,
    scope: 'write',
    params: taskParams,
    takesIfMatch: true,
    response: done,
    handle: async ({ kandev, caller, params: { taskId }, ifVersion }) => {
      const { run } = await cardOf(kandev, taskId);
      if (run && isLive(run.state)) requireScope(caller, 'run');
      await kandev.execute('task.delete', { taskId, ifVersion });
      return { body: isDone };
    },
  }),
  route({
    method: 'get',
    path: '/tasks/{taskId}/events',
    operationId: 'listTaskEvents',
    summary: 'The history of a card: every change of its state, who asked for it, and why.',
    tag,
    scope: 'read',
    params: taskParams,
    response: itemsOf(taskEventSchema),
    handle: async ({ kandev, params: { taskId } }) => {
      await cardOf(kandev, taskId);
      return { body: { items: await kandev.query('task.history', { taskId }) } };
    },
  }),
  route({
    method: 'put',
    path: '/tasks/{taskId}/dependencies',
    operationId: 'setDependencies',
    summary: 'Says which cards have to be done before this one.',
    tag,
    scope: 'write',
    params: taskParams,
    body: strict(v.omit(commandSchemas['task.setDependencies'], ['taskId'])),
    givesEtag: true,
    response: taskSchema,
    handle: async ({ kandev, caller, params: { taskId }, body }) => {
      const { task } = await cardOf(kandev, taskId);
      requireStart(caller, task.state, task.agentTypeId);
      await kandev.execute('task.setDependencies', { taskId, ...body });
      return taskAnswer(kandev, taskId);
    },
  }),
  route({
    method: 'put',
    path: '/tasks/{taskId}/resources',
    operationId: 'setResources',
    summary: 'Says what the runs of a card may use; null: what its agent says.',
    tag,
    scope: 'run',
    params: taskParams,
    body: strict(v.omit(commandSchemas['task.setResources'], ['taskId'])),
    givesEtag: true,
    response: taskSchema,
    handle: async ({ kandev, params: { taskId }, body }) => {
      await kandev.execute('task.setResources', { taskId, ...body });
      return taskAnswer(kandev, taskId);
    },
  }),
  route({
    method: 'get',
    path: '/deleted-tasks',
    operationId: 'listDeletedTasks',
    summary: 'The cards that can be brought back, the last deleted first.',
    tag,
    scope: 'read',
    response: itemsOf(
      v.object({ id: v.string(), boardId: v.string(), title: v.string(), deletedAt: v.number() }),
    ),
    handle: async ({ kandev }) => {
      const deleted = await kandev.query('deletedTasks', {});
      return {
        body: {
          items: deleted.map(({ task: { id, boardId, title }, deletedAt }) => ({
            ...{ id, boardId, title, deletedAt },
          })),
        },
      };
    },
  }),
  route({
    method: 'post',
    path: '/deleted-tasks/{taskId}/restore',
    operationId: 'restoreTask',
    summary:
      'Brings a deleted card back to where it was; where its board is deleted, to the first of the others.',
    tag,
    scope: 'write',
    params: taskParams,
    body: empty,
    givesEtag: true,
    response: taskSchema,
    handle: async ({ kandev, params: { taskId } }) => {
      await kandev.execute('task.restore', { taskId });
      return taskAnswer(kandev, taskId);
    },
  }),
];
