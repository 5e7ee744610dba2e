import * as v from 'valibot';
import { commentSides, type ReviewComment, type ReviewMark } from '../model/review.ts';
import type { OperationTable } from './operationTable.ts';

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(100));
const path = v.pipe(v.string(), v.minLength(1), v.maxLength(10_000));
const text = v.pipe(
  v.string(),
  v.trim(),
  v.nonEmpty('A comment needs some text.'),
  v.maxLength(10_000, 'A comment has at most 10,000 characters.'),
);
const line = v.pipe(v.number(), v.integer(), v.minValue(0));

/** The whole text of a file, in characters. Larger ones are not compared line by line either. */
const document = v.pipe(v.string(), v.maxLength(5 * 1024 ** 2, 'This file is too large to be commented on.'));

/** What people say about lines of a card's result, and send to its agent as one message. */
export const reviewCommandSchemas = {
  'review.comment': v.object({
    /** Chosen by the caller so that asking twice makes one comment; left out, a new one. */
    id: v.optional(id),
    taskId: id,
    /** As the change set has it; of a renamed file the new one, for both sides. */
    path,
    side: v.picklist(commentSides),
    /** For the side `before`: before what. */
    before: v.optional(v.nullable(v.union([v.object({ runId: id }), v.object({ taskId: id })])), null),
    /** From 0, without `end`. */
    lines: v.pipe(
      v.object({ start: line, end: line }),
      v.check(({ start, end }) => start < end, 'A comment is about one line at least.'),
    ),
    /** The text of that side, as the one who comments has it before them. */
    document,
    text,
  }),
  /** Another text; a comment that was settled is a draft again. Refused while the agent has it. */
  'review.edit': v.object({ commentId: id, text }),
  /** Says that a comment is settled, or that it is not. */
  'review.resolve': v.object({ commentId: id, isResolved: v.boolean() }),
  'review.remove': v.object({ commentId: id }),
  /** A file with comments has another text now: they are moved to where their lines are. */
  'review.follow': v.object({ taskId: id, path, document }),
  /** Sends what was not sent yet, and what was left undone, as one message; it waits while the agent is at work. */
  'review.send': v.object({ taskId: id }),
  /** Somebody has looked at a file of the change set, as it is there (`content`, empty where it is gone); null: nobody. */
  'review.mark': v.object({ taskId: id, path, content: v.nullable(v.pipe(v.string(), v.maxLength(100))) }),
};

export interface ReviewCommandResults {
  'review.comment': ReviewComment;
  'review.edit': null;
  'review.resolve': null;
  'review.remove': null;
  'review.follow': null;
  'review.send': { comments: number; waits: boolean };
  'review.mark': null;
}

export const reviewQuerySchemas = {
  /** All comments on a card's result, the oldest first. */
  'review.comments': v.object({ taskId: id }),
  /** Which files of a card somebody has looked at. */
  'review.marks': v.object({ taskId: id }),
};

export interface ReviewQueryResults {
  'review.comments': ReviewComment[];
  'review.marks': ReviewMark[];
}

export type ReviewCommandTable = OperationTable<typeof reviewCommandSchemas, ReviewCommandResults>;
export type ReviewQueryTable = OperationTable<typeof reviewQuerySchemas, ReviewQueryResults>;
export type NewComment = v.InferOutput<(typeof reviewCommandSchemas)['review.comment']>;
