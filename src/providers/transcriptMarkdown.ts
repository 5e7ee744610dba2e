import { stripVTControlCharacters } from 'node:util';
import { sizeText, type Picture } from '../model/picture.ts';
import type { Run } from '../model/run.ts';
import type { Task } from '../model/task.ts';
import { picturesOf, type TranscriptEntry } from '../model/transcript.ts';

/** A run with what was said in it, in its order. */
export interface ToldRun {
  run: Pick<Run, 'createdAt'>;
  agentName: string;
  entries: readonly TranscriptEntry[];
}

/** The whole conversation on a card as a Markdown document. Times are in UTC. */
export function transcriptMarkdown(task: Pick<Task, 'title'>, runs: readonly ToldRun[]): string {
  const parts = runs.flatMap(({ run, agentName, entries }, index) => {
    const began = new Date(run.createdAt).toISOString().slice(0, 16).replace('T', ' ');
    const pieces = joined(entries).map((piece) => sectionOf(piece, agentName));
    return [`## Run ${index + 1}: ${agentName}, ${began}`, ...pieces];
  });
  return `${[`# ${task.title}`, ...parts].join('\n\n')}\n`;
}

type Piece = Pick<TranscriptEntry, 'kind' | 'key' | 'text' | 'data'>;

/** The entries that say something; what is stored in pieces is one again. */
function joined(entries: readonly TranscriptEntry[]): Piece[] {
  const pieces: Piece[] = [];
  for (const { kind, key, text, data } of entries) {
    if (kind === 'usage' || kind === 'unknown') continue;
    const last = pieces.at(-1);
    const isRunning = kind === 'message' || kind === 'thought' || kind === 'terminal';
    if (last && isRunning && last.kind === kind && last.key === key) last.text += text;
    else pieces.push({ kind, key, text, data });
  }
  return pieces;
}

function sectionOf(piece: Piece, agentName: string): string {
  const { kind, text } = piece;
  const said = text.trim();
  switch (kind) {
    case 'user':
      return ['### You', ...(said === '' ? [] : [said]), ...picturesOf(piece).map(pictureLine)].join('\n\n');
    case 'message':
      return `### ${agentName}\n\n${said}`;
    case 'thought':
      return quoted(said);
    case 'terminal':
      return fenced(stripVTControlCharacters(said));
    case 'tool_call': {
      const [title = '', ...places] = said.split('\n');
      return [`- **${title}**`, ...places.map((place) => `  - \`${place}\``)].join('\n');
    }
    case 'plan':
      return said
        .split('\n')
        .map((line) => (line.startsWith('[') ? `- ${line.replace('[>]', '[ ]')}` : `\n${line}`))
        .join('\n');
    default:
      return `*${said.replaceAll('\n', ' ')}*`;
  }
}

/** What a picture was: a document of text holds no megabytes. */
function pictureLine({ name, mimeType, bytes }: Picture): string {
  return `*Picture: ${name} (${mimeType}, ${sizeText(bytes)})*`;
}

function quoted(text: string): string {
  return text
    .split('\n')
    .map((line) => `> ${line}`.trimEnd())
    .join('\n');
}

/** With a fence that is longer than any in the text. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}
