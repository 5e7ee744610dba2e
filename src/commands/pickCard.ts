import { l10n, window, type QuickPickItem } from 'vscode';
import type { CardView } from '../model/cardView.ts';
import { UserError } from '../model/failure.ts';
import { cardsOf, findCard } from '../providers/boardState.ts';
import { cardStatus, latestActivity } from '../providers/cardText.ts';
import type { CommandContext } from './commandContext.ts';

interface CardItem extends QuickPickItem {
  card: CardView;
}

/**
 * The card a command is for: the one it was called on (a node of the tree, the context of a card on the board, or an
 * id), else one the user picks among those that fit. Undefined when the user changes their mind.
 */
export async function pickCard(
  context: CommandContext,
  argument: unknown,
  fits: (card: CardView) => boolean,
  texts: { placeholder: string; none: string },
): Promise<CardView | undefined> {
  const taskId = taskIdOf(argument);
  if (taskId !== null) {
    const card = findCard(context.state, taskId) ?? (await readCard(context, taskId));
    if (card) return card;
    throw new UserError({ reason: 'not-found', message: l10n.t('This card no longer exists.') });
  }
  const items = cardsOf(context.state).filter(fits).map(cardItem);
  if (items.length === 0) {
    void window.showInformationMessage(texts.none);
    return undefined;
  }
  const picked = await window.showQuickPick(items, {
    placeHolder: texts.placeholder,
    matchOnDescription: true,
  });
  return picked?.card;
}

/**
 * The cards a menu was opened on: all that are selected when it is one of them. The tree hands them over beside the one
 * that was clicked, the board within its context.
 */
export function selectedTaskIds(clicked: unknown, selected: unknown): string[] {
  const nodes = Array.isArray(selected) && selected.length > 0 ? selected : (taskIdsOf(clicked) ?? [clicked]);
  // Of what is selected in the tree beside cards, such as their runs, nothing is meant.
  const cards = nodes.length > 1 ? nodes.filter(isCard) : nodes;
  return [...new Set(cards.map(taskIdOf).filter((id) => id !== null))];
}

function isCard(node: unknown): boolean {
  return typeof node !== 'object' || node === null || !('kind' in node) || node.kind === 'card';
}

function taskIdsOf(argument: unknown): readonly unknown[] | null {
  if (typeof argument !== 'object' || argument === null || !('taskIds' in argument)) return null;
  return Array.isArray(argument.taskIds) ? argument.taskIds : null;
}

function taskIdOf(argument: unknown): string | null {
  if (typeof argument === 'string') return argument;
  if (typeof argument !== 'object' || argument === null || !('taskId' in argument)) return null;
  return typeof argument.taskId === 'string' ? argument.taskId : null;
}

async function readCard(context: CommandContext, taskId: string): Promise<CardView | undefined> {
  const { cards } = await context.kandev.query('cards', { taskIds: [taskId] });
  return cards[0];
}

function cardItem(card: CardView): CardItem {
  const { icon, text } = cardStatus(card);
  return { label: `$(${icon}) ${card.task.title}`, description: text, detail: latestActivity(card), card };
}
