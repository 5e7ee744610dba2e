import type { QueryInput } from '../api/contract.ts';
import type { Failure, UserAction } from '../model/failure.ts';
import type { Statistics } from '../model/statistics.ts';
import type { TimelinePage, TimelinePlace } from '../model/timeline.ts';
import { isMessageOf } from './protocol.ts';

/** What both pages are about: what has come of runs, and what has happened to one card. */

export type StatisticsInput = QueryInput<'statistics'>;

/** The commands of VS Code that these pages may run; those of a timeline get the card. */
export const insightUiCommands = [
  'kandev.openBoard',
  'kandev.createTask',
  'kandev.revealInBoard',
  'kandev.reviewChanges',
  'kandev.openStatistics',
] as const;
export type InsightUiCommand = (typeof insightUiCommands)[number];

/** What a page asks the extension for, by name, and what it is answered. */
export interface InsightRequests {
  statistics: { input: StatisticsInput; result: Statistics };
  /** Asks its user for a place, and writes a table there. */
  exportCsv: { input: StatisticsInput; result: null };
  timeline: { input: { before: TimelinePlace | null; limit: number }; result: TimelinePage };
  /** Shows a run of the card where it was at a time, in milliseconds since the epoch. */
  openRun: { input: { runId: string; at: number }; result: null };
  uiCommand: { input: { command: InsightUiCommand }; result: null };
  runAction: { input: { action: UserAction }; result: null };
}

export type InsightRequestName = keyof InsightRequests;
export type InsightRequest = {
  [N in InsightRequestName]: { type: 'request'; id: number; name: N; input: InsightRequests[N]['input'] };
}[InsightRequestName];

/** From a page to the extension. */
export type InsightAppMessage =
  /** The page has loaded and listens. */
  { type: 'ready' } | InsightRequest;

/** What a page has to know beside what it asks for. */
export interface InsightSetting {
  /** The extension's clock, in milliseconds since the epoch. */
  now: number;
  /** Names of agents, by their ids. */
  agentNames: Readonly<Record<string, string>>;
  /** Of the card that a timeline is about; null where it is gone, or the page is about none. */
  cardTitle: string | null;
}

/** From the extension to a page. */
export type InsightHostMessage =
  /** The board is there; sent again whenever something of this is different. */
  | { type: 'setting'; setting: InsightSetting }
  /** Something has happened since: what was asked for may be different by now. */
  | { type: 'changed' }
  | { type: 'unavailable'; failure: Failure }
  | { type: 'answer'; id: number; result: unknown }
  | { type: 'refused'; id: number; failure: Failure };

const hostMessageTypes: readonly string[] = [
  'setting',
  'changed',
  'unavailable',
  'answer',
  'refused',
] satisfies readonly InsightHostMessage['type'][];

/** Tells the extension's messages from whatever else reaches the page's window. */
export function isInsightHostMessage(data: unknown): data is InsightHostMessage {
  return isMessageOf(hostMessageTypes, data);
}
