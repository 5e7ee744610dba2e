/**
 * The script language of the demo agent: what README.md documents, as data. Pure; steps.ts carries it out.
 */
import type { PermissionOption, PermissionOptionKind, PlanEntry, ToolKind } from '@agentclientprotocol/sdk';
import { parseFormField, type FormField } from './formField.ts';
import { parseCount, parseDuration, parseSize, SyntaxProblem, WordReader } from './words.ts';

export interface ToolStep {
  do: 'tool';
  kind: ToolKind;
  /** The path for read, edit, delete and move; what the call is about for the others. */
  target: string;
  title: string | undefined;
  /** 1-based line of the location. */
  line: number | undefined;
  failed: boolean;
  diff: { oldText: string | undefined; newText: string } | undefined;
}

export interface PermissionStep {
  do: 'permission';
  title: string;
  kind: ToolKind;
  command: string | undefined;
  path: string | undefined;
  diff: { oldText: string | undefined; newText: string } | undefined;
  options: PermissionOption[];
  withToolCall: boolean;
  /** Go on with the script at once; `wait` collects the answer. */
  background: boolean;
  cancelAfterMs: number | undefined;
}

/** How a command's output is shown: as text, as Codex does in `_meta`, or in a terminal of the client. */
export type TerminalStyle = 'text' | 'meta' | 'client';

export type Step =
  | { do: 'message'; text: string }
  | { do: 'thought'; text: string }
  | { do: 'plan'; entries: PlanEntry[] }
  | ToolStep
  | { do: 'write'; path: string; text: string }
  | { do: 'terminal'; command: string; style: TerminalStyle; killWhenPrinted: boolean }
  | PermissionStep
  | { do: 'elicit'; mode: 'form'; message: string; fields: FormField[] }
  | { do: 'elicit'; mode: 'url'; message: string; url: string }
  | { do: 'on'; outcome: string; step: Step }
  | { do: 'wait' }
  | { do: 'delay'; ms: number }
  | { do: 'stream'; count: number; everyMs: number }
  | { do: 'burst'; count: number }
  | { do: 'late'; ms: number; text: string }
  | { do: 'usage'; used: number; size: number; cost: number | undefined; tokens: number }
  | { do: 'mode'; id: string }
  | { do: 'config'; id: string; value: string }
  | { do: 'commands'; names: string[] }
  | { do: 'title'; text: string }
  | { do: 'update'; json: unknown }
  | { do: 'request'; method: string; params: object }
  | { do: 'notify'; method: string; params: object }
  | { do: 'tools' }
  | { do: 'call'; name: string; input: Record<string, unknown> }
  | { do: 'session' }
  | { do: 'prompt' }
  | { do: 'env'; name: string }
  | { do: 'stderr'; text: string }
  | { do: 'noise'; text: string }
  | { do: 'line'; bytes: number }
  | { do: 'split-utf8'; text: string }
  | { do: 'memory'; bytes: number }
  | { do: 'auth-required' }
  | { do: 'error'; code: number; text: string }
  | { do: 'fail'; times: number; counter: string; exit: number | undefined; error: string | undefined }
  | { do: 'crash'; code: number; text: string | undefined }
  | { do: 'hang' }
  | { do: 'when-cancelled'; answer: string }
  | { do: 'stop'; reason: string }
  | { do: 'speed'; factor: number }
  | { do: 'tour' };

/** A line that cannot be understood; `line` counts from 1 inside the script. */
export interface Problem {
  line: number;
  message: string;
}

export interface Script {
  steps: Step[];
  problems: Problem[];
}

const fence = /^ {0,3}(`{3,}|~{3,})\s*kandev-script\s*$/;

/**
 * The script in a prompt: the content of its ```` ```kandev-script ```` blocks, one after the other, or undefined
 * when there is none. A block that is not closed reaches to the end.
 */
export function findScript(prompt: string): string | undefined {
  const script: string[] = [];
  let closing: string | undefined;
  let found = false;
  for (const line of prompt.split(/\r?\n/)) {
    if (closing === undefined) {
      closing = fence.exec(line)?.[1];
      found ||= closing !== undefined;
    } else if (line.trim() === closing) {
      closing = undefined;
    } else {
      script.push(line);
    }
  }
  return found ? script.join('\n') : undefined;
}

/** Parses every line; a script with problems is not to be run. Never throws. */
export function parseScript(source: string): Script {
  const script: Script = { steps: [], problems: [] };
  for (const [index, line] of source.split(/\r?\n/).entries()) {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) continue;
    try {
      script.steps.push(parseStep(text));
    } catch (error) {
      if (!(error instanceof SyntaxProblem)) throw error;
      script.problems.push({ line: index + 1, message: error.message });
    }
  }
  return script;
}

function parseStep(text: string): Step {
  const [name = ''] = text.split(/\s/, 1);
  const parser = parsers.get(name);
  if (parser === undefined) {
    throw new SyntaxProblem(`there is no step "${name}"; there are: ${stepNames.join(', ')}`);
  }
  const reader = new WordReader(text.slice(name.length));
  try {
    const step = parser(reader);
    reader.end();
    return step;
  } catch (error) {
    if (error instanceof SyntaxProblem) throw new SyntaxProblem(`${name}: ${error.message}`);
    throw error;
  }
}

const parsers = new Map<string, (reader: WordReader) => Step>([
  ['message', (reader) => ({ do: 'message', text: reader.text('the text') })],
  ['thought', (reader) => ({ do: 'thought', text: reader.text('the text') })],
  ['plan', (reader) => ({ do: 'plan', entries: reader.text('the entries').split('|').map(parsePlanEntry) })],
  ['tool', parseTool],
  ['write', (reader) => ({ do: 'write', path: reader.word('the path'), text: reader.text('the content') })],
  ['terminal', parseTerminal],
  ['permission', parsePermission],
  ['elicit', parseElicit],
  [
    'on',
    (reader) => ({ do: 'on', outcome: reader.word('the outcome'), step: parseStep(reader.text('the step')) }),
  ],
  ['wait', () => ({ do: 'wait' })],
  ['delay', (reader) => ({ do: 'delay', ms: parseDuration(reader.word('the duration')) })],
  ['stream', parseStream],
  ['burst', (reader) => ({ do: 'burst', count: parseCount(reader.word('the number'), 'the number', 1) })],
  [
    'late',
    (reader) => ({
      do: 'late',
      ms: parseDuration(reader.word('the duration')),
      text: reader.text('the text'),
    }),
  ],
  ['usage', parseUsage],
  ['mode', (reader) => ({ do: 'mode', id: reader.word('the mode') })],
  ['config', (reader) => ({ do: 'config', id: reader.word('the option'), value: reader.word('the value') })],
  ['commands', (reader) => ({ do: 'commands', names: reader.text('a name').split(/\s+/) })],
  ['title', (reader) => ({ do: 'title', text: reader.text('the title') })],
  ['update', (reader) => ({ do: 'update', json: parseJson(reader) })],
  [
    'request',
    (reader) => ({ do: 'request', method: reader.word('the method'), params: parseParams(reader) }),
  ],
  ['notify', (reader) => ({ do: 'notify', method: reader.word('the method'), params: parseParams(reader) })],
  ['tools', () => ({ do: 'tools' })],
  ['call', (reader) => ({ do: 'call', name: reader.word('the tool'), input: parseParams(reader) })],
  ['session', () => ({ do: 'session' })],
  ['prompt', () => ({ do: 'prompt' })],
  ['env', (reader) => ({ do: 'env', name: reader.word('the name') })],
  ['stderr', (reader) => ({ do: 'stderr', text: reader.text('the text') })],
  ['noise', (reader) => ({ do: 'noise', text: reader.text('the text') })],
  ['line', (reader) => ({ do: 'line', bytes: parseSize(reader.word('the size')) })],
  [
    'split-utf8',
    (reader) => ({ do: 'split-utf8', text: reader.atEnd() ? 'Grüße, 世界 👋' : reader.text('the text') }),
  ],
  ['memory', (reader) => ({ do: 'memory', bytes: parseSize(reader.word('the size')) })],
  ['auth-required', () => ({ do: 'auth-required' })],
  ['error', (reader) => ({ do: 'error', code: parseErrorCode(reader), text: reader.text('the text') })],
  ['fail', parseFail],
  ['crash', parseCrash],
  ['hang', () => ({ do: 'hang' })],
  ['when-cancelled', (reader) => ({ do: 'when-cancelled', answer: reader.word('the answer') })],
  ['stop', (reader) => ({ do: 'stop', reason: reader.word('the reason') })],
  ['speed', (reader) => ({ do: 'speed', factor: parseFactor(reader.word('the factor')) })],
  ['tour', () => ({ do: 'tour' })],
]);

/** Every step there is, in the order of the documentation. */
export const stepNames: readonly string[] = [...parsers.keys()];

const toolKinds: readonly ToolKind[] = [
  'read',
  'edit',
  'delete',
  'move',
  'search',
  'execute',
  'think',
  'fetch',
  'switch_mode',
  'other',
];

function parseToolKind(word: string): ToolKind {
  const kind = toolKinds.find((known) => known === word);
  if (kind === undefined) {
    throw new SyntaxProblem(`there is no tool kind "${word}"; there are: ${toolKinds.join(', ')}`);
  }
  return kind;
}

const planMarks: Readonly<Record<string, PlanEntry['status']>> = { '[x]': 'completed', '[~]': 'in_progress' };

function parsePlanEntry(text: string): PlanEntry {
  const trimmed = text.trim();
  const status = planMarks[trimmed.slice(0, 3)];
  const content = status === undefined ? trimmed : trimmed.slice(3).trim();
  if (content === '') throw new SyntaxProblem('an entry is empty');
  return { content, priority: 'medium', status: status ?? 'pending' };
}

function parseDiff(oldText: string | undefined, newText: string | undefined): ToolStep['diff'] {
  if (newText === undefined) {
    if (oldText !== undefined) throw new SyntaxProblem('old= needs new= beside it');
    return undefined;
  }
  return { oldText, newText };
}

function parseTool(reader: WordReader): Step {
  const kind = parseToolKind(reader.word('the kind'));
  const target = reader.word('the path or subject');
  const given = reader.options(['title', 'line', 'old', 'new'], ['failed']);
  return {
    do: 'tool',
    kind,
    target,
    title: given.title,
    line: given.line === undefined ? undefined : parseCount(given.line, 'line=', 1),
    failed: given.failed === true,
    diff: parseDiff(given.old, given.new),
  };
}

const terminalStyles: readonly TerminalStyle[] = ['text', 'meta', 'client'];

function parseTerminal(reader: WordReader): Step {
  const style = terminalStyles.find((name) => reader.skip(`style=${name}`)) ?? 'text';
  const killWhenPrinted = reader.skip('kill-when-printed');
  if (killWhenPrinted && style !== 'client') throw new SyntaxProblem('kill-when-printed is for style=client');
  return { do: 'terminal', style, command: reader.text('the command'), killWhenPrinted };
}

const optionNames: readonly (readonly [PermissionOptionKind, string])[] = [
  ['allow_once', 'Allow'],
  ['allow_always', 'Always allow'],
  ['reject_once', 'Reject'],
  ['reject_always', 'Always reject'],
];

/** `kind` or `kind:id:name`. */
function parsePermissionOption(text: string): PermissionOption {
  const [kindWord = '', optionId, name] = text.trim().split(':');
  const known = optionNames.find(([kind]) => kind === kindWord);
  if (known === undefined) {
    const kinds = optionNames.map(([kind]) => kind).join(', ');
    throw new SyntaxProblem(`there is no kind of option "${kindWord}"; there are: ${kinds}`);
  }
  return { kind: known[0], optionId: optionId ?? known[0], name: name ?? known[1] };
}

function parsePermission(reader: WordReader): Step {
  const title = reader.word('the title');
  const given = reader.options(
    ['kind', 'command', 'path', 'old', 'new', 'options', 'cancel-after'],
    ['without-tool-call', 'background'],
  );
  const options = given.options ?? 'allow_once,allow_always,reject_once';
  const cancelAfter = given['cancel-after'];
  return {
    do: 'permission',
    title,
    kind: parseToolKind(given.kind ?? 'execute'),
    command: given.command,
    path: given.path,
    diff: parseDiff(given.old, given.new),
    options: options.split(',').map(parsePermissionOption),
    withToolCall: given['without-tool-call'] !== true,
    background: given.background === true,
    cancelAfterMs: cancelAfter === undefined ? undefined : parseDuration(cancelAfter),
  };
}

function parseElicit(reader: WordReader): Step {
  const mode = reader.word('form or url');
  const message = reader.word('the message');
  if (mode === 'url') return { do: 'elicit', mode, message, url: reader.word('the address') };
  if (mode !== 'form') throw new SyntaxProblem(`it is form or url, not "${mode}"`);
  const fields: FormField[] = [];
  do fields.push(parseFormField(reader.word('a field')));
  while (!reader.atEnd());
  return { do: 'elicit', mode, message, fields };
}

function parseStream(reader: WordReader): Step {
  const count = parseCount(reader.word('the number'), 'the number', 1);
  if (!reader.skip('chunks')) throw new SyntaxProblem('write: stream 100 chunks every 10ms');
  const everyMs = reader.skip('every') ? parseDuration(reader.word('the duration')) : 0;
  return { do: 'stream', count, everyMs };
}

function parseUsage(reader: WordReader): Step {
  const used = parseCount(reader.word('the tokens used'), 'the tokens used');
  const size = parseCount(reader.word('the size of the context'), 'the size of the context');
  const { cost, tokens = '0' } = reader.options(['cost', 'tokens']);
  if (cost !== undefined && !/^\d+(\.\d+)?$/.test(cost)) {
    throw new SyntaxProblem(`cost= is in dollars, like 0.25, not "${cost}"`);
  }
  return {
    do: 'usage',
    used,
    size,
    cost: cost === undefined ? undefined : Number(cost),
    tokens: parseCount(tokens, 'tokens='),
  };
}

function parseJson(reader: WordReader): unknown {
  const text = reader.text('the JSON');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SyntaxProblem(`this is not JSON: ${String(error)}`);
  }
}

function parseParams(reader: WordReader): Record<string, unknown> {
  const params = reader.atEnd() ? {} : parseJson(reader);
  if (typeof params !== 'object' || params === null || Array.isArray(params)) {
    throw new SyntaxProblem('the parameters must be a JSON object');
  }
  return params as Record<string, unknown>;
}

function parseErrorCode(reader: WordReader): number {
  return parseCount(reader.word('the code'), 'the code', -Infinity);
}

function parseExitCode(word: string): number {
  const code = parseCount(word, 'the exit code');
  if (code > 255) throw new SyntaxProblem(`an exit code is at most 255, not ${code}`);
  return code;
}

function parseFail(reader: WordReader): Step {
  const times = parseCount(reader.word('the number of times'), 'the number of times', 1);
  if (!reader.skip('times')) throw new SyntaxProblem('write: fail 2 times counter=.fail-counter');
  const { counter, exit, error } = reader.options(['counter', 'exit', 'error']);
  if (counter === undefined)
    throw new SyntaxProblem('counter= is missing: the file that counts the failures');
  return { do: 'fail', times, counter, exit: exit === undefined ? undefined : parseExitCode(exit), error };
}

function parseCrash(reader: WordReader): Step {
  const code = parseExitCode(reader.word('the exit code'));
  return { do: 'crash', code, text: reader.atEnd() ? undefined : reader.text('the text') };
}

function parseFactor(word: string): number {
  const factor = /^\d+(\.\d+)?$/.test(word) ? Number(word) : 0;
  if (!(factor > 0) || !Number.isFinite(factor)) {
    throw new SyntaxProblem(`a speed is a number above 0, like 0.5 or 20, not "${word}"`);
  }
  return factor;
}
