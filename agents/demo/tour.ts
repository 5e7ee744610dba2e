/** What the demo agent does with a card that has no script: some twenty seconds of visible, useful work. */
import path from 'node:path';
import type { PlanEntry } from '@agentclientprotocol/sdk';
import { describeFindings, renderOverview } from './overview.ts';
import {
  countLines,
  readFolder,
  shorten,
  survey,
  taskWords,
  type SourceFile,
  type Survey,
} from './survey.ts';
import type { Turn } from './turn.ts';
import { freeOverviewName, writeWithPermission, type WriteResult } from './writing.ts';

const planned = [
  'Look around in the folder',
  'Read the files that matter most',
  'Search for what the task mentions',
  'Write an overview',
  'Report',
] as const;

/** Surveys the folder with `task` in mind, asks, writes an overview and reports. */
export async function runTour(turn: Turn, task: string): Promise<void> {
  const { session } = turn;
  const folder = path.basename(session.cwd);
  session.memory.task = task;
  await turn.stream(
    `I am Kandev's demo agent. I have no language model, so I will not do the task itself; ` +
      `I will look through **${folder}** and write down where it could start.\n\n`,
  );
  await showPlan(turn, 0);
  const { files, found } = await lookAround(turn, task);
  await showPlan(turn, 1);
  await readFiles(turn, chooseFiles(files, found));
  await showPlan(turn, 2);
  await search(turn, task, found);
  await showPlan(turn, 3);
  await turn.think('I know enough for an overview. Writing a file needs permission, so I ask first.');
  await turn.pace(1500);
  const name = await freeOverviewName(session.cwd);
  const result = await writeWithPermission(turn, { name, newText: renderOverview(folder, task, found) });
  if (result.outcome === 'written') session.memory.overview = name;
  await showPlan(turn, 4, result.outcome === 'written' ? undefined : 3);
  await turn.stream(`${describeResult(result, name)} ${describeNextStep(found)}`);
  await showPlan(turn, 5, result.outcome === 'written' ? undefined : 3);
  await turn.reportUsage();
}

/** The plan with `current` in progress and all before it done, but for one that was not. */
async function showPlan(turn: Turn, current: number, notDone?: number): Promise<void> {
  const statusOf = (index: number): PlanEntry['status'] => {
    if (index === notDone || index > current) return 'pending';
    return index === current ? 'in_progress' : 'completed';
  };
  const entries = planned.map((content, index): PlanEntry => {
    return { content, priority: 'medium', status: statusOf(index) };
  });
  await turn.update({ sessionUpdate: 'plan', entries });
  await turn.pace(900);
}

/** Reads the folder as one visible tool call. */
export async function lookAround(turn: Turn, task: string): Promise<{ files: SourceFile[]; found: Survey }> {
  const { session } = turn;
  const toolCallId = await turn.beginTool({
    title: `List ${path.basename(session.cwd)}`,
    kind: 'search',
    locations: [{ path: session.cwd }],
  });
  const contents = await readFolder(session.cwd, turn.signal);
  const found = survey(contents, task);
  session.memory.findings = describeFindings(found);
  await turn.pace(1800);
  await turn.updateTool(toolCallId, { status: 'completed', content: [textContent(session.memory.findings)] });
  await turn.think(`I see ${session.memory.findings}.`);
  await turn.pace(1500);
  return { files: contents.files, found };
}

/** Up to four text files: entry points and what the task is about, then what is largest. */
function chooseFiles(files: readonly SourceFile[], found: Survey): SourceFile[] {
  const wanted = [
    ...found.entryPoints.slice(0, 3),
    ...found.related.slice(0, 2),
    ...found.entryPoints,
    ...found.largest,
  ];
  const paths = new Set(wanted.map((file) => file.path));
  return [...paths]
    .map((name) => files.find((file) => file.path === name))
    .filter((file) => file?.text !== undefined)
    .filter((file) => file !== undefined)
    .slice(0, 4);
}

async function readFiles(turn: Turn, files: readonly SourceFile[]): Promise<void> {
  for (const file of files) {
    const text = file.text ?? '';
    const toolCallId = await turn.beginTool({
      title: `Read ${file.path}`,
      kind: 'read',
      locations: [{ path: path.join(turn.session.cwd, file.path), line: 1 }],
    });
    turn.countTokens(text, 'input');
    await turn.pace(1400);
    const beginning = text.split('\n').slice(0, 8).join('\n');
    await turn.updateTool(toolCallId, {
      status: 'completed',
      content: [
        textContent(`${countLines(text)} lines, beginning with:\n\n${fenced(shorten(beginning, 600))}`),
      ],
    });
  }
  if (files.length === 0) await turn.think('There is no text file here that would be worth reading.');
  await turn.reportUsage();
}

async function search(turn: Turn, task: string, found: Survey): Promise<void> {
  const words = taskWords(task);
  const pattern = ['TODO', 'FIXME', ...words].join('|');
  const toolCallId = await turn.beginTool({
    title: `Search for ${shorten(pattern.replaceAll('|', ', '), 60)}`,
    kind: 'search',
    rawInput: { pattern },
  });
  await turn.pace(1800);
  const at = (name: string): string => path.join(turn.session.cwd, name);
  const hits = [
    ...found.related.map((file) => `${file.path}: ${file.words.join(', ')}`),
    ...found.todos.slice(0, 10).map((place) => `${place.path}:${place.line}: ${place.text}`),
  ];
  await turn.updateTool(toolCallId, {
    status: 'completed',
    content: [textContent(hits.length === 0 ? 'Nothing found.' : fenced(hits.join('\n')))],
    locations: [
      ...found.related.map((file) => ({ path: at(file.path) })),
      ...found.todos.slice(0, 10).map((place) => ({ path: at(place.path), line: place.line })),
    ],
  });
}

/** What became of a write, for the user. */
export function describeResult(result: WriteResult, name: string): string {
  switch (result.outcome) {
    case 'written':
      return `I have written **${name}**.`;
    case 'rejected':
      return 'All right, I have written nothing and the folder is as it was.';
    case 'only planning':
      return 'This session is in plan mode, so I have written nothing.';
    case 'failed':
      return `I could not write **${name}**: ${result.reason}. Nothing was changed.`;
  }
}

function describeNextStep({ related, todos }: Survey): string {
  const [best] = related;
  const start = best === undefined ? '' : ` For the task, \`${best.path}\` looks like the place to start.`;
  const open = todos.length === 0 ? '' : ' Ask me for the TODO comments if you want them listed.';
  return `${start}${open} You can also say "extend the overview".`.trim();
}

function textContent(text: string): { type: 'content'; content: { type: 'text'; text: string } } {
  return { type: 'content', content: { type: 'text', text } };
}

/** A code block that holds whatever backticks the text has. */
function fenced(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}
