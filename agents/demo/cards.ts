/** What the demo agent does with the board: a card for each TODO comment that its user wants one for. */
import { lookAround } from './tour.ts';
import { useTool, type ToolResult } from './toolbox.ts';
import { shorten } from './survey.ts';
import type { Turn } from './turn.ts';

const none = 'None of them';
const all = 'All of them';
const mostCards = 5;

/** Finds the TODO comments of the folder, asks which are to be cards, and creates these. */
export async function createCards(turn: Turn): Promise<void> {
  const names = await turn.toolbox.names();
  if (!names.includes('create_card')) {
    return turn.stream('I was given no tools to create cards with.');
  }
  const { found } = await lookAround(turn, turn.session.memory.task ?? '');
  const todos = found.todos.slice(0, mostCards).map(({ path, line, text }) => ({
    title: shorten(text, 100),
    description: `In \`${path}\`, line ${line}:\n\n> ${text}`,
  }));
  if (todos.length === 0)
    return turn.stream('There are no TODO comments in this folder to create cards for.');
  await useTool(turn, 'report_progress', { text: `Found ${todos.length} TODO comments.` });
  const question = 'Which of these TODO comments should be cards?';
  const asked = await useTool(turn, 'ask_user', {
    question,
    options: [all, ...todos.map(({ title }) => title), none],
  });
  const wanted = todos.filter(({ title }) => [title, all].includes(answerIn(asked)));
  const results: ToolResult[] = [];
  for (const card of wanted) results.push(await useTool(turn, 'create_card', card));
  const created = results.filter(({ isError }) => !isError).length;
  const summary = `Created ${created} of ${todos.length} cards for TODO comments.`;
  for (const { text } of results.filter(({ isError }) => isError)) await turn.stream(`${text}\n`);
  await useTool(turn, 'finish_card', { summary });
  await turn.stream(summary);
}

function answerIn({ text }: ToolResult): string {
  try {
    const { answer } = JSON.parse(text) as { answer?: unknown };
    return typeof answer === 'string' ? answer : none;
  } catch {
    return none;
  }
}
