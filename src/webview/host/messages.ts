import * as v from 'valibot';
import { commandSchemas } from '../../api/contract.ts';
import type { Failure, UserAction } from '../../model/failure.ts';
import { priorities, taskStates, workspaceModes } from '../../model/task.ts';
import { filterSchema } from '../../providers/sharedFilter.ts';
import {
  type AppMessage,
  type BoardCommand,
  choices,
  type Draft,
  type Drafts,
  uiCommands,
} from '../protocol.ts';

const taskId = v.pipe(v.string(), v.minLength(1), v.maxLength(100));
/** With how many cards at once something is done; far more than anybody selects. */
const maxCards = 10_000;
export const requestId = v.pipe(v.number(), v.integer());

export const userAction: v.GenericSchema<unknown, UserAction> = v.variant('kind', [
  v.object({ kind: v.literal('retry'), taskId }),
  v.object({ kind: v.literal('stopAndMove'), taskId, to: v.string() }),
  v.object({ kind: v.literal('stop'), taskId }),
  v.object({ kind: v.literal('editTask'), taskId }),
  v.object({ kind: v.literal('workInCopy'), taskId }),
  v.object({ kind: v.literal('chooseDependencies'), taskId }),
  v.object({ kind: v.literal('openFolder') }),
  v.object({ kind: v.literal('showLog') }),
  v.object({ kind: v.literal('openSetting'), setting: v.pipe(v.string(), v.startsWith('kandev.')) }),
  v.object({ kind: v.literal('openUrl'), url: v.pipe(v.string(), v.regex(/^https?:\/\//)) }),
  v.object({ kind: v.literal('checkEngine') }),
  v.object({
    kind: v.literal('registrySignIn'),
    // As a host is written; what begins with a dash would be an option.
    registry: v.nullable(v.pipe(v.string(), v.maxLength(300), v.regex(/^[A-Za-z0-9[][\w.:[\]-]*$/))),
  }),
  v.object({ kind: v.literal('signIn'), agentTypeId: v.pipe(v.string(), v.minLength(1), v.maxLength(100)) }),
  v.object({ kind: v.literal('credentials') }),
  v.object({ kind: v.literal('devcontainer') }),
  v.object({ kind: v.literal('allowHost'), taskId, entry: v.pipe(v.string(), v.maxLength(300)) }),
  v.object({ kind: v.literal('editResources'), taskId }),
  v.object({ kind: v.literal('exportDatabase') }),
  v.object({ kind: v.literal('undoLast') }),
  v.object({ kind: v.literal('cleanUp') }),
  v.object({ kind: v.literal('reloadWindow') }),
]);

const typedText = v.pipe(v.string(), v.maxLength(1_000_000));

const formValues = v.object({
  title: typedText,
  description: typedText,
  agentTypeId: v.string(),
  priority: v.picklist(priorities),
  labels: typedText,
  workspaceMode: v.picklist(workspaceModes),
  repositoryUrl: typedText,
  branch: typedText,
  includeUncommitted: v.boolean(),
  state: v.picklist(['BACKLOG', 'TODO']),
});

const draft: v.GenericSchema<unknown, Draft> = v.object({ base: formValues, values: formValues });

function execute<C extends BoardCommand>(command: C) {
  const input: (typeof commandSchemas)[C] = commandSchemas[command];
  return v.object({ type: v.literal('execute'), requestId, command: v.literal(command), input });
}

const appMessage: v.GenericSchema<unknown, AppMessage> = v.variant('type', [
  v.object({ type: v.literal('ready') }),
  v.variant('command', [
    execute('task.create'),
    execute('task.update'),
    execute('task.start'),
    execute('task.stop'),
    execute('permission.answer'),
    execute('run.wait'),
    execute('run.nudge'),
    execute('queue.resume'),
    execute('board.setColumn'),
    execute('board.addSamples'),
  ]),
  v.object({
    type: v.literal('moveCards'),
    requestId,
    moves: v.pipe(
      v.array(v.object({ taskId, to: v.picklist(taskStates), beforeTaskId: v.nullable(taskId) })),
      v.maxLength(maxCards),
    ),
    stopRuns: v.boolean(),
  }),
  v.object({
    type: v.literal('deleteCards'),
    requestId,
    taskIds: v.pipe(v.array(taskId), v.maxLength(maxCards)),
  }),
  v.object({ type: v.literal('moveToBoard'), taskIds: v.pipe(v.array(taskId), v.maxLength(maxCards)) }),
  v.object({ type: v.literal('uiCommand'), command: v.picklist(uiCommands), taskId }),
  v.object({
    type: v.literal('createCards'),
    requestId,
    cards: v.pipe(v.array(commandSchemas['task.create']), v.maxLength(1000)),
  }),
  v.object({ type: v.literal('undo'), requestId }),
  v.object({ type: v.literal('setFilter'), filter: filterSchema }),
  v.object({ type: v.literal('choose'), what: v.picklist(choices) }),
  v.object({ type: v.literal('chooseTemplate') }),
  v.object({ type: v.literal('runAction'), requestId, action: userAction }),
  v.object({
    type: v.literal('saveDraft'),
    key: v.pipe(v.string(), v.maxLength(110)),
    draft: v.nullable(draft),
  }),
]);

export type ReadMessage<M> =
  | { ok: true; message: M }
  /** `requestId` is null where nobody waits for an answer. */
  | { ok: false; requestId: number | null; failure: Failure };

/** Checks what the page has sent. Nothing that does not pass is acted on. */
export function readAppMessage(data: unknown): ReadMessage<AppMessage> {
  const parsed = v.safeParse(appMessage, data);
  if (parsed.success) return { ok: true, message: parsed.output };
  const envelope = v.safeParse(v.object({ requestId }), data);
  return refusedMessage(parsed.issues, envelope.success ? envelope.output.requestId : null);
}

/** What is wrong with a message that was not taken. */
export function refusedMessage<M>(
  [issue]: [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]],
  waiting: number | null,
): ReadMessage<M> {
  const failure = {
    reason: 'invalid-input',
    message: issue.message,
    detail: v.getDotPath(issue) ?? '',
  } as const;
  return { ok: false, requestId: waiting, failure };
}

/** Drafts as they were stored; what an older version left behind in another form is dropped. */
export function readDrafts(stored: unknown): Drafts {
  const entries = v.safeParse(v.record(v.string(), v.unknown()), stored);
  if (!entries.success) return {};
  return Object.fromEntries(
    Object.entries(entries.output).flatMap(([key, value]) => {
      const parsed = v.safeParse(draft, value);
      return parsed.success ? [[key, parsed.output] as const] : [];
    }),
  );
}
