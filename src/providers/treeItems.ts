import { l10n, MarkdownString, ThemeColor, ThemeIcon, TreeItem, TreeItemCollapsibleState } from 'vscode';
import { blockedHosts } from '../model/blockedHosts.ts';
import { isOverLimit } from '../model/board.ts';
import type { CardView } from '../model/cardView.ts';
import type { PermissionRequest } from '../model/permission.ts';
import { offeredWords } from '../model/resultOffers.ts';
import { unsentCount } from '../model/review.ts';
import { canGoOn, isBusy, isLive, runTime } from '../model/run.ts';
import type { RunUsage } from '../model/runUsage.ts';
import { oneLine } from './agentText.ts';
import {
  blockedText,
  cardStatus,
  changesText,
  durationText,
  commentsText,
  isStalled,
  latestActivity,
  originText,
  usageText,
  waitsForRetry,
} from './cardText.ts';
import { whyAsked } from './ruleWords.ts';
import type { BlockedNode, ColumnNode, QuestionNode, RequestNode } from './treeNodes.ts';

/** What the container of its run uses can be asked. */
export function isMeasured({ run }: CardView): boolean {
  return run !== null && isLive(run.state) && run.containerId !== null;
}

/** What the menus' `viewItem =~ /…/` looks at. */
export function contextValue(card: CardView): string {
  const { task, run, permissions, questions, queue } = card;
  const words = ['card', task.state];
  if (run && isBusy(run.state)) words.push('busy');
  else if (task.agentTypeId !== null) words.push('startable');
  if (run && isLive(run.state)) words.push('live');
  if (run && canGoOn(run)) words.push('ready');
  if (run) words.push('ran');
  if (blockedHosts(card).length > 0) words.push('hostBlocked');
  if (queue) words.push('queued');
  if (queue?.needs) words.push(queue.needs === 'credentials' ? 'undecided' : 'unbased');
  if (waitsForRetry(card)) words.push('retrying');
  if (isStalled(card)) words.push('stalled');
  if (permissions.length > 0) words.push('asking');
  if (questions.length > 0) words.push('questions');
  if (unsentCount(card.review) > 0) words.push('commented');
  return [...words, ...offeredWords(card)].join(' ');
}

/** How many cards of a column the filter lets through, and how many there are. */
export interface ColumnCount {
  shown: number;
  all: number;
}

/** Another one when it is empty: an item that VS Code knows would show its first card collapsed. */
export function columnItemId({ boardId, column }: ColumnNode, { shown }: ColumnCount): string {
  return shown > 0 ? `column:${boardId}:${column.id}` : `column:${boardId}:${column.id}:empty`;
}

export function columnItem(node: ColumnNode, count: ColumnCount): TreeItem {
  const { column } = node;
  const { shown, all } = count;
  const item = new TreeItem(
    column.title,
    shown > 0 ? TreeItemCollapsibleState.Expanded : TreeItemCollapsibleState.None,
  );
  item.id = columnItemId(node, count);
  const counted = shown === all ? String(all) : l10n.t('{0} of {1}', shown, all);
  const over = isOverLimit(column, all);
  item.description = column.limit === undefined || shown !== all ? counted : `${counted} / ${column.limit}`;
  if (over) item.iconPath = new ThemeIcon('warning', new ThemeColor('notificationsWarningIcon.foreground'));
  if (over) item.tooltip = l10n.t('Over its limit of {0}', column.limit ?? 0);
  item.contextValue = `column ${column.id}`;
  const cards = all === 1 ? l10n.t('1 card') : l10n.t('{0} cards', all);
  const label = shown === all ? cards : l10n.t('{0} of {1} shown', shown, cards);
  const warning = over ? `, ${l10n.t('Over its limit of {0}', column.limit ?? 0)}` : '';
  item.accessibilityInformation = { label: `${column.title}, ${label}${warning}` };
  return item;
}

export function requestItem(request: PermissionRequest): TreeItem {
  const item = new TreeItem(request.title);
  item.id = `request:${request.id}`;
  item.iconPath = new ThemeIcon('shield', new ThemeColor('notificationsWarningIcon.foreground'));
  item.contextValue = 'request';
  item.tooltip = [l10n.t('The agent waits for your answer.'), whyAsked(request)].join(' ').trim();
  item.command = {
    command: 'kandev.answerPermission',
    title: l10n.t('Answer'),
    arguments: [{ kind: 'request', taskId: request.taskId, requestId: request.id } satisfies RequestNode],
  };
  return item;
}

export function questionItem(node: QuestionNode, message: string): TreeItem {
  const item = new TreeItem(oneLine(message));
  item.id = `question:${node.questionId}`;
  item.iconPath = new ThemeIcon('question', new ThemeColor('notificationsWarningIcon.foreground'));
  item.contextValue = 'question';
  item.tooltip = message;
  item.accessibilityInformation = { label: l10n.t('The agent asks: {0}', message) };
  item.command = { command: 'kandev.answerQuestion', title: l10n.t('Answer'), arguments: [node] };
  return item;
}

export function blockedItem(node: BlockedNode, card: CardView): TreeItem {
  const text = blockedText(card);
  const item = new TreeItem(text);
  item.id = `blocked:${node.taskId}`;
  item.description = l10n.t('Allow…');
  item.iconPath = new ThemeIcon('globe', new ThemeColor('notificationsWarningIcon.foreground'));
  item.contextValue = 'blockedHosts';
  item.tooltip = [
    l10n.t('These hosts are not on the list of what the agent may reach:'),
    ...blockedHosts(card),
  ].join('\n');
  item.accessibilityInformation = { label: l10n.t('{0}, allow…', text) };
  item.command = { command: 'kandev.allowHost', title: l10n.t('Allow…'), arguments: [node] };
  return item;
}

export function cardTooltip(card: CardView, agent: string | null, usage: RunUsage | null): MarkdownString {
  const { task, run } = card;
  const activity = latestActivity(card);
  const tooltip = new MarkdownString('', true);
  tooltip.appendMarkdown('**').appendText(task.title).appendMarkdown('**\n\n');
  const time = run && runTime(run);
  const spent = time && durationText('took' in time ? time.took : Date.now() - time.since);
  const facts = [
    cardStatus(card).text,
    spent,
    agent,
    l10n.t('{0} priority', task.priority),
    ...task.labels,
  ].filter(Boolean);
  const changes = changesText(card);
  if (changes !== '') facts.push(changes);
  const comments = commentsText(card);
  if (comments !== '') facts.push(comments);
  tooltip.appendText(facts.join(' · ')).appendMarkdown('\n\n');
  const origin = originText(card);
  if (origin !== '') tooltip.appendText(origin).appendMarkdown('\n\n');
  if (activity !== '') tooltip.appendText(activity).appendMarkdown('\n\n');
  if (usage) tooltip.appendText(usageText(usage)).appendMarkdown('\n\n');
  const blocked = blockedText(card);
  if (blocked !== '') tooltip.appendText(blocked).appendMarkdown('\n\n');
  if (run?.failure?.detail) tooltip.appendCodeblock(run.failure.detail.slice(-1000));
  if (task.description !== '') tooltip.appendText(task.description.slice(0, 500));
  return tooltip;
}
