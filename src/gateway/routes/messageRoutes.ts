import * as v from 'valibot';
import { commandSchemas, querySchemas } from '../../api/contract.ts';
import { pictureTypes } from '../../model/picture.ts';
import { cardOf } from '../cards.ts';
import { route, type Route } from '../route.ts';
import { strict, taskParams } from './common.ts';

const pictureSchema = v.pipe(
  v.object({
    id: v.string(),
    name: v.string(),
    mimeType: v.picklist(pictureTypes),
    bytes: v.number(),
  }),
  v.title('Picture'),
);

/** What agents are told beside text. */
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
];
