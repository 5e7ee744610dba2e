import { UserError } from '../model/failure.ts';
import { noComments, type ReviewComment, type ReviewCounts, type ReviewMark } from '../model/review.ts';
import { reviewCommentFrom } from './rows.ts';
import type { SqlDatabase } from './sqlDatabase.ts';

/** The newest text that is known of a file with comments, by which their lines are followed. */
export interface ReviewFile {
  path: string;
  text: string;
}

/** So many comments a card can have; more than anybody reads. */
const mostComments = 500;

/**
 * Stores a comment, with the text that its place is counted in. One with this id that is there is left as it is.
 * @throws UserError `refused` when the card has too many
 */
export function insertReviewComment(
  db: SqlDatabase,
  { comment, file }: { comment: ReviewComment; file: ReviewFile },
): void {
  if (reviewComments(db, { taskId: comment.taskId }).length >= mostComments) {
    throw new UserError({
      reason: 'refused',
      message: `A card has at most ${mostComments} comments. Delete those that are settled.`,
    });
  }
  db.run(
    `INSERT OR IGNORE INTO review_comments
       (id, task_id, path, side, before, lines, place, quote, text, state, created_by, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    comment.id,
    comment.taskId,
    comment.path,
    comment.side,
    comment.before && JSON.stringify(comment.before),
    JSON.stringify(comment.lines),
    JSON.stringify(comment.place),
    comment.quote,
    comment.text,
    comment.state,
    comment.createdBy,
    comment.createdAt,
  );
  putFile(db, comment.taskId, file);
}

/** What may be different about a comment. */
export type ReviewPatch = Partial<
  Pick<ReviewComment, 'path' | 'lines' | 'place' | 'text' | 'state' | 'promptId' | 'given' | 'isTouched'>
>;

/** Changes comments of a card together, and the texts that their places are counted in. Those that are gone stay so. */
export function updateReview(
  db: SqlDatabase,
  {
    taskId,
    comments,
    files,
  }: {
    taskId: string;
    comments: readonly ({ id: string } & ReviewPatch)[];
    files: readonly ReviewFile[];
  },
): void {
  for (const { id, ...patch } of comments) {
    const row = db.get('SELECT * FROM review_comments WHERE id = ?', id);
    if (!row) continue;
    const next = { ...reviewCommentFrom(row), ...patch };
    db.run(
      `UPDATE review_comments SET path = ?, lines = ?, place = ?, text = ?, state = ?, prompt_id = ?, given = ?,
       is_touched = ? WHERE id = ?`,
      next.path,
      JSON.stringify(next.lines),
      JSON.stringify(next.place),
      next.text,
      next.state,
      next.promptId,
      next.given && JSON.stringify(next.given),
      next.isTouched ? 1 : 0,
      id,
    );
  }
  for (const file of files) putFile(db, taskId, file);
  forgetFiles(db, taskId);
}

/** @throws UserError `not-found` */
export function deleteReviewComment(db: SqlDatabase, { commentId }: { commentId: string }): ReviewComment {
  const comment = reviewComment(db, { commentId });
  if (!comment) throw new UserError({ reason: 'not-found', message: 'This comment is gone already.' });
  db.run('DELETE FROM review_comments WHERE id = ?', commentId);
  forgetFiles(db, comment.taskId);
  return comment;
}

export function reviewComment(db: SqlDatabase, { commentId }: { commentId: string }): ReviewComment | null {
  const row = db.get('SELECT * FROM review_comments WHERE id = ?', commentId);
  return row ? reviewCommentFrom(row) : null;
}

/** The oldest first. */
export function reviewComments(db: SqlDatabase, { taskId }: { taskId: string }): ReviewComment[] {
  return db
    .all('SELECT * FROM review_comments WHERE task_id = ? ORDER BY created_at, rowid', taskId)
    .map(reviewCommentFrom);
}

export function reviewFiles(db: SqlDatabase, { taskId }: { taskId: string }): ReviewFile[] {
  return db
    .all('SELECT path, text FROM review_files WHERE task_id = ?', taskId)
    .map(({ path, text }) => ({ path: String(path), text: String(text) }));
}

/** Says that somebody has looked at a file as it is after a change, or (null) that nobody has. */
export function putReviewMark(
  db: SqlDatabase,
  { taskId, path, content }: { taskId: string; path: string; content: string | null },
): void {
  if (content === null) db.run('DELETE FROM review_marks WHERE task_id = ? AND path = ?', taskId, path);
  else
    db.run(
      'INSERT OR REPLACE INTO review_marks (task_id, path, content) VALUES (?, ?, ?)',
      taskId,
      path,
      content,
    );
}

export function reviewMarks(db: SqlDatabase, { taskId }: { taskId: string }): ReviewMark[] {
  return db
    .all('SELECT path, content FROM review_marks WHERE task_id = ?', taskId)
    .map(({ path, content }) => ({ path: String(path), content: String(content) }));
}

/** Of each of these cards that has comments which are not settled. */
export function reviewCounts(
  db: SqlDatabase,
  { taskIds }: { taskIds: readonly string[] },
): Map<string, ReviewCounts> {
  const counts = new Map<string, ReviewCounts>();
  const rows = db.all(
    `SELECT task_id, state, count(*) AS number FROM json_each(?) AS wanted
     JOIN review_comments ON task_id = wanted.value AND state <> 'resolved' GROUP BY task_id, state`,
    JSON.stringify(taskIds),
  );
  for (const { task_id: taskId, state, number } of rows) {
    const before = counts.get(String(taskId)) ?? noComments;
    const name = state === 'draft' ? 'drafts' : state === 'sent' ? 'sent' : 'reopened';
    counts.set(String(taskId), { ...before, [name]: Number(number) });
  }
  return counts;
}

function putFile(db: SqlDatabase, taskId: string, { path, text }: ReviewFile): void {
  db.run('INSERT OR REPLACE INTO review_files (task_id, path, text) VALUES (?, ?, ?)', taskId, path, text);
}

/** Texts are kept only as long as comments are counted in them. */
function forgetFiles(db: SqlDatabase, taskId: string): void {
  db.run(
    `DELETE FROM review_files WHERE task_id = ? AND path NOT IN
     (SELECT path FROM review_comments WHERE task_id = ? AND state <> 'resolved')`,
    taskId,
    taskId,
  );
}
