import * as v from 'valibot';
import { commandSchemas } from '../../api/contract.ts';
import type { Kandev } from '../../api/contract.ts';
import { UserError } from '../../model/failure.ts';
import { commentSides, commentStates } from '../../model/review.ts';
import { cardOf } from '../cards.ts';
import { itemsOf } from '../resources.ts';
import { route, type Route } from '../route.ts';
import { done, isDone, taskParams } from './common.ts';

const tag = 'Reviews';
const commentParams = v.strictObject({ commentId: commandSchemas['review.remove'].entries.commentId });
const linesSchema = v.pipe(
  v.object({ start: v.number(), end: v.number() }),
  v.description('From 0, without `end`.'),
);
const commentSchema = v.pipe(
  v.object({
    id: v.string(),
    taskId: v.string(),
    path: v.string(),
    side: v.picklist(commentSides),
    lines: linesSchema,
    place: v.pipe(linesSchema, v.description('Where it is in the newest text that is known.')),
    quote: v.pipe(v.string(), v.description('The lines as they were when it was written.')),
    text: v.string(),
    state: v.picklist(commentStates),
    isTouched: v.pipe(v.boolean(), v.description('Those lines have changed since the agent was given it.')),
    createdBy: v.string(),
    createdAt: v.number(),
  }),
  v.title('ReviewComment'),
);
const { path, side, before, lines, text, document } = commandSchemas['review.comment'].entries;
const newCommentSchema = v.strictObject({
  ...{ path, side, before, lines, text },
  document: v.pipe(
    v.optional(document),
    v.description('The text in which the lines are counted; left out: that of the file as the card has it.'),
  ),
});

/** What people and programs say about lines of a card's result, to be sent to its agent as one message. */
export const reviewRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/tasks/{taskId}/comments',
    operationId: 'listComments',
    summary: 'All comments on the result of a card, the oldest first.',
    tag,
    scope: 'read',
    params: taskParams,
    response: itemsOf(commentSchema),
    handle: async ({ kandev, params: { taskId } }) => {
      await cardOf(kandev, taskId);
      return { body: { items: await kandev.query('review.comments', { taskId }) } };
    },
  }),
  route({
    method: 'post',
    path: '/tasks/{taskId}/comments',
    operationId: 'createComment',
    summary: 'Writes a comment at lines of a changed file. The agent has it when the review is sent.',
    tag,
    scope: 'write',
    status: 201,
    // The text of the file is in it.
    maxBody: 32 * 1024 * 1024,
    params: taskParams,
    body: newCommentSchema,
    response: commentSchema,
    handle: async ({ kandev, params: { taskId }, body, onceId }) => {
      await cardOf(kandev, taskId);
      const shown = body.document ?? (await textOf(kandev, taskId, body));
      const once = onceId === null ? {} : { id: onceId };
      return { body: await kandev.execute('review.comment', { ...body, ...once, taskId, document: shown }) };
    },
  }),
  route({
    method: 'patch',
    path: '/comments/{commentId}',
    operationId: 'updateComment',
    summary: 'Gives a comment another text, or says whether it is settled.',
    tag,
    scope: 'write',
    params: commentParams,
    body: v.union([v.strictObject({ text }), v.strictObject({ isResolved: v.boolean() })]),
    response: done,
    handle: async ({ kandev, params: { commentId }, body }) => {
      if ('text' in body) await kandev.execute('review.edit', { commentId, ...body });
      else await kandev.execute('review.resolve', { commentId, ...body });
      return { body: isDone };
    },
  }),
  route({
    method: 'delete',
    path: '/comments/{commentId}',
    operationId: 'deleteComment',
    summary: 'Removes a comment.',
    tag,
    scope: 'write',
    params: commentParams,
    response: done,
    handle: async ({ kandev, params }) => {
      await kandev.execute('review.remove', params);
      return { body: isDone };
    },
  }),
  route({
    method: 'post',
    path: '/tasks/{taskId}/comments/send',
    operationId: 'sendReview',
    summary: 'Sends the comments that were not sent yet, or were left undone, to the agent as one message.',
    tag,
    scope: 'run',
    status: 202,
    params: taskParams,
    response: v.object({
      comments: v.number(),
      waits: v.pipe(v.boolean(), v.description('The agent is at work, and gets them when its turn is over.')),
    }),
    handle: async ({ kandev, params }) => ({ body: await kandev.execute('review.send', params) }),
  }),
  route({
    method: 'get',
    path: '/tasks/{taskId}/reviewed-files',
    operationId: 'listReviewedFiles',
    summary: 'The files of a card that somebody has looked at, and what they were then.',
    tag,
    scope: 'read',
    params: taskParams,
    response: itemsOf(v.object({ path: v.string(), content: v.string() })),
    handle: async ({ kandev, params: { taskId } }) => {
      await cardOf(kandev, taskId);
      return { body: { items: await kandev.query('review.marks', { taskId }) } };
    },
  }),
  route({
    method: 'put',
    path: '/tasks/{taskId}/reviewed-files',
    operationId: 'markReviewedFile',
    summary: 'Says that somebody has looked at a file as it is (`content`), or with null that nobody has.',
    tag,
    scope: 'write',
    params: taskParams,
    body: v.strictObject({
      path: commandSchemas['review.mark'].entries.path,
      content: commandSchemas['review.mark'].entries.content,
    }),
    response: done,
    handle: async ({ kandev, params: { taskId }, body }) => {
      await kandev.execute('review.mark', { taskId, ...body });
      return { body: isDone };
    },
  }),
];

/** The text of a file as the card has it. @throws UserError `not-found` when it is no text, or was not there */
async function textOf(
  kandev: Kandev,
  taskId: string,
  { path: file, side: of, before: span }: v.InferOutput<typeof newCommentSchema>,
): Promise<string> {
  const content = await kandev.query('result.file', { span: span ?? { taskId }, side: of, path: file });
  if (content === null) {
    throw new UserError({
      reason: 'not-found',
      message: `There is no file “${file}” on this side of the changes.`,
    });
  }
  return Buffer.from(content, 'base64').toString();
}
