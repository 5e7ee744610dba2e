import { l10n, QuickPickItemKind, window, type QuickPickItem } from 'vscode';
import type { CardView } from '../model/cardView.ts';
import { UserError } from '../model/failure.ts';
import { boardsOf, cardsOnBoard, findCard, shownBoard, shownCards } from '../providers/boardState.ts';
import { cardStatus, latestActivity } from '../providers/cardText.ts';
import type { CommandContext } from './commandContext.ts';

interface CardItem extends QuickPickItem {
  /** Null for the name of a board above its cards. */
  card: CardView | null;
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
  const items = cardItems(context, fits);
  if (items.length === 0) {
    void window.showInformationMessage(texts.none);
    return undefined;
  }
  const picked = await window.showQuickPick(items, {
    placeHolder: texts.placeholder,
    matchOnDescription: true,
  });
  return picked?.card ?? undefined;
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

/** A key pressed in the tree means what is selected there; VS Code hands over no node with it. */
export function isForSelection(argument: unknown): boolean {
  return typeof argument === 'object' && argument !== null && 'selection' in argument;
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

/** Those of the board that this window shows come first; the others stand below the names of theirs. */
function cardItems({ state }: CommandContext, fits: (card: CardView) => boolean): CardItem[] {
  const shown = shownBoard(state);
  const others = boardsOf(state).filter(({ id }) => id !== shown?.id);
  return [
    ...shownCards(state).filter(fits).map(cardItem),
    ...others.flatMap(({ id, name }) => {
      const items = cardsOnBoard(state, id).filter(fits).map(cardItem);
      return items.length === 0
        ? []
        : [{ label: name, kind: QuickPickItemKind.Separator, card: null }, ...items];
    }),
  ];
}

function cardItem(card: CardView): CardItem {
  const { icon, text } = cardStatus(card);
  return { label: `$(${icon}) ${card.task.title}`, description: text, detail: latestActivity(card), card };
}
