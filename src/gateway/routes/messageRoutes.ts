import * as v from 'valibot';
import { commandSchemas, querySchemas } from '../../api/contract.ts';
import { pictureTypes } from '../../model/picture.ts';
import { cardOf } from '../cards.ts';
import { route, type Route } from '../route.ts';
import { limitOf, strict, taskParams } from './common.ts';

const pictureSchema = v.pipe(
  v.object({
    id: v.string(),
    name: v.string(),
    mimeType: v.picklist(pictureTypes),
    bytes: v.number(),
  }),
  v.title('Picture'),
);
const placeSchema = v.object({ at: v.number(), key: v.string() });
const { at, key } = v.unwrap(v.unwrap(querySchemas['task.timeline'].entries.before)).entries;

/** What agents are told beside text, and what has happened to a card altogether. */
export const messageRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: '/tasks/{taskId}/pictures',
    operationId: 'addPicture',
    summary: 'Keeps a picture (in base64) for messages to the agent of a card.',
    tag: 'Messages',
    scope: 'run',
    status: 201,
    maxBody: 32 * 1024 * 1024,
    params: taskParams,
    body: strict(v.omit(commandSchemas['picture.add'], ['taskId'])),
    response: pictureSchema,
    handle: async ({ kandev, params: { taskId }, body }) => {
      await cardOf(kandev, taskId);
      return { body: await kandev.execute('picture.add', { taskId, ...body }) };
    },
  }),
  route({
    method: 'get',
    path: '/tasks/{taskId}/pictures/{pictureId}',
    operationId: 'getPicture',
    summary: 'What is in a picture, in base64.',
    tag: 'Messages',
    scope: 'read',
    params: strict(querySchemas.picture),
    response: v.object({ data: v.string() }),
    handle: async ({ kandev, params }) => {
      await cardOf(kandev, params.taskId);
      return { body: await kandev.query('picture', params) };
    },
  }),
  route({
    method: 'get',
    path: '/orchestrator/tasks/{taskId}/accepts',
    operationId: 'getAccepted',
    summary: 'What the agent of a card takes beside text; null where none has said so yet.',
    tag: 'Messages',
    scope: 'read',
    params: taskParams,
    response: v.object({
      accepts: v.nullable(v.object({ image: v.boolean(), embeddedContext: v.boolean() })),
    }),
    handle: async ({ kandev, params: { taskId } }) => {
      await cardOf(kandev, taskId);
      const takes = await kandev.query('prompt.takes', { taskId });
      return { body: { accepts: takes && { ...takes } } };
    },
  }),
  route({
    method: 'get',
    path: '/tasks/{taskId}/timeline',
    operationId: 'getTimeline',
    summary: 'What has happened to a card: states, edits, runs, questions, messages; the newest first.',
    tag: 'Tasks',
    scope: 'read',
    params: taskParams,
    query: v.strictObject({ beforeAt: v.optional(at), beforeKey: v.optional(key), limit: limitOf(100, 500) }),
    response: v.object({
      items: v.array(v.objectWithRest({ key: v.string(), at: v.number(), kind: v.string() }, v.unknown())),
      before: v.pipe(v.nullable(placeSchema), v.description('`beforeAt` and `beforeKey` of the next page.')),
    }),
    handle: async ({ kandev, params: { taskId }, query: { beforeAt, beforeKey, limit } }) => {
      await cardOf(kandev, taskId);
      const isNewest = beforeAt === undefined || beforeKey === undefined;
      const before = isNewest ? null : { at: beforeAt, key: beforeKey };
      const page = await kandev.query('task.timeline', { taskId, before, limit });
      return { body: { items: page.entries.map((entry) => ({ ...entry })), before: page.before } };
    },
  }),
];
