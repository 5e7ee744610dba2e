import type { Task } from '../model/task.ts';
import type { TranscriptEntry } from '../model/transcript.ts';
import { promptOf } from './turnText.ts';

/** How much of the old conversation a new agent is given, in characters: some thousand tokens. */
const summaryCharacters = 12_000;

const speakers: Partial<Record<TranscriptEntry['kind'], string>> = {
  user: 'User',
  message: 'Agent',
  tool_call: 'Tool',
};

/**
 * What an agent is told that has to go on without remembering: the task, the end of what was said, and the message.
 *
 * @param entries of the earlier run, in their order
 */
export function retell(
  task: Pick<Task, 'title' | 'description'>,
  entries: readonly TranscriptEntry[],
  message: string,
): string {
  const lines = entries.flatMap(({ kind, text }) => {
    const speaker = speakers[kind];
    // Of a tool call only what it was; its places follow in lines of their own.
    const said = kind === 'tool_call' ? (text.split('\n')[0] ?? '') : text.trim();
    return speaker === undefined || said === '' ? [] : [`${speaker}: ${said}`];
  });
  return [
    'You are taking over a task from an earlier conversation that is no longer available.',
    `The task was:\n${promptOf(task)}`,
    `What was said and done, as far as it is known:\n${lastOf(lines)}`,
    'The files are as that conversation left them. Look at them before you change anything.',
    `The user now says:\n${message}`,
  ].join('\n\n');
}

/** The last of the lines that fit together; of a line that does not fit by itself, its end. */
function lastOf(lines: readonly string[]): string {
  const kept: string[] = [];
  let left = summaryCharacters;
  for (const line of lines.toReversed()) {
    if (line.length > left) {
      if (kept.length === 0) kept.push(`…${line.slice(-left)}`);
      break;
    }
    kept.unshift(line);
    left -= line.length + 1;
  }
  return kept.join('\n');
}
