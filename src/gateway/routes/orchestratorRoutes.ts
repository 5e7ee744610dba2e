import * as v from 'valibot';
import { commandSchemas } from '../../api/contract.ts';
import { canGoOn } from '../../model/run.ts';
import { UserError } from '../../model/failure.ts';
import { cardOf, statusAnswer } from '../cards.ts';
import { itemsOf, promptSchema, queuePlaceSchema, statusSchema } from '../resources.ts';
import { route, type Route } from '../route.ts';
import { done, empty, isDone, strict, taskParams } from './common.ts';

const tag = 'Orchestrator';

/** Has agents work on cards. */
export const orchestratorRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/orchestrator/tasks/{taskId}/status',
    operationId: 'getStatus',
    summary: 'How it stands with a card: its run, its place in the queue, and what waits for an answer.',
    tag,
    scope: 'read',
    params: taskParams,
    response: statusSchema,
    handle: ({ kandev, params: { taskId } }) => statusAnswer(kandev, taskId),
  }),
  ...(['start', 'retry'] as const).map((verb) =>
    route({
      method: 'post',
      path: `/orchestrator/tasks/{taskId}/${verb}`,
      operationId: `${verb}Task`,
      summary:
        verb === 'start'
          ? 'Starts a card now, or queues it where there is no room; `now` goes before all others.'
          : 'Starts a card again that has failed or was stopped.',
      tag,
      scope: 'run',
      params: taskParams,
      body: v.strictObject({ now: v.optional(v.boolean(), false) }),
      status: 202,
      response: statusSchema,
      handle: async ({ kandev, params: { taskId }, body: { now } }) => {
        await kandev.execute(now ? 'task.startNow' : 'task.start', { taskId });
        return statusAnswer(kandev, taskId);
      },
    }),
  ),
  route({
    method: 'post',
    path: '/orchestrator/tasks/{taskId}/stop',
    operationId: 'stopTask',
    summary: 'Ends the run of a card, or takes it out of the queue.',
    tag,
    scope: 'run',
    params: taskParams,
    body: empty,
    response: statusSchema,
    handle: async ({ kandev, params: { taskId } }) => {
      await kandev.execute('task.stop', { taskId });
      return statusAnswer(kandev, taskId);
    },
  }),
  route({
    method: 'post',
    path: '/orchestrator/tasks/{taskId}/prompt',
    operationId: 'promptTask',
    summary: 'Sends a message to the agent of a card: at once where it is free, else when its turn is over.',
    tag,
    scope: 'run',
    params: taskParams,
    body: strict(v.pick(commandSchemas['prompt.send'], ['text', 'pictures'])),
    status: 202,
    response: v.object({
      queued: v.pipe(
        v.nullable(promptSchema),
        v.description('The message that waits; null when it was sent.'),
      ),
    }),
    handle: async ({ kandev, params: { taskId }, body, onceId }) => {
      const { task, run } = await cardOf(kandev, taskId);
      if (run === null || (run.turns === 0 && canGoOn(run))) throw noAgentYet(task.title);
      const id = onceId ?? undefined;
      return { body: { queued: await kandev.execute('prompt.send', { taskId, ...body, id }) } };
    },
  }),
  ...(['wait', 'nudge'] as const).map((verb) =>
    route({
      method: 'post',
      path: `/orchestrator/tasks/{taskId}/${verb}`,
      operationId: `${verb}Task`,
      summary:
        verb === 'wait'
          ? 'Gives an agent that stands still the same time again.'
          : 'Cancels the turn of an agent that stands still, and asks it to go on.',
      tag,
      scope: 'run',
      params: taskParams,
      body: empty,
      response: statusSchema,
      handle: async ({ kandev, params: { taskId } }) => {
        await cardOf(kandev, taskId);
        await kandev.execute(`run.${verb}`, { taskId });
        return statusAnswer(kandev, taskId);
      },
    }),
  ),
  route({
    method: 'get',
    path: '/orchestrator/queue',
    operationId: 'getQueue',
    summary: 'The cards that wait for their agents, in their order, and why each waits.',
    tag,
    scope: 'read',
    response: v.object({
      paused: v.nullable(v.object({ by: v.string(), at: v.number() })),
      items: v.array(v.object({ taskId: v.string(), title: v.string(), ...queuePlaceSchema.entries })),
    }),
    handle: async ({ kandev }) => {
      const { cards, queuePause } = await kandev.query('boards', {});
      const items = cards
        .flatMap(({ task: { id, title }, queue }) => (queue ? [{ taskId: id, title, ...queue }] : []))
        .sort((a, b) => a.place - b.place);
      return { body: { paused: queuePause, items } };
    },
  }),
  ...(['pause', 'resume'] as const).map((verb) =>
    route({
      method: 'post',
      path: `/orchestrator/queue/${verb}`,
      operationId: `${verb}Queue`,
      summary: verb === 'pause' ? 'Nothing of the queue is started by itself.' : 'The queue goes on.',
      tag,
      scope: 'run',
      body: empty,
      response: done,
      handle: async ({ kandev }) => {
        await kandev.execute(`queue.${verb}`, {});
        return { body: isDone };
      },
    }),
  ),
  route({
    method: 'post',
    path: '/orchestrator/queue/{taskId}/move',
    operationId: 'moveInQueue',
    summary: 'Moves a queued card within the queue.',
    tag,
    scope: 'run',
    params: taskParams,
    body: strict(v.omit(commandSchemas['queue.move'], ['taskId'])),
    response: statusSchema,
    handle: async ({ kandev, params: { taskId }, body }) => {
      await kandev.execute('queue.move', { taskId, ...body });
      return statusAnswer(kandev, taskId);
    },
  }),
  route({
    method: 'get',
    path: '/orchestrator/tasks/{taskId}/prompts',
    operationId: 'listPrompts',
    summary: 'The messages that wait for the agent of a card, the next one first.',
    tag,
    scope: 'read',
    params: taskParams,
    response: itemsOf(promptSchema),
    handle: async ({ kandev, params: { taskId } }) => {
      await cardOf(kandev, taskId);
      return { body: { items: await kandev.query('prompts', { taskId }) } };
    },
  }),
  route({
    method: 'delete',
    path: '/orchestrator/prompts/{promptId}',
    operationId: 'removePrompt',
    summary: 'Takes back a message that waits.',
    tag,
    scope: 'run',
    params: strict(commandSchemas['prompt.remove']),
    response: promptSchema,
    handle: async ({ kandev, params }) => ({ body: await kandev.execute('prompt.remove', params) }),
  }),
  route({
    method: 'patch',
    path: '/orchestrator/prompts/{promptId}',
    operationId: 'updatePrompt',
    summary: 'Changes a message that waits.',
    tag,
    scope: 'run',
    params: strict(commandSchemas['prompt.remove']),
    body: strict(v.pick(commandSchemas['task.prompt'], ['text'])),
    response: promptSchema,
    handle: async ({ kandev, params, body }) => ({
      body: await kandev.execute('prompt.update', { ...params, ...body }),
    }),
  }),
  route({
    method: 'post',
    path: '/orchestrator/prompts/{promptId}/move',
    operationId: 'placePrompt',
    summary: 'Puts a message before another one that waits, or with null at the end.',
    tag,
    scope: 'run',
    params: strict(commandSchemas['prompt.remove']),
    body: strict(v.omit(commandSchemas['prompt.place'], ['promptId'])),
    response: promptSchema,
    handle: async ({ kandev, params, body }) => ({
      body: await kandev.execute('prompt.place', { ...params, ...body }),
    }),
  }),
  route({
    method: 'post',
    path: '/orchestrator/tasks/{taskId}/blocked-hosts',
    operationId: 'answerBlockedHost',
    summary: 'Says what becomes of a host that the agent of a card was refused.',
    tag,
    scope: 'approve',
    params: taskParams,
    body: strict(v.omit(commandSchemas['task.answerBlocked'], ['taskId'])),
    response: statusSchema,
    handle: async ({ kandev, params: { taskId }, body }) => {
      await kandev.execute('task.answerBlocked', { taskId, ...body });
      return statusAnswer(kandev, taskId);
    },
  }),
  route({
    method: 'post',
    path: '/orchestrator/prompts/{promptId}/send',
    operationId: 'sendPrompt',
    summary: 'Sends a message before the others; an agent that is at work is interrupted for it.',
    tag,
    scope: 'run',
    params: strict(commandSchemas['prompt.remove']),
    body: empty,
    response: done,
    handle: async ({ kandev, params }) => {
      await kandev.execute('prompt.sendNow', params);
      return { body: isDone };
    },
  }),
  route({
    method: 'get',
    path: '/orchestrator/tasks/{taskId}/options',
    operationId: 'getOptions',
    summary: 'Modes, models and whatever else can be chosen in a live run.',
    tag,
    scope: 'read',
    params: taskParams,
    response: v.object({
      options: v.array(
        v.looseObject({
          id: v.string(),
          name: v.string(),
          currentValue: v.nullable(v.union([v.string(), v.boolean()])),
        }),
      ),
      commands: v.array(
        v.object({ name: v.string(), description: v.string(), hint: v.nullable(v.string()) }),
      ),
    }),
    handle: async ({ kandev, params: { taskId } }) => {
      await cardOf(kandev, taskId);
      const session = await kandev.query('run.session', { taskId });
      const options = session?.options.map((option) => ({ ...option })) ?? [];
      return { body: { options, commands: [...(session?.commands ?? [])] } };
    },
  }),
  route({
    method: 'put',
    path: '/orchestrator/tasks/{taskId}/options',
    operationId: 'setOption',
    summary: 'Chooses one of them.',
    tag,
    scope: 'run',
    params: taskParams,
    body: strict(v.omit(commandSchemas['run.setOption'], ['taskId'])),
    response: done,
    handle: async ({ kandev, params: { taskId }, body }) => {
      await kandev.execute('run.setOption', { taskId, ...body });
      return { body: isDone };
    },
  }),
];

function noAgentYet(title: string): UserError {
  return new UserError({
    reason: 'no-run',
    message: `No agent has worked on “${title}” yet. Start it, and its agent can be sent a message.`,
  });
}
