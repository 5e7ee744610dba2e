import { waitsNoMore, type Message, type QueuedPrompt } from '../model/prompt.ts';
import { promptFrom } from './rows.ts';
import type { SqlDatabase } from './sqlDatabase.ts';

/** Adds a message at the end of those that wait; one with this id that is there is left as it is. */
export function insertPrompt(db: SqlDatabase, { prompt }: { prompt: QueuedPrompt }): void {
  db.run(
    `INSERT OR IGNORE INTO prompts (id, task_id, text, pictures, state, position, created_by, created_at)
     VALUES (?, ?, ?, ?, 'queued', ?, ?, ?)`,
    prompt.id,
    prompt.taskId,
    prompt.text,
    JSON.stringify(prompt.pictures),
    queuedPrompts(db, { taskId: prompt.taskId }).length + 1,
    prompt.createdBy,
    prompt.createdAt,
  );
}

/** @throws UserError `not-found` when it was sent or removed */
export function updatePrompt(
  db: SqlDatabase,
  { promptId, message }: { promptId: string; message: Message },
): QueuedPrompt {
  const prompt = requireQueued(db, promptId);
  const { text, pictures } = message;
  const sql = 'UPDATE prompts SET text = ?, pictures = ? WHERE id = ?';
  db.run(sql, text, JSON.stringify(pictures), promptId);
  return { ...prompt, text, pictures };
}

/** Puts a message before another one of its card, or at the end. @throws UserError `not-found` */
export function placePrompt(
  db: SqlDatabase,
  { promptId, beforePromptId }: { promptId: string; beforePromptId: string | null },
): QueuedPrompt {
  const prompt = requireQueued(db, promptId);
  const others = queuedPrompts(db, { taskId: prompt.taskId }).filter(({ id }) => id !== promptId);
  const found = others.findIndex(({ id }) => id === beforePromptId);
  others.splice(found === -1 ? others.length : found, 0, prompt);
  // There are never many.
  for (const [position, { id }] of others.entries()) {
    db.run('UPDATE prompts SET position = ? WHERE id = ?', position + 1, id);
  }
  return prompt;
}

/** Forgets a message: it was sent, or is not wanted any more. @throws UserError `not-found` */
export function deletePrompt(db: SqlDatabase, { promptId }: { promptId: string }): QueuedPrompt {
  const prompt = requireQueued(db, promptId);
  db.run('DELETE FROM prompts WHERE id = ?', promptId);
  return prompt;
}

/** The messages that wait for a card's agent, the next one first. */
export function queuedPrompts(db: SqlDatabase, { taskId }: { taskId: string }): QueuedPrompt[] {
  return db
    .all(`SELECT * FROM prompts WHERE task_id = ? AND state = 'queued' ORDER BY position, created_at`, taskId)
    .map(promptFrom);
}

/** Null when it was sent or removed. */
export function queuedPrompt(db: SqlDatabase, { promptId }: { promptId: string }): QueuedPrompt | null {
  const row = db.get(`SELECT * FROM prompts WHERE id = ? AND state = 'queued'`, promptId);
  return row ? promptFrom(row) : null;
}

function requireQueued(db: SqlDatabase, promptId: string): QueuedPrompt {
  const prompt = queuedPrompt(db, { promptId });
  if (!prompt) throw waitsNoMore();
  return prompt;
}
