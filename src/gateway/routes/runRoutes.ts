import * as v from 'valibot';
import type { Kandev } from '../../api/contract.ts';
import { UserError } from '../../model/failure.ts';
import type { Run } from '../../model/run.ts';
import { cardOf } from '../cards.ts';
import { entrySchema, itemsOf, runSchema } from '../resources.ts';
import { route, type Route } from '../route.ts';
import { limitOf, runParams, taskParams } from './common.ts';

const tag = 'Runs';
const logEntrySchema = v.object({ at: v.number(), kind: v.picklist(['note', 'stderr']), text: v.string() });

/** Runs of cards, and what was said in them. */
export const runRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/tasks/{taskId}/runs',
    operationId: 'listRuns',
    summary: 'All runs of a card, the first one first.',
    tag,
    scope: 'read',
    params: taskParams,
    response: itemsOf(runSchema),
    handle: async ({ kandev, params: { taskId } }) => {
      await cardOf(kandev, taskId);
      const runs = await kandev.query('task.runs', { taskId });
      return { body: { items: runs.map(shown) } };
    },
  }),
  route({
    method: 'get',
    path: '/tasks/{taskId}/runs/{runId}',
    operationId: 'getRun',
    summary: 'One run.',
    tag,
    scope: 'read',
    params: runParams,
    response: runSchema,
    handle: async ({ kandev, params }) => ({ body: shown(await runOf(kandev, params)) }),
  }),
  route({
    method: 'get',
    path: '/tasks/{taskId}/runs/{runId}/transcript',
    operationId: 'getTranscript',
    summary: 'What was said and done in a run, from its end; `beforeSeq` pages back.',
    tag,
    scope: 'read',
    params: runParams,
    query: v.strictObject({
      beforeSeq: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
      limit: limitOf(200, 1000),
    }),
    response: v.object({
      items: v.array(entrySchema),
      beforeSeq: v.pipe(
        v.nullable(v.number()),
        v.description('Of the page before this one; null where this is the first.'),
      ),
    }),
    handle: async ({ kandev, params, query: { beforeSeq, limit } }) => {
      const { id: runId } = await runOf(kandev, params);
      const items = await kandev.query('run.transcript', { runId, beforeSeq, limit });
      const first = items[0]?.seq ?? 1;
      return { body: { items, beforeSeq: items.length === limit && first > 1 ? first : null } };
    },
  }),
  route({
    method: 'get',
    path: '/tasks/{taskId}/runs/{runId}/log',
    operationId: 'getLog',
    summary: 'What the container of a run wrote to stderr, and what became of it.',
    tag,
    scope: 'read',
    params: runParams,
    query: v.strictObject({
      after: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
      limit: limitOf(500, 5000),
    }),
    response: v.object({
      items: v.array(logEntrySchema),
      after: v.pipe(v.nullable(v.number()), v.description('Of the next page; null on the last one.')),
      shortened: v.pipe(v.boolean(), v.description('Its beginning is not kept any more.')),
    }),
    handle: async ({ kandev, params, query: { after, limit } }) => {
      const { id: runId } = await runOf(kandev, params);
      const log = await kandev.query('run.containerLog', { runId });
      const { entries = [], shortened = false } = log ?? {};
      const items = entries.slice(after, after + limit);
      const next = after + items.length;
      return { body: { items, after: next < entries.length ? next : null, shortened } };
    },
  }),
];

/** @throws UserError `not-found` also where it is another card's */
export async function runOf(
  kandev: Kandev,
  { taskId, runId }: { taskId: string; runId: string },
): Promise<Run> {
  await cardOf(kandev, taskId);
  const runs = await kandev.query('task.runs', { taskId });
  const run = runs.find(({ id }) => id === runId);
  if (!run) throw new UserError({ reason: 'not-found', message: 'This card has no such run.' });
  return run;
}

function shown(run: Run): v.InferInput<typeof runSchema> {
  return { ...run, blocked: [...run.blocked] };
}
