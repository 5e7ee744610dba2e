/** What the demo agent answers once it knows the folder, and what its slash commands do. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createCards } from './cards.ts';
import { renderDetails, renderOverview, renderTodos } from './overview.ts';
import { shorten } from './survey.ts';
import { describeResult, lookAround, runTour } from './tour.ts';
import type { Turn } from './turn.ts';
import { freeOverviewName, writeWithPermission } from './writing.ts';

/** Answers a prompt without a script: a slash command, the first task of the session, or a follow-up. */
export async function answer(turn: Turn, prompt: string): Promise<void> {
  const { task } = turn.session.memory;
  const [, command, rest = ''] = /^\/(\w+)\s*([\s\S]*)$/.exec(prompt) ?? [];
  switch (command) {
    case 'overview':
      return runTour(turn, rest || (task ?? 'Write an overview of this folder.'));
    case 'todos':
      return listTodos(turn);
    case 'extend':
      return extendOverview(turn, rest || 'More detail, please.');
    case 'cards':
      return createCards(turn);
    case 'help':
      return explain(turn);
  }
  if (task === undefined) return runTour(turn, prompt);
  if (/\b(todos?|fixmes?|open ends)\b/i.test(prompt)) return listTodos(turn);
  if (/\b(extend|expand|more|details?|longer|continue|overview|write)\b/i.test(prompt)) {
    return extendOverview(turn, prompt);
  }
  return explain(turn);
}

async function listTodos(turn: Turn): Promise<void> {
  const { found } = await lookAround(turn, turn.session.memory.task ?? '');
  const todos = renderTodos(found, 30);
  await turn.stream(
    todos === '' ? 'There are no TODO comments in this folder.' : `The TODO comments here:\n\n`,
  );
  if (todos !== '') await turn.say(todos);
  await turn.reportUsage();
}

/** Adds details to the overview of an earlier turn; writes one with them where there is none any more. */
async function extendOverview(turn: Turn, request: string): Promise<void> {
  const { cwd, memory } = turn.session;
  const { found } = await lookAround(turn, memory.task ?? request);
  const details = renderDetails(request, found);
  const earlier = memory.overview;
  const oldText = earlier === undefined ? undefined : await readIfThere(path.join(cwd, earlier));
  if (earlier !== undefined && oldText !== undefined) {
    await turn.stream(`I add the details to **${earlier}**, which I wrote earlier.\n\n`);
    const change = { name: earlier, oldText, newText: `${oldText.trimEnd()}\n\n${details}` };
    await turn.stream(describeResult(await writeWithPermission(turn, change), earlier));
  } else {
    const why = earlier === undefined ? 'There is no overview of mine yet' : `**${earlier}** is gone`;
    await turn.stream(`${why}, so I write a new one with the details.\n\n`);
    const name = await freeOverviewName(cwd);
    const overview = renderOverview(path.basename(cwd), memory.task ?? request, found);
    const result = await writeWithPermission(turn, { name, newText: `${overview}\n${details}` });
    if (result.outcome === 'written') memory.overview = name;
    await turn.stream(describeResult(result, name));
  }
  await turn.reportUsage();
}

async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}

async function explain(turn: Turn): Promise<void> {
  const { task, findings, overview } = turn.session.memory;
  const known = findings === undefined ? '' : ` I have looked through this folder: ${findings}.`;
  const written = overview === undefined ? '' : ` I wrote **${overview}**`;
  const goal = written === '' || task === undefined ? '' : ` for the task "${firstLine(task)}"`;
  await turn.stream(
    `I am Kandev's demo agent, and I have no language model to answer that with.${known}` +
      `${written}${goal}${written === '' ? '' : '.'}\n\n` +
      'You can ask me to:\n- extend the overview (`/extend`)\n- list the TODO comments (`/todos`)\n' +
      '- create cards for TODO comments (`/cards`)\n' +
      '- write a new overview (`/overview` and what it is for)',
  );
  await turn.reportUsage();
}

/** The first line of a text, for titles. */
export function firstLine(text: string): string {
  return shorten(text.trim().split(/\r?\n/, 1)[0] ?? '', 80);
}
