import { cycleThrough, type Dependency } from '../model/dependencies.ts';
import { UserError } from '../model/failure.ts';
import type { Task, TaskState } from '../model/task.ts';
import { taskFrom } from './rows.ts';
import type { SqlDatabase } from './sqlDatabase.ts';

/** A card that depends on another. */
export interface DependencyRow extends Dependency {
  dependentId: string;
}

/**
 * Says anew what a card depends on.
 * @throws UserError `refused` with the way around, where cards would wait for each other; `not-found`
 */
export function setDependencies(
  db: SqlDatabase,
  { taskId, dependsOn, at }: { taskId: string; dependsOn: readonly string[]; at: number },
): Task {
  const task = requireCard(db, taskId);
  db.run('DELETE FROM task_dependencies WHERE task_id = ?', taskId);
  for (const otherId of new Set(dependsOn)) {
    requireCard(db, otherId);
    const cycle = cycleThrough(taskId, otherId, (id) => idsOf(db, id));
    if (cycle) throw new UserError({ reason: 'refused', message: cycleText(db, cycle) });
    db.run(
      'INSERT INTO task_dependencies (task_id, depends_on_id, created_at) VALUES (?, ?, ?)',
      taskId,
      otherId,
      at,
    );
  }
  db.run('UPDATE tasks SET updated_at = ? WHERE id = ?', at, taskId);
  return { ...task, updatedAt: at };
}

/** What each of these cards depends on; cards that were deleted are waited for by nobody. */
export function dependenciesOf(
  db: SqlDatabase,
  { taskIds }: { taskIds: readonly string[] },
): DependencyRow[] {
  return db
    .all(
      `SELECT task_dependencies.task_id AS dependent, tasks.id AS id, tasks.title AS title, tasks.state AS state
       FROM json_each(?) AS wanted
       JOIN task_dependencies ON task_dependencies.task_id = wanted.value
       JOIN tasks ON tasks.id = task_dependencies.depends_on_id AND tasks.deleted_at IS NULL
       ORDER BY wanted.key, task_dependencies.created_at, tasks.title`,
      JSON.stringify(taskIds),
    )
    .map((row) => ({
      dependentId: String(row.dependent),
      taskId: String(row.id),
      title: String(row.title),
      state: String(row.state) as TaskState,
    }));
}

/** The cards that could wait for others: those in To Do, and those that do. */
export function dependentTasks(db: SqlDatabase): { task: Task; dependencies: Dependency[] }[] {
  const tasks = ['TODO', 'BLOCKED'].flatMap((state) =>
    db
      .all(
        `SELECT * FROM tasks WHERE state = ? AND deleted_at IS NULL
           AND EXISTS (SELECT 1 FROM task_dependencies WHERE task_id = tasks.id)`,
        state,
      )
      .map(taskFrom),
  );
  const rows = dependenciesOf(db, { taskIds: tasks.map(({ id }) => id) });
  return tasks.map((task) => ({
    task,
    dependencies: rows
      .filter(({ dependentId }) => dependentId === task.id)
      .map(({ dependentId: _, ...dependency }) => dependency),
  }));
}

function idsOf(db: SqlDatabase, taskId: string): string[] {
  return db
    .all('SELECT depends_on_id FROM task_dependencies WHERE task_id = ?', taskId)
    .map((row) => String(row.depends_on_id));
}

function requireCard(db: SqlDatabase, taskId: string): Task {
  const row = db.get('SELECT * FROM tasks WHERE id = ? AND deleted_at IS NULL', taskId);
  if (!row) throw new UserError({ reason: 'not-found', message: 'This card no longer exists.' });
  return taskFrom(row);
}

/** "“A” → “B” → “A”". */
function cycleText(db: SqlDatabase, cycle: readonly string[]): string {
  if (cycle.length === 2) return 'A card cannot wait for itself.';
  const titles = cycle.map((id) => `“${String(db.get('SELECT title FROM tasks WHERE id = ?', id)?.title)}”`);
  return `Cards would wait for each other for ever: ${titles.join(' → ')}.`;
}
