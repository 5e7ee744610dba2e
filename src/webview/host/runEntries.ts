import { stripVTControlCharacters } from 'node:util';
import * as v from 'valibot';
import { picturesOf, type TranscriptEntry } from '../../model/transcript.ts';
import type { EntryContent, PlanStep, RunEntry, ToolView } from '../runProtocol.ts';
import { summarizeDiff, type Shorten } from './diffSummary.ts';

/** What of a tool call's text the page gets at once; the whole is among the raw values. */
const textLimit = 20_000;

const block = v.looseObject({ type: v.string(), text: v.optional(v.string()) });
const diff = v.looseObject({
  type: v.literal('diff'),
  path: v.string(),
  oldText: v.nullable(v.string()),
  newText: v.string(),
});
const content = v.union([
  diff,
  v.looseObject({ type: v.literal('content'), content: block }),
  v.looseObject({ type: v.literal('terminal'), terminalId: v.string() }),
  v.unknown(),
]);
const toolCall = v.object({
  id: v.string(),
  title: v.string(),
  kind: v.string(),
  status: v.string(),
  content: v.array(content),
  locations: v.array(v.object({ path: v.string(), line: v.nullable(v.number()) })),
  rawInput: v.unknown(),
  rawOutput: v.unknown(),
});
const planSteps: v.GenericSchema<unknown, PlanStep[]> = v.array(
  v.object({ content: v.string(), status: v.string() }),
);
const usage = v.object({
  used: v.number(),
  size: v.number(),
  cost: v.nullable(v.object({ amount: v.number(), currency: v.string() })),
});

type StoredToolCall = v.InferOutput<typeof toolCall>;

/** What the stored text of a structured entry is made of; null when it is not as this program writes it. */
function parsed<T>(schema: v.GenericSchema<unknown, T>, data: string | null): T | null {
  if (data === null) return null;
  try {
    const result = v.safeParse(schema, JSON.parse(data));
    return result.success ? result.output : null;
  } catch {
    return null;
  }
}

/** The diffs that a stored tool call proposes, whole. */
export function diffsOf(entry: TranscriptEntry): v.InferOutput<typeof diff>[] {
  const call = parsed(toolCall, entry.data);
  return (call?.content ?? []).flatMap((each) => (v.is(diff, each) ? [each] : []));
}

/** The raw values of a stored tool call, as JSON for people. */
export function rawOf(entry: TranscriptEntry): { input: string | null; output: string | null } {
  const call = parsed(toolCall, entry.data);
  const text = (value: unknown): string | null =>
    value === null || value === undefined ? null : JSON.stringify(value, null, 2);
  return { input: text(call?.rawInput), output: text(call?.rawOutput) };
}

function toolView(call: StoredToolCall, shorten: Shorten): ToolView {
  const texts: string[] = [];
  const diffs: ToolView['diffs'][number][] = [];
  const terminals: string[] = [];
  for (const each of call.content) {
    if (v.is(diff, each)) diffs.push({ ...summarizeDiff(each), path: shorten(each.path) });
    else if (isTerminal(each)) terminals.push(each.terminalId);
    else if (isText(each)) texts.push(shortened(each.content.text));
  }
  return {
    id: call.id,
    title: call.title === '' ? call.kind : call.title,
    kind: call.kind,
    status: call.status,
    locations: call.locations.map(({ path, line }) => ({ path, line, label: shorten(path) })),
    texts,
    diffs,
    terminals,
    hasRaw: (call.rawInput ?? null) !== null || (call.rawOutput ?? null) !== null,
  };
}

function isTerminal(each: unknown): each is { terminalId: string } {
  return typeof each === 'object' && each !== null && 'terminalId' in each;
}

function isText(each: unknown): each is { content: { text: string } } {
  const inner = typeof each === 'object' && each !== null && 'content' in each ? each.content : null;
  return typeof inner === 'object' && inner !== null && 'text' in inner && typeof inner.text === 'string';
}

function shortened(text: string): string {
  const plain = stripVTControlCharacters(text);
  return plain.length > textLimit ? `${plain.slice(0, textLimit)}…` : plain;
}

function contentOf(entry: TranscriptEntry, shorten: Shorten): EntryContent {
  const { kind, key, text, data } = entry;
  switch (kind) {
    case 'user':
      return { kind, key, text, pictures: picturesOf(entry) };
    case 'message':
    case 'thought':
      return { kind, key, text };
    case 'terminal':
      return { kind, key: key ?? '', text: stripVTControlCharacters(text) };
    case 'tool_call': {
      const call = parsed(toolCall, data);
      return call ? { kind, tool: toolView(call, shorten) } : { kind: 'unknown', text };
    }
    case 'plan': {
      const steps = parsed(planSteps, data);
      return steps ? { kind, steps } : { kind: 'unknown', text };
    }
    case 'usage': {
      const told = parsed(usage, data);
      if (!told) return { kind: 'unknown', text };
      const { used, size, cost } = told;
      return { kind, used, size, cost: cost && `${cost.amount} ${cost.currency}` };
    }
    case 'turn_end':
      return { kind, text, stopReason: parsed(v.object({ stopReason: v.string() }), data)?.stopReason ?? '' };
    case 'notice':
      return { kind, text, severity: parsed(v.object({ severity: v.string() }), data)?.severity ?? 'info' };
    case 'unknown':
      return { kind, text };
  }
}

/** An entry as the page gets it. */
export function toRunEntry(entry: TranscriptEntry, shorten: Shorten): RunEntry {
  const { runId, seq, turn, at } = entry;
  return { runId, seq, turn, at, ...contentOf(entry, shorten) };
}
