import * as v from 'valibot';
import type { Statistics } from '../model/statistics.ts';
import type { TimelinePage } from '../model/timeline.ts';
import { isTimeZone } from '../model/weeks.ts';
import type { Store } from '../store/store.ts';

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(100));

/** What runs have come to, for people who want to know how it goes. */
export const insightQuerySchemas = {
  /** Of the runs that have begun in some weeks. */
  statistics: v.object({
    /** How many weeks back, the current one among them; null: all, of at most ten years. */
    weeks: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(520))),
    /** Where its weeks begin at midnight. */
    timeZone: v.pipe(
      v.string(),
      v.maxLength(100),
      v.check(isTimeZone, 'There is no time zone of this name. One is called “Europe/Berlin”, for example.'),
    ),
    /** Of a week: 1 is Monday, 7 is Sunday. */
    firstDay: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(7)), 1),
    /** Left out or null: all. */
    boardId: v.optional(v.nullable(id), null),
    agentTypeId: v.optional(v.nullable(id), null),
  }),
  /** What has happened to a card: the newest first, and older ones page by page. */
  'task.timeline': v.object({
    taskId: id,
    /** Of the page before; left out or null: the newest. */
    before: v.optional(
      v.nullable(
        v.object({ at: v.pipe(v.number(), v.integer()), key: v.pipe(v.string(), v.maxLength(400)) }),
      ),
      null,
    ),
    limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(500)), 100),
  }),
};

export interface InsightQueryResults {
  statistics: Statistics;
  'task.timeline': TimelinePage;
}

type Params<Q extends keyof typeof insightQuerySchemas> = v.InferOutput<(typeof insightQuerySchemas)[Q]>;
type InsightQueryTable = {
  [Q in keyof typeof insightQuerySchemas]: (params: Params<Q>) => Promise<InsightQueryResults[Q]>;
};

/** All of it is worked out where the database is. */
export function insightQueries(store: Store): InsightQueryTable {
  return {
    statistics: (params) => store.query('statistics', { ...params, now: Date.now() }),
    'task.timeline': (params) => store.query('timeline', params),
  };
}
