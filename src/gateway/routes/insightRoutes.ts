import * as v from 'valibot';
import { querySchemas } from '../../api/contract.ts';
import { runOutcomes } from '../../model/statistics.ts';
import { runStates } from '../../model/run.ts';
import { taskStates } from '../../model/task.ts';
import { cardOf } from '../cards.ts';
import { route, type Route } from '../route.ts';
import { limitOf, taskParams } from './common.ts';

const tag = 'Insight';
const time = v.pipe(v.number(), v.integer(), v.description('Milliseconds since 1970.'));
const duration = v.pipe(v.number(), v.description('Milliseconds.'));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const textOrNull = v.nullable(v.string());

const figuresSchema = v.pipe(
  v.object({
    runs: count,
    outcomes: v.object(
      Object.fromEntries(runOutcomes.map((outcome) => [outcome, count])) as Record<
        (typeof runOutcomes)[number],
        typeof count
      >,
    ),
    toReview: v.pipe(
      v.nullable(
        v.object({
          count,
          lowerQuartile: duration,
          median: duration,
          upperQuartile: duration,
          longest: duration,
        }),
      ),
      v.description('From the start of a run until its agent had first finished; null where none has.'),
    ),
    worked: duration,
    waited: v.pipe(v.number(), v.description('Milliseconds in which agents waited for an answer.')),
    waitedRuns: count,
    tokens: v.pipe(v.nullable(count), v.description('Null where no agent has told.')),
    tokenRuns: v.pipe(count, v.description('Of how many runs they were told.')),
    costs: v.array(v.object({ amount: v.number(), currency: v.string() })),
    costRuns: count,
  }),
  v.title('Figures'),
);

const statisticsSchema = v.object({
  from: time,
  to: time,
  timeZone: v.string(),
  total: figuresSchema,
  byAgent: v.array(v.object({ agentTypeId: v.string(), figures: figuresSchema })),
  byWeek: v.array(v.object({ start: time, figures: figuresSchema })),
  cells: v.pipe(
    v.array(v.object({ start: time, agentTypeId: v.string(), figures: figuresSchema })),
    v.description('By week and agent, where there is something.'),
  ),
});

const entry = { key: v.string(), at: time };
const entrySchema = v.variant('kind', [
  v.object({
    ...{ ...entry, kind: v.literal('state'), actor: v.string(), from: v.nullable(v.picklist(taskStates)) },
    ...{ to: v.picklist(taskStates), why: textOrNull },
  }),
  v.object({ ...entry, kind: v.literal('edited'), actor: v.string(), fields: v.array(v.string()) }),
  v.object({ ...entry, kind: v.literal('result'), actor: v.string(), what: v.string() }),
  v.object({
    ...{ ...entry, kind: v.literal('run'), runId: v.string(), agentTypeId: v.string() },
    state: v.picklist(runStates),
    spells: v.array(v.object({ state: v.picklist(runStates), since: time, until: v.nullable(time) })),
    turns: count,
    failure: textOrNull,
    changes: v.nullable(v.object({ files: count, added: count, removed: count })),
  }),
  v.object({
    ...{ ...entry, kind: v.literal('asked'), runId: v.string(), title: v.string(), answer: textOrNull },
    isAllowed: v.boolean(),
    state: v.picklist(['open', 'answered', 'closed']),
    answeredBy: textOrNull,
    rule: v.pipe(textOrNull, v.description('The rule that has answered, in words.')),
    resolvedAt: v.nullable(time),
  }),
  v.object({ ...entry, kind: v.literal('message'), runId: v.string(), seq: count, text: v.string() }),
]);

const { weeks: _weeks, ...statisticsQuery } = querySchemas.statistics.entries;

/** What has come of runs, and what has happened to a card. */
export const insightRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/statistics',
    operationId: 'getStatistics',
    summary: 'What runs have come to, by the week in which they began and by agent.',
    tag,
    scope: 'read',
    query: v.strictObject({
      ...statisticsQuery,
      timeZone: v.optional(statisticsQuery.timeZone, 'UTC'),
      weeks: v.pipe(
        v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(520)), 12),
        v.description('How many weeks back, the current one among them; 0: all.'),
      ),
    }),
    response: statisticsSchema,
    handle: async ({ kandev, query }) => {
      const weeks = query.weeks === 0 ? null : query.weeks;
      const statistics = await kandev.query('statistics', { ...query, weeks });
      return { body: statistics };
    },
  }),
  route({
    method: 'get',
    path: '/tasks/{taskId}/timeline',
    operationId: 'getTimeline',
    summary: 'What has happened to a card, the newest first: moves, edits, runs, questions and messages.',
    tag,
    scope: 'read',
    params: taskParams,
    query: v.strictObject({
      cursor: v.pipe(v.optional(v.string()), v.description('`next` of the page before.')),
      limit: limitOf(100, 500),
    }),
    response: v.object({
      items: v.array(entrySchema),
      next: v.pipe(textOrNull, v.description('The cursor of the next page; null on the last one.')),
    }),
    handle: async ({ kandev, params: { taskId }, query: { cursor, limit } }) => {
      await cardOf(kandev, taskId);
      const { entries, before } = await kandev.query('task.timeline', {
        taskId,
        limit,
        before: placeOf(cursor),
      });
      return { body: { items: entries, next: before && `${before.at} ${before.key}` } };
    },
  }),
];

/** A cursor that is none reads as if there were nothing before it: the list is then empty. */
function placeOf(cursor: string | undefined): { at: number; key: string } | null {
  if (cursor === undefined) return null;
  const [, at = '0', key = ''] = /^(\d{1,15}) (.{1,400})$/s.exec(cursor) ?? [];
  return { at: Number(at), key };
}
