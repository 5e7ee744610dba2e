import { insertOrReplaceEntries, updateRun, type RunChange } from './runWrites.ts';
import type { Message } from '../model/prompt.ts';
import type { Run } from '../model/run.ts';
import type { TranscriptEntry } from '../model/transcript.ts';
import type { SqlDatabase } from './sqlDatabase.ts';

/** How far a run has got with its agent: what another process needs that goes on with it. */
export interface RunLink {
  /** What the agent said before this byte of its output is in the transcript, and what followed from it done … */
  position: number;
  /** … but for these, which it waits for. */
  requests: readonly AgentRequest[];
  /** What the agent said to `initialize`. */
  agent: unknown;
  /** What can be chosen in the session. */
  session: unknown;
  /** What it was told and has not ended its turn about. */
  prompt: OpenPrompt | null;
  /** Null before it was first stored. */
  worked: WorkedTime | null;
}

/** For how long an agent has worked, without the times in which it has waited for its user. In milliseconds. */
export interface WorkedTime {
  turn: number;
  /** On that turn. */
  turnMs: number;
  /** On all turns. */
  runMs: number;
  /** As of when: since the epoch. */
  at: number;
}

export interface AgentRequest {
  /** The byte of the agent's output that it begins at. */
  start: number;
  /** Its id, as JSON. */
  id: string;
}

/** Links of earlier versions know no pictures. */
export interface OpenPrompt extends Pick<Message, 'text'>, Partial<Pick<Message, 'pictures'>> {
  /** Under which id it was sent; null before that. */
  id: number | null;
}

/** How a link has gone on. What is left out is as it was. */
export interface LinkChange {
  position?: number;
  asked?: readonly AgentRequest[];
  /** Where the requests begin that were answered. */
  answered?: readonly number[];
  agent?: unknown;
  session?: unknown;
  prompt?: OpenPrompt | null;
}

export interface RunProgress {
  runId: string;
  entries: readonly TranscriptEntry[];
  /** The line of the card; null leaves it as it is. */
  activity: string | null;
  /** Made where there is none. */
  link?: LinkChange | null;
  change?: Omit<RunChange, 'runId'> | null;
}

/**
 * Stores what a run has brought, and how far that reaches: all of it or nothing. An entry whose `seq` is already there is
 * replaced (a message that has grown).
 *
 * @returns the run, where it was changed
 */
export function putProgress(
  db: SqlDatabase,
  { runId, entries, activity, link = null, change = null }: RunProgress,
): Run | null {
  insertOrReplaceEntries(db, runId, entries);
  if (activity !== null) db.run('UPDATE agent_instances SET activity = ? WHERE id = ?', activity, runId);
  if (link !== null) changeLink(db, runId, link);
  return change && updateRun(db, { runId, ...change });
}

function changeLink(db: SqlDatabase, runId: string, change: LinkChange): void {
  const { position, asked = [], answered = [], agent, session, prompt } = change;
  db.run(
    `INSERT INTO run_links (run_id, position, agent, session, prompt) VALUES (?, 0, 'null', 'null', 'null')
     ON CONFLICT (run_id) DO NOTHING`,
    runId,
  );
  const put = (column: string, value: unknown): void => {
    if (value !== undefined) {
      db.run(`UPDATE run_links SET ${column} = ? WHERE run_id = ?`, JSON.stringify(value), runId);
    }
  };
  if (position !== undefined) db.run('UPDATE run_links SET position = ? WHERE run_id = ?', position, runId);
  put('agent', agent);
  put('session', session);
  put('prompt', prompt);
  for (const { start, id } of asked) {
    db.run(
      'INSERT OR REPLACE INTO agent_requests (run_id, start, request_id) VALUES (?, ?, ?)',
      runId,
      start,
      id,
    );
  }
  for (const start of answered) {
    db.run('DELETE FROM agent_requests WHERE run_id = ? AND start = ?', runId, start);
  }
}

/** Does nothing for a run whose agent nobody else can take over. */
export function putWorkedTime(
  db: SqlDatabase,
  { runId, worked }: { runId: string; worked: WorkedTime },
): void {
  db.run('UPDATE run_links SET worked = ? WHERE run_id = ?', JSON.stringify(worked), runId);
}

/** Null for a run whose agent nobody else can take over. */
export function runLink(db: SqlDatabase, { runId }: { runId: string }): RunLink | null {
  const row = db.get('SELECT * FROM run_links WHERE run_id = ?', runId);
  if (!row) return null;
  const requests = db.all(
    'SELECT start, request_id FROM agent_requests WHERE run_id = ? ORDER BY start',
    runId,
  );
  return {
    position: Number(row.position),
    requests: requests.map(({ start, request_id: id }) => ({ start: Number(start), id: String(id) })),
    agent: JSON.parse(String(row.agent)),
    session: JSON.parse(String(row.session)),
    prompt: JSON.parse(String(row.prompt)) as OpenPrompt | null,
    worked: JSON.parse(String(row.worked)) as WorkedTime | null,
  };
}
