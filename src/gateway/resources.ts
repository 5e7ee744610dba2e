import * as v from 'valibot';
import { ruleDecisions } from '../model/permissionRule.ts';
import { priorities, taskStates, workspaceModes } from '../model/task.ts';
import { runStates } from '../model/run.ts';

/**
 * What programs are told, field by field: whatever is sent has gone through these, so that what is not written here is
 * never sent. They are the schemas of docs/openapi.json.
 */

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(400));
const time = v.pipe(v.number(), v.integer(), v.description('Milliseconds since 1970.'));
const textOrNull = v.nullable(v.string());
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const resourceSettingsSchema = v.object({
  cpus: v.optional(v.number()),
  memoryMb: v.optional(v.number()),
  pids: v.optional(v.number()),
  network: v.optional(v.union([v.picklist(['bridge', 'none']), v.array(v.string())])),
});

export const taskSchema = v.pipe(
  v.object({
    id,
    boardId: id,
    title: v.string(),
    description: v.pipe(v.string(), v.description('Markdown; it is the prompt the agent is given.')),
    state: v.picklist(taskStates),
    priority: v.picklist(priorities),
    position: v.pipe(v.number(), v.description('Order within the column: lower is higher up.')),
    agentTypeId: v.pipe(v.nullable(id), v.description('Null when a person does the work.')),
    workspaceMode: v.picklist(workspaceModes),
    repositoryUrl: textOrNull,
    branch: textOrNull,
    includeUncommitted: v.boolean(),
    labels: v.array(v.string()),
    resources: v.nullable(resourceSettingsSchema),
    heldBecause: v.pipe(textOrNull, v.description('Why a card in TODO is not started by the queue.')),
    retry: v.nullable(v.object({ made: count, of: count, at: v.nullable(time) })),
    dependsOn: v.pipe(v.array(id), v.description('The cards that have to be done before.')),
    createdBy: v.string(),
    createdFrom: v.pipe(v.nullable(id), v.description('The card whose agent has created it.')),
    createdAt: time,
    updatedAt: time,
    version: v.pipe(count, v.description('Rises with each change, over all cards. The ETag is made of it.')),
  }),
  v.title('Task'),
);

const failureSchema = v.object({ reason: v.string(), message: v.string() });

export const runSchema = v.pipe(
  v.object({
    id,
    taskId: id,
    agentTypeId: id,
    state: v.picklist(runStates),
    turns: v.pipe(count, v.description('How many prompts the agent has been given.')),
    activity: v.pipe(textOrNull, v.description('What the agent did last, in one line.')),
    stopReason: textOrNull,
    failure: v.nullable(failureSchema),
    workspace: v.nullable(
      v.object({ kind: v.picklist(workspaceModes), branch: textOrNull, hasRepository: v.boolean() }),
    ),
    changes: v.nullable(v.object({ files: count, added: count, removed: count })),
    blocked: v.pipe(v.array(v.string()), v.description('Hosts that its agent was refused.')),
    times: v.pipe(v.record(v.string(), time), v.description('When each state was last entered.')),
    createdAt: time,
  }),
  v.title('Run'),
);

export const entrySchema = v.pipe(
  v.object({
    seq: v.pipe(count, v.description('Rises by one within a run, from 1.')),
    runId: id,
    taskId: id,
    turn: count,
    kind: v.string(),
    key: textOrNull,
    text: v.string(),
    data: v.pipe(textOrNull, v.description('The structured part, as JSON.')),
    at: time,
  }),
  v.title('TranscriptEntry'),
);

export const permissionSchema = v.pipe(
  v.object({
    id,
    runId: id,
    taskId: id,
    title: v.string(),
    toolKind: v.string(),
    command: textOrNull,
    paths: v.array(v.string()),
    diffs: v.array(v.object({ path: v.string(), oldText: textOrNull, newText: v.string() })),
    options: v.array(v.object({ optionId: v.string(), name: v.string(), kind: v.string() })),
    ruling: v.pipe(
      v.nullable(
        v.object({
          decision: v.picklist(ruleDecisions),
          by: v.picklist(['rule', 'preset', 'none']),
          ruleId: textOrNull,
          text: v.string(),
        }),
      ),
      v.description('Which permission rule has asked; `none`: no rule is about it.'),
    ),
    requestedAt: time,
  }),
  v.title('PermissionRequest'),
);

export const questionSchema = v.pipe(
  v.object({
    id,
    runId: id,
    taskId: id,
    askedAt: time,
    elicitation: v.pipe(
      v.looseObject({ mode: v.picklist(['form', 'url']), message: v.string() }),
      v.description('What is asked: the fields of a form, or an address.'),
    ),
  }),
  v.title('Question'),
);

export const agentTypeSchema = v.pipe(
  v.object({
    id,
    name: v.string(),
    image: v.string(),
    environment: v.pipe(v.array(v.string()), v.description('Names of variables; never values.')),
    resources: resourceSettingsSchema,
    maxConcurrentRuns: v.optional(count),
  }),
  v.title('AgentType'),
);

export const promptSchema = v.pipe(
  v.object({ id, taskId: id, text: v.string(), createdBy: v.string(), createdAt: time }),
  v.title('QueuedPrompt'),
);

export const taskEventSchema = v.pipe(
  v.object({
    id,
    taskId: id,
    actor: v.string(),
    from: v.nullable(v.picklist(taskStates)),
    to: v.picklist(taskStates),
    why: textOrNull,
    at: time,
  }),
  v.title('TaskEvent'),
);

export const queuePlaceSchema = v.pipe(
  v.object({
    place: v.pipe(count, v.description('From 1.')),
    why: v.pipe(v.string(), v.description('Why it waits.')),
    until: v.nullable(time),
  }),
  v.title('QueuePlace'),
);

export const statusSchema = v.pipe(
  v.object({
    taskId: id,
    state: v.picklist(taskStates),
    run: v.pipe(v.nullable(runSchema), v.description('The latest run, live or over.')),
    queue: v.nullable(queuePlaceSchema),
    permissions: v.array(permissionSchema),
    questions: v.array(v.object({ id, message: v.string() })),
    waitsFor: v.array(v.object({ taskId: id, title: v.string(), state: v.picklist(taskStates) })),
    stalledSince: v.nullable(time),
    needsYou: v.pipe(v.boolean(), v.description('The agent waits for an answer.')),
  }),
  v.title('TaskStatus'),
);

export const boardSchema = v.pipe(
  v.object({
    id,
    name: v.string(),
    columns: v.array(
      v.object({
        id,
        title: v.string(),
        states: v.array(v.picklist(taskStates)),
        hideWhenEmpty: v.boolean(),
      }),
    ),
    workspaceMode: v.picklist(workspaceModes),
    workspaceModes: v.pipe(
      v.array(v.picklist(workspaceModes)),
      v.description('Where agents can work here: a folder without git cannot be cloned.'),
    ),
    queuePause: v.nullable(v.object({ by: v.string(), at: time })),
  }),
  v.title('Board'),
);

export const problemSchema = v.pipe(
  v.object({
    type: v.string(),
    title: v.string(),
    status: v.pipe(v.number(), v.integer()),
    detail: v.pipe(v.string(), v.description('For people.')),
    reason: v.pipe(v.string(), v.description('For programs.')),
    errors: v.optional(v.array(v.object({ field: v.string(), message: v.string() }))),
  }),
  v.title('Problem'),
);

/** A page of a list; `next` is the `cursor` of the following one. */
export function pageOf<T extends v.GenericSchema>(item: T) {
  return v.object({
    items: v.array(item),
    next: v.pipe(v.nullable(v.string()), v.description('The cursor of the next page; null on the last one.')),
  });
}

export const itemsOf = <T extends v.GenericSchema>(item: T) => v.object({ items: v.array(item) });
