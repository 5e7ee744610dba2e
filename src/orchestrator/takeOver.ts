import type { SessionSnapshot } from '../acp/takeOver.ts';
import type { ToolCall } from '../acp/types.ts';
import type { TakeOver } from '../agents/keeper/keeperClient.ts';
import type { Run } from '../model/run.ts';
import type { TranscriptEntry } from '../model/transcript.ts';
import type { RunLink as StoredLink } from '../store/runLinks.ts';
import type { StoredSession } from './runLink.ts';

/** How much of a transcript is read to go on with it: the calls that an agent still speaks of are among the last. */
export const entriesToGoOn = 5_000;

/**
 * The session of a run as the process before has left it.
 *
 * @param entries the end of its transcript
 * @param asked the ids of those prompts that the agent was given
 */
export function snapshotOf(
  { sessionId, turns }: Run,
  { session, prompt }: StoredLink,
  entries: readonly TranscriptEntry[],
  asked: readonly string[],
): SessionSnapshot {
  const { options, commands } = (session ?? { options: [], commands: [] }) as StoredSession;
  const id = prompt?.id ?? null;
  const isSent = id !== null && asked.includes(JSON.stringify(id));
  return {
    sessionId: sessionId ?? '',
    options,
    commands,
    toolCalls: entries
      .filter(({ kind, data }) => kind === 'tool_call' && data !== null)
      .map(({ data }) => JSON.parse(data ?? 'null') as ToolCall),
    // One that was not given to the agent is to come.
    turns: prompt !== null && !isSent ? turns - 1 : turns,
    openPrompt: isSent ? { id, hadOutput: hadOutput(entries, turns) } : null,
  };
}

/** Where the process before has left off with the agent itself. */
export function leftOffAt({ position, requests, prompt }: StoredLink): TakeOver {
  const id = prompt?.id ?? null;
  return {
    offset: Math.min(position, ...requests.map(({ start }) => start)),
    asked: id === null ? [] : [JSON.stringify(id)],
    answered: requests.map((request) => request.id),
  };
}

function hadOutput(entries: readonly TranscriptEntry[], turns: number): boolean {
  return entries.some(
    ({ turn, kind }) => turn === turns && (kind === 'message' || kind === 'tool_call' || kind === 'plan'),
  );
}
