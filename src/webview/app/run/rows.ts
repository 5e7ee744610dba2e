import type { Picture } from '../../../model/picture.ts';
import type { PlanStep, RunEntry, RunSummary, ToolView } from '../../runProtocol.ts';

/** One thing that was said, done or happened, as the transcript shows it. */
export type Row = { key: string; runId: string } & RowContent;

export type RowContent =
  /** Where another run of the card begins. */
  | { kind: 'run'; run: RunSummary; number: number }
  | { kind: 'prompt'; text: string; pictures: readonly Picture[]; at: number }
  | { kind: 'message'; text: string; at: number }
  | { kind: 'thought'; text: string }
  | { kind: 'tool'; seq: number; tool: ToolView; outputs: readonly string[] }
  /** A command that no tool call shows. */
  | { kind: 'terminal'; text: string }
  | { kind: 'plan'; steps: readonly PlanStep[] }
  | { kind: 'end'; text: string; stopReason: string; took: number }
  | { kind: 'notice'; text: string; severity: string }
  | { kind: 'unknown'; text: string };

/** The rows of one turn, from its entries in their order. */
export function rowsOfTurn(entries: readonly RunEntry[]): Row[] {
  const outputs = outputsOf(entries);
  const shown = new Set(entries.flatMap((entry) => (entry.kind === 'tool_call' ? entry.tool.terminals : [])));
  const began = entries[0]?.at ?? 0;
  const rows: Row[] = [];
  let previous: RunEntry | null = null;
  for (const entry of entries) {
    // It stands in the header, and may come in the middle of a message.
    if (entry.kind === 'usage') continue;
    if (entry.kind === 'terminal') {
      if (shown.has(entry.key)) continue;
      // All of its output stands where it began.
      shown.add(entry.key);
    }
    const content = contentOf(entry, outputs, began);
    const last = rows.at(-1);
    if (previous && last && isContinued(previous, entry)) rows[rows.length - 1] = longer(last, content);
    else rows.push({ key: keyOf(entry), runId: entry.runId, ...content });
    previous = entry;
  }
  return rows;
}

/** Of the row that begins with an entry. */
export function keyOf({ runId, seq }: Pick<RunEntry, 'runId' | 'seq'>): string {
  return `${runId} ${seq}`;
}

/** The text of a row, as it is searched and copied. */
export function textOf(row: Row): string {
  switch (row.kind) {
    case 'run':
      return row.run.agentName;
    case 'tool': {
      const { title, locations, texts } = row.tool;
      return [title, ...locations.map(({ label }) => label), ...texts, ...row.outputs].join('\n');
    }
    case 'plan':
      return row.steps.map(({ content }) => content).join('\n');
    case 'prompt':
      return [row.text, ...row.pictures.map(({ name }) => name)].join('\n');
    default:
      return row.text;
  }
}

function contentOf(
  entry: Exclude<RunEntry, { kind: 'usage' }>,
  outputs: ReadonlyMap<string, string>,
  began: number,
): RowContent {
  switch (entry.kind) {
    case 'user':
      return { kind: 'prompt', text: entry.text, pictures: entry.pictures, at: entry.at };
    case 'message':
      return { kind: 'message', text: entry.text, at: entry.at };
    case 'thought':
      return { kind: 'thought', text: entry.text };
    case 'tool_call': {
      const { seq, tool } = entry;
      return { kind: 'tool', seq, tool, outputs: tool.terminals.map((id) => outputs.get(id) ?? '') };
    }
    case 'terminal':
      return { kind: 'terminal', text: outputs.get(entry.key) ?? '' };
    case 'plan':
      return { kind: 'plan', steps: entry.steps };
    case 'turn_end':
      return { kind: 'end', text: entry.text, stopReason: entry.stopReason, took: entry.at - began };
    case 'notice':
      return { kind: 'notice', text: entry.text, severity: entry.severity };
    case 'unknown':
      return { kind: 'unknown', text: entry.text };
  }
}

/** What each command has printed, by its terminal: it is stored in pieces. */
function outputsOf(entries: readonly RunEntry[]): Map<string, string> {
  const outputs = new Map<string, string>();
  for (const entry of entries) {
    if (entry.kind !== 'terminal') continue;
    outputs.set(entry.key, (outputs.get(entry.key) ?? '') + entry.text);
  }
  return outputs;
}

/** A long message is stored in several entries, one right after the other. */
function isContinued(before: RunEntry, entry: RunEntry): boolean {
  return (
    (entry.kind === 'message' || entry.kind === 'thought') &&
    before.kind === entry.kind &&
    before.key === entry.key
  );
}

function longer(row: Row, more: RowContent): Row {
  const isText = row.kind === 'message' || row.kind === 'thought';
  return isText && 'text' in more ? { ...row, text: row.text + more.text } : row;
}
