import * as v from 'valibot';
import type { Board } from '../model/board.ts';
import { UserError } from '../model/failure.ts';
import { priorities, taskStates, workspaceModes, type Task, type TaskEvent } from '../model/task.ts';

/** A board as a file: what "Export Board…" writes and "Import Board…" reads. Published as docs/board.schema.json. */

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(100));
const time = v.pipe(v.number(), v.integer(), v.minValue(0), v.description('Milliseconds since 1970.'));
const taskState = v.picklist(taskStates);

const eventSchema = v.strictObject({
  id,
  actor: v.string(),
  from: v.nullable(taskState),
  to: taskState,
  why: v.nullable(v.string()),
  at: time,
});

const taskSchema = v.strictObject({
  id,
  title: v.pipe(v.string(), v.minLength(1), v.maxLength(500)),
  description: v.pipe(v.string(), v.maxLength(200_000)),
  state: taskState,
  priority: v.picklist(priorities),
  agentTypeId: v.nullable(id),
  workspaceMode: v.picklist(workspaceModes),
  repositoryUrl: v.nullable(v.string()),
  branch: v.nullable(v.string()),
  includeUncommitted: v.optional(v.boolean(), true),
  labels: v.pipe(v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(50))), v.maxLength(20)),
  dependsOn: v.pipe(
    v.optional(v.pipe(v.array(id), v.maxLength(100)), []),
    v.description('The ids of the cards that have to be done before.'),
  ),
  createdBy: v.string(),
  createdAt: time,
  history: v.array(eventSchema),
});

const columnSchema = v.strictObject({
  id,
  title: v.string(),
  states: v.pipe(v.array(taskState), v.minLength(1)),
  hideWhenEmpty: v.boolean(),
});

export const boardFileSchema = v.strictObject({
  $schema: v.optional(v.string()),
  format: v.literal('kandev-board'),
  version: v.literal(1),
  board: v.strictObject({ id, name: v.string(), columns: v.array(columnSchema) }),
  /** In the order in which they stand, column by column. */
  tasks: v.array(taskSchema),
});

export type BoardFile = v.InferOutput<typeof boardFileSchema>;
export type FileTask = BoardFile['tasks'][number];

/** A card of the board, with the ids of those that it depends on. */
export type ExistingTask = Task & { dependsOn: readonly string[] };

/** What an import would do, to be shown before it does. */
export interface ImportPlan {
  added: FileTask[];
  changed: { task: FileTask; before: ExistingTask; fields: string[] }[];
  unchanged: number;
}

/** What an import would do, for the user to read before it does. */
export interface ImportPreview {
  /** The board that the file was written from; null when that is not here. */
  boardId: string | null;
  added: string[];
  changed: { title: string; fields: string[] }[];
  unchanged: number;
}

export interface ImportResult {
  /** Where the cards went that were added. */
  boardId: string;
  added: number;
  changed: number;
  /** Cards whose state had to stay, and why. */
  keptState: { title: string; why: string }[];
}

/** The fields of a card that an import sets, and compares. */
const comparedFields = ['title', 'description', 'priority', 'agentTypeId', 'labels', 'state'] as const;

export function toBoardFile(
  board: Board,
  cards: readonly { task: Task; history: readonly TaskEvent[]; dependsOn: readonly string[] }[],
): BoardFile {
  return {
    format: 'kandev-board',
    version: 1,
    board: {
      id: board.id,
      name: board.name,
      // How its user likes to see it is no part of it.
      columns: board.columns.map(({ id: columnId, title, states, hideWhenEmpty }) => ({
        ...{ id: columnId, title, hideWhenEmpty },
        states: [...states],
      })),
    },
    tasks: cards.map(({ task, history, dependsOn }) => ({
      id: task.id,
      title: task.title,
      description: task.description,
      state: task.state,
      priority: task.priority,
      agentTypeId: task.agentTypeId,
      workspaceMode: task.workspaceMode,
      repositoryUrl: task.repositoryUrl,
      branch: task.branch,
      includeUncommitted: task.includeUncommitted,
      labels: task.labels,
      dependsOn: [...dependsOn].sort(),
      createdBy: task.createdBy,
      createdAt: task.createdAt,
      history: history.map(({ id: eventId, actor, from, to, why, at }) => ({
        id: eventId,
        actor,
        from,
        to,
        why,
        at,
      })),
    })),
  };
}

/** @throws UserError `invalid-input` that names the first place where the file is not a board */
export function readBoardFile(input: unknown): BoardFile {
  const result = v.safeParse(boardFileSchema, input);
  if (!result.success) throw notABoard(v.getDotPath(result.issues[0]), result.issues[0].message);
  const seen = new Set<string>();
  for (const [index, { id: taskId }] of result.output.tasks.entries()) {
    if (seen.has(taskId)) throw notABoard(`tasks.${index}.id`, `“${taskId}” is there twice`);
    seen.add(taskId);
  }
  return result.output;
}

export function planImport(file: BoardFile, existing: readonly ExistingTask[]): ImportPlan {
  const byId = new Map(existing.map((task) => [task.id, task]));
  const plan: ImportPlan = { added: [], changed: [], unchanged: 0 };
  for (const task of file.tasks) {
    const before = byId.get(task.id);
    if (!before) plan.added.push(task);
    else {
      const fields = changedFields(task, before);
      if (fields.length > 0) plan.changed.push({ task, before, fields });
      else plan.unchanged++;
    }
  }
  return plan;
}

/** The names of the fields in which a card differs from what the file has. */
export function changedFields(task: FileTask, before: ExistingTask): string[] {
  const fields: string[] = comparedFields.filter(
    (field) => JSON.stringify(before[field]) !== JSON.stringify(task[field]),
  );
  const sameDependencies = [...before.dependsOn].sort().join() === [...task.dependsOn].sort().join();
  return sameDependencies ? fields : [...fields, 'dependsOn'];
}

function notABoard(place: string | null, problem: string): UserError {
  return new UserError({
    reason: 'invalid-input',
    message: `This file is not a Kandev board. The first thing that does not fit is at ${place ?? 'its beginning'}: ${problem}.`,
  });
}
