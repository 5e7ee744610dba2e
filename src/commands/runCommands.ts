import {
  commands,
  l10n,
  QuickPickItemKind,
  ThemeIcon,
  window,
  type QuickInputButton,
  type QuickPickItem,
} from 'vscode';
import type { CardView } from '../model/cardView.ts';
import { canGoOn, isBusy, isLive } from '../model/run.ts';
import { cardsOf, findCard, otherBoardName } from '../providers/boardState.ts';
import { cardStatus, latestActivity } from '../providers/cardText.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';
import { pickCard, selectedTaskIds } from './pickCard.ts';

/** Whether its agent could be started, now or when there is room. */
export function isStartable({ task, run }: CardView): boolean {
  return task.agentTypeId !== null && !(run && isBusy(run.state));
}

function isStoppable({ run, queue }: CardView): boolean {
  return queue !== null || (run !== null && isLive(run.state));
}

/** Runs: start, stop, message, and the overview behind the status bar. */
export const runCommands: CommandTable = {
  'kandev.startTask': async (context, argument, selected) => {
    if (await forSeveral(context, argument, selected, isStartable, 'task.start')) return;
    const card = await pickCard(context, argument, isStartable, {
      placeholder: l10n.t('Which card do you want to start?'),
      none: l10n.t('There is no card with an agent that could be started.'),
    });
    if (card) await context.kandev.execute('task.start', { taskId: card.task.id });
  },

  'kandev.stopTask': async (context, argument, selected) => {
    if (await forSeveral(context, argument, selected, isStoppable, 'task.stop')) return;
    const card = await pickCard(context, argument, isStoppable, {
      placeholder: l10n.t('Which agent do you want to stop?'),
      none: l10n.t('No agent is running or queued.'),
    });
    if (card) await context.kandev.execute('task.stop', { taskId: card.task.id });
  },

  'kandev.sendMessage': async (context, argument) => {
    const card = await pickCard(
      context,
      argument,
      ({ run }) => run !== null && (canGoOn(run) || isBusy(run.state)),
      {
        placeholder: l10n.t('Which agent do you want to send a message?'),
        none: l10n.t('No agent has worked on a card yet. Start one, and it can be sent a message.'),
      },
    );
    if (card) await sendMessage(context, card);
  },

  'kandev.showRuns': showRuns,
};

/** Does it with each of the selected cards that it fits, where several are selected; false where not. */
async function forSeveral(
  context: CommandContext,
  clicked: unknown,
  selected: unknown,
  fits: (card: CardView) => boolean,
  command: 'task.start' | 'task.stop',
): Promise<boolean> {
  const taskIds = selectedTaskIds(clicked, selected);
  if (taskIds.length < 2) return false;
  for (const taskId of taskIds) {
    const card = findCard(context.state, taskId);
    if (card && fits(card)) await context.failures.guard(() => context.kandev.execute(command, { taskId }));
  }
  return true;
}

async function sendMessage(context: CommandContext, card: CardView, draft = ''): Promise<void> {
  const text = await window.showInputBox({
    title: l10n.t('Message to the agent of “{0}”', card.task.title),
    prompt:
      card.run && isBusy(card.run.state)
        ? l10n.t('The agent is at work: the message waits until it has finished.')
        : l10n.t('It goes on in the same conversation.'),
    placeHolder: l10n.t('For example: Also add a test for the empty case'),
    value: draft,
    ignoreFocusOut: true,
    validateInput: (value) => (value.trim() === '' ? l10n.t('A message needs some text.') : undefined),
  });
  if (text === undefined) return;
  const sent = await context.failures.guard(() =>
    context.kandev.execute('prompt.send', { taskId: card.task.id, text }),
  );
  // What was typed is offered again rather than lost.
  if (sent === undefined) await sendMessage(context, card, text);
}

interface RunButton extends QuickInputButton {
  command: 'kandev.stopTask' | 'kandev.sendMessage' | 'kandev.answerPermission';
}

interface RunItem extends QuickPickItem {
  /** Null for the API gateway, which is shown here while it is on. */
  card: CardView | null;
}

/** The runs and what waits, each with its actions as buttons; Enter does what fits best. */
async function showRuns(context: CommandContext): Promise<void> {
  const picker = window.createQuickPick<RunItem>();
  picker.title = l10n.t('Kandev Runs');
  picker.placeholder = l10n.t('Choose a run to answer it, to send it a message or to see its card');
  const fill = (): void => {
    const items = cardsOf(context.state)
      .filter(isListed)
      .map((card) => runItem(card, otherBoardName(context.state, card.task.boardId)));
    picker.items = [...items, ...gatewayItems(context)];
    if (items.length === 0) picker.placeholder = l10n.t('No agent is running, queued or waiting.');
  };
  fill();
  const following = context.state.onDidChange(fill);
  picker.onDidTriggerItemButton(({ item, button }) => {
    picker.hide();
    if (item.card) void runCommand(context, (button as RunButton).command, item.card);
  });
  picker.onDidAccept(() => {
    const [item] = picker.selectedItems;
    picker.hide();
    if (item?.card) void openRun(context, item.card);
    else if (item) void commands.executeCommand('kandev.showGateway');
  });
  await new Promise<void>((resolve) => {
    picker.onDidHide(() => {
      following.dispose();
      picker.dispose();
      resolve();
    });
    picker.show();
  });
}

function gatewayItems({ gateway }: CommandContext): RunItem[] {
  const { url } = gateway.status;
  if (url === null) return [];
  return [
    { label: l10n.t('API gateway'), kind: QuickPickItemKind.Separator, card: null },
    {
      label: `$(broadcast) ${url}`,
      detail: l10n.t('Programs of this machine that have a token can use the board.'),
      card: null,
    },
  ];
}

async function openRun(context: CommandContext, card: CardView): Promise<void> {
  const [question] = card.questions;
  if (card.permissions.length > 0) await runCommand(context, 'kandev.answerPermission', card);
  else if (question) await context.questions.ask(question.id);
  else if (card.queue?.needs === 'devcontainer') await context.devcontainers.choose();
  else if (card.queue?.needs) await context.credentials.choose();
  else context.board.focusCard(card.task.id);
}

async function runCommand(
  context: CommandContext,
  command: RunButton['command'],
  card: CardView,
): Promise<void> {
  const { id } = card.task;
  await context.failures.guard(async () => {
    if (command === 'kandev.stopTask') await context.kandev.execute('task.stop', { taskId: id });
    else if (command === 'kandev.sendMessage') await sendMessage(context, card);
    else if (card.permissions[0]) await context.prompts.pick(card.permissions[0].id);
  });
}

function isListed(card: CardView): boolean {
  return card.permissions.length > 0 || isStoppable(card);
}

function runItem(card: CardView, boardName: string): RunItem {
  const { icon, text } = cardStatus(card);
  const buttons: RunButton[] = [];
  if (card.permissions.length > 0) {
    buttons.push({
      iconPath: new ThemeIcon('shield'),
      tooltip: l10n.t('Answer Permission Request'),
      command: 'kandev.answerPermission',
    });
  }
  if (card.run?.state === 'READY') {
    buttons.push({
      iconPath: new ThemeIcon('comment'),
      tooltip: l10n.t('Send Message to Agent'),
      command: 'kandev.sendMessage',
    });
  }
  buttons.push({
    iconPath: new ThemeIcon('debug-stop'),
    tooltip: l10n.t('Stop'),
    command: 'kandev.stopTask',
  });
  return {
    label: `$(${icon}) ${card.task.title}`,
    description: [text, boardName].filter((part) => part !== '').join(' · '),
    detail: latestActivity(card),
    buttons,
    card,
  };
}
