import { l10n, Range, Uri, window, workspace } from 'vscode';
import { cardFromCode, type CodeOccasion, type CodePlace } from '../model/cardFromCode.ts';
import { UserError } from '../model/failure.ts';
import { cardsOf, shownBoard } from '../providers/boardState.ts';
import { pathInFolder, placeOf } from '../providers/codeActions.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';
import { tell } from './tellResult.ts';

/** Cards from where the work shows: a problem, a selection, a comment, a test that fails, changed files. */
export const codeCommands: CommandTable = {
  'kandev.createTaskFromCode': (context, argument) =>
    create(context, occasionIn(argument) ?? selected(), false),
  'kandev.fixWithKandev': (context, argument) => create(context, occasionIn(argument) ?? selected(), true),
  'kandev.createTaskFromTest': async (context, argument) => create(context, await testOf(argument), false),
  'kandev.fixTestWithKandev': async (context, argument) => create(context, await testOf(argument), true),
  'kandev.createTaskFromChanges': (context, ...resources) => create(context, changesOf(resources), false),
};

async function create(context: CommandContext, occasion: CodeOccasion, isStarted: boolean): Promise<unknown> {
  const agentTypeId = await agentFor(context, isStarted);
  if (agentTypeId === undefined) return undefined;
  const { title, description } = cardFromCode(occasion);
  const state = isStarted ? 'TODO' : 'BACKLOG';
  const task = await context.kandev.execute('task.create', {
    ...{ title, description, agentTypeId, state },
    boardId: shownBoard(context.state)?.id,
  });
  const text = isStarted
    ? l10n.t('“{0}” was given to an agent.', title)
    : l10n.t('“{0}” is in the backlog.', title);
  const open = (): Promise<void> => {
    if (isStarted) context.runs.open(task.id);
    else context.board.startEdit(task.id);
    return Promise.resolve();
  };
  const start = (): Promise<unknown> => context.kandev.execute('task.start', { taskId: task.id });
  tell(context, 'info', text, [
    ...(isStarted || agentTypeId === null ? [] : [{ label: l10n.t('Start'), act: start }]),
    { label: isStarted ? l10n.t('Open Card') : l10n.t('Edit Card'), act: open },
  ]);
  return task;
}

/** The agent that the user has last made a card for. Where there is none yet, they are asked: but only to start it. */
async function agentFor(context: CommandContext, isStarted: boolean): Promise<string | null | undefined> {
  const types = await context.kandev.query('agentTypes', {});
  const [latest] = cardsOf(context.state)
    .map(({ task }) => task)
    .filter(({ agentTypeId }) => types.some(({ id }) => id === agentTypeId))
    .sort((one, other) => other.createdAt - one.createdAt);
  if (latest) return latest.agentTypeId;
  if (!isStarted) return null;
  const items = types.map(({ id, name, image }) => ({ label: name, description: image, id }));
  const picked = await window.showQuickPick(items, { placeHolder: l10n.t('Which agent is to do it?') });
  return picked?.id;
}

/** What the code action that was chosen has handed over; null for a call from a menu or the palette. */
function occasionIn(argument: unknown): CodeOccasion | null {
  if (typeof argument !== 'object' || argument === null || !('occasion' in argument)) return null;
  // It was made by this extension; another one that calls the command can do no more than write a card's text.
  return argument.occasion as CodeOccasion;
}

function selected(): CodeOccasion {
  const editor = window.activeTextEditor;
  if (!editor) {
    throw new UserError({ reason: 'refused', message: l10n.t('Select some code in an editor first.') });
  }
  return { kind: 'selection', place: placeOf(editor.document, editor.selection) };
}

/** As far as VS Code hands it over: the test, and from a failure's own menu what it said. */
async function testOf(argument: unknown): Promise<CodeOccasion> {
  const { test, message } = hasTest(argument) ? argument : { test: argument, message: null };
  if (!isTestItem(test)) {
    throw new UserError({ reason: 'refused', message: l10n.t('Choose a test in the Test Explorer.') });
  }
  const names: string[] = [];
  for (let item: unknown = test; isTestItem(item); item = item.parent) names.unshift(item.label);
  return {
    kind: 'test',
    name: names.join(' › '),
    place: await placeOfTest(test),
    message: messageText(message),
  };
}

interface TestPart {
  label: string;
  uri?: unknown;
  range?: unknown;
  parent?: unknown;
}

function isTestItem(value: unknown): value is TestPart {
  return typeof value === 'object' && value !== null && 'label' in value && typeof value.label === 'string';
}

function hasTest(value: unknown): value is { test: unknown; message: unknown } {
  return typeof value === 'object' && value !== null && 'test' in value && 'message' in value;
}

async function placeOfTest({ uri, range }: TestPart): Promise<CodePlace | null> {
  if (!(uri instanceof Uri) || uri.scheme !== 'file') return null;
  const document = await workspace.openTextDocument(uri);
  const where = range instanceof Range ? document.validateRange(range) : new Range(0, 0, 0, 0);
  return { ...placeOf(document, where), ...(range instanceof Range ? {} : { code: '' }) };
}

/** A message of a test is a text or Markdown, and may say what was expected. */
function messageText(message: unknown): string | null {
  if (typeof message !== 'object' || message === null || !('message' in message)) return null;
  const said = message.message;
  const text = typeof said === 'object' && said !== null && 'value' in said ? said.value : said;
  const parts = [typeof text === 'string' ? text : ''];
  for (const [key, name] of [
    ['expectedOutput', 'Expected'],
    ['actualOutput', 'Actual'],
  ] as const) {
    const output = (message as Partial<Record<typeof key, unknown>>)[key];
    if (typeof output === 'string') parts.push(`${name}: ${output}`);
  }
  const whole = parts.filter((part) => part !== '').join('\n');
  return whole === '' ? null : whole;
}

function changesOf(resources: readonly unknown[]): CodeOccasion {
  const uris = resources
    .flat()
    .flatMap((each) =>
      typeof each === 'object' && each !== null && 'resourceUri' in each ? [each.resourceUri] : [],
    )
    .filter((uri): uri is Uri => uri instanceof Uri);
  const paths = [...new Set(uris.map(pathInFolder))];
  if (paths.length > 0) return { kind: 'changes', paths };
  throw new UserError({
    reason: 'refused',
    message: l10n.t('Choose changed files in the Source Control view.'),
  });
}
