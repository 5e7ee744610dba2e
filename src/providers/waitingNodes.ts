import { l10n, ThemeColor, ThemeIcon, TreeItem, TreeItemCollapsibleState } from 'vscode';
import { needsUser, type CardView } from '../model/cardView.ts';
import { cardsOf, findCard, otherBoardName, type BoardState } from './boardState.ts';
import { shownPath } from './shownPath.ts';
import { questionItem, requestItem } from './treeItems.ts';
import type { NeedsNode, QuestionNode, RequestNode, WordNode } from './treeNodes.ts';

/** What agents and queued cards want of their user. */
export type WaitingNode = RequestNode | QuestionNode | WordNode;

/** The group above the columns; the same object each time. */
export const needsNode: NeedsNode = { kind: 'needs' };

/** Everything that waits for the user on all boards, card by card, the oldest question of a card first. */
export function waitingNodes(state: BoardState): WaitingNode[] {
  return cardsOf(state).filter(needsUser).flatMap(nodesOf);
}

function nodesOf({ task: { id: taskId }, permissions, questions, queue }: CardView): WaitingNode[] {
  return [
    ...permissions.map(({ id }) => ({ kind: 'request', taskId, requestId: id }) as const),
    ...questions.map(({ id }) => ({ kind: 'question', taskId, questionId: id }) as const),
    ...(queue?.needs ? [{ kind: 'word', taskId } as const] : []),
  ];
}

/** Tells one from another, for the tree's own book-keeping. */
export function waitingKey(node: WaitingNode): string {
  if (node.kind === 'request') return node.requestId;
  return node.kind === 'question' ? node.questionId : `word:${node.taskId}`;
}

export function needsItem(count: number): TreeItem {
  const item = new TreeItem(l10n.t('Needs You'), TreeItemCollapsibleState.Expanded);
  item.id = 'needs';
  item.description = String(count);
  item.iconPath = new ThemeIcon('bell-dot', new ThemeColor('notificationsWarningIcon.foreground'));
  item.contextValue = 'needs';
  item.accessibilityInformation = {
    label: count === 1 ? l10n.t('Needs you, 1 question') : l10n.t('Needs you, {0} questions', count),
  };
  return item;
}

/** What is asked, and by which card. */
export function waitingItem(node: WaitingNode, state: BoardState): TreeItem {
  const card = findCard(state, node.taskId);
  const item = card ? askedItem(node, card) : null;
  if (!card || !item) return new TreeItem('');
  const { title, boardId } = card.task;
  const parts = [title, otherBoardName(state, boardId), detailOf(node, card, state)];
  item.description = parts.filter((part) => part !== '').join(' · ');
  return item;
}

function askedItem(node: WaitingNode, card: CardView): TreeItem | null {
  if (node.kind === 'word') return wordItem(card);
  if (node.kind === 'question') {
    const question = card.questions.find(({ id }) => id === node.questionId);
    return question ? questionItem(node, question.message) : null;
  }
  const request = card.permissions.find(({ id }) => id === node.requestId);
  return request ? requestItem(request) : null;
}

function detailOf(node: WaitingNode, { permissions }: CardView, state: BoardState): string {
  const request = node.kind === 'request' && permissions.find(({ id }) => id === node.requestId);
  if (!request) return '';
  return request.command ?? request.paths.map((path) => shownPath(state, path)).join(', ');
}

/** A card that cannot start before its user has said something. */
function wordItem({ task, queue }: CardView): TreeItem | null {
  if (!queue?.needs) return null;
  const item = new TreeItem(queue.why);
  item.id = `word:${task.id}`;
  item.iconPath = new ThemeIcon('key', new ThemeColor('notificationsWarningIcon.foreground'));
  item.contextValue = 'word';
  item.tooltip = l10n.t('“{0}” waits for your answer before it starts.', task.title);
  const command = queue.needs === 'credentials' ? 'kandev.credentials' : 'kandev.devcontainer';
  item.command = { command, title: l10n.t('Choose…') };
  return item;
}
