import { l10n } from 'vscode';
import type { AgentType } from '../model/agentType.ts';
import { needsUser, type CardView } from '../model/cardView.ts';
import { blockedHosts } from '../model/blockedHosts.ts';
import { whyBlocked } from '../model/dependencies.ts';
import { unsentCount } from '../model/review.ts';
import { isBusy, type RunChanges, type RunState } from '../model/run.ts';
import { cpusText, memoryText, type RunUsage } from '../model/runUsage.ts';
import { oneLine } from './agentText.ts';
import { findCard, otherBoardName, type BoardState } from './boardState.ts';

/** A card's condition, as it is said in words and shown as an icon, everywhere the same. */
export interface CardStatus {
  text: string;
  /** A codicon's name. */
  icon: string;
  /** A theme colour, to underline what icon and text already say. */
  color?: string;
  /** It says no more than the card's column does. */
  plain?: true;
}

/** Its run has failed, and it is tried again by itself after a pause. */
export function waitsForRetry({ task, queue }: CardView): boolean {
  return queue !== null && task.retry !== null && task.retry.at !== null;
}

/** Its agent has been silent for too long in the middle of a turn. */
export function isStalled({ stalledSince }: CardView): boolean {
  return stalledSince !== null;
}

export function cardStatus(card: CardView): CardStatus {
  const { task, run, queue } = card;
  if (needsUser(card)) {
    return { text: l10n.t('Needs you'), icon: 'bell-dot', color: 'notificationsWarningIcon.foreground' };
  }
  if (isStalled(card)) {
    return { text: l10n.t('Silent'), icon: 'watch', color: 'notificationsWarningIcon.foreground' };
  }
  if (waitsForRetry(card) && task.retry) {
    return { text: l10n.t('Retry {0} of {1}', task.retry.made, task.retry.of), icon: 'refresh' };
  }
  if (run && isBusy(run.state)) return { text: runText(run.state), icon: 'loading~spin' };
  if (queue) return { text: l10n.t('Queued, {0}', queue.place), icon: 'clock' };
  switch (task.state) {
    case 'FAILED':
      return {
        text: l10n.t('Failed'),
        icon: 'error',
        color: 'notificationsErrorIcon.foreground',
        plain: true,
      };
    case 'REVIEW':
      return { text: l10n.t('Review'), icon: 'eye', plain: true };
    case 'COMPLETED':
      return { text: l10n.t('Done'), icon: 'pass', color: 'testing.iconPassed', plain: true };
    case 'CANCELLED':
      return { text: l10n.t('Cancelled'), icon: 'circle-slash', plain: true };
    case 'BLOCKED':
      return { text: l10n.t('Blocked'), icon: 'lock' };
    case 'IN_PROGRESS':
      return { text: l10n.t('In progress'), icon: 'person', plain: true };
    case 'TODO':
      return task.heldBecause === null
        ? { text: l10n.t('To do'), icon: 'circle-outline', plain: true }
        : { text: l10n.t('On hold'), icon: 'debug-pause' };
    case 'BACKLOG':
      return { text: l10n.t('Backlog'), icon: 'circle-outline', plain: true };
  }
}

function runText(state: RunState): string {
  switch (state) {
    case 'PENDING':
    case 'PREPARING':
      return l10n.t('Preparing');
    case 'STARTING':
      return l10n.t('Starting');
    default:
      return l10n.t('Running');
  }
}

/** The newest thing to know about a card, in one line; empty when there is nothing. */
export function latestActivity(card: CardView): string {
  const { task, run, permissions, questions, queue, stalledSince } = card;
  const [request] = permissions;
  if (request) return request.title;
  const [question] = questions;
  if (question) return oneLine(question.message);
  if (stalledSince !== null) return l10n.t('has said nothing since {0}', clockTime(stalledSince));
  if (queue && waitsForRetry(card)) {
    const at = clockTime(queue.until ?? task.retry?.at ?? 0);
    return l10n.t('at {0} · {1}', at, run?.failure?.message ?? '');
  }
  if (queue) return queue.why;
  if (task.state === 'BLOCKED') return whyBlocked(card.dependencies) ?? '';
  if (task.state === 'FAILED' && run?.failure) return run.failure.message;
  if (task.heldBecause !== null) return task.heldBecause;
  return run?.activity ?? '';
}

/** Which agent has created it, and from which card; empty where no agent has. */
export function originText({ task, origin }: CardView): string {
  return origin === null
    ? ''
    : l10n.t('Created by {0} while it worked on “{1}”', task.createdBy, oneLine(origin));
}

/** Which hosts its agent was refused; empty when it was refused none. */
export function blockedText(card: CardView): string {
  const [host, ...others] = blockedHosts(card);
  if (host === undefined) return '';
  return others.length === 0
    ? l10n.t('Wanted to reach {0}', host)
    : l10n.t('Wanted to reach {0} and {1} more', host, others.length);
}

/** What the container of a run uses, in one line. */
export function usageText(usage: RunUsage): string {
  const { memoryMb, memoryLimitMb, pids } = usage;
  const cpus = cpusText(usage);
  const memory =
    memoryLimitMb > 0
      ? l10n.t('{0} of {1} of memory', memoryText(memoryMb), memoryText(memoryLimitMb))
      : l10n.t('{0} of memory', memoryText(memoryMb));
  const parts = [memory, l10n.t('{0} processes', pids)];
  if (cpus !== null) parts.unshift(l10n.t('{0} CPUs', cpus));
  return parts.join(' · ');
}

/** How much its latest run has changed: "3 files +12 −4"; empty when nothing is known, or has changed. */
export function changesText({ run }: Pick<CardView, 'run'>): string {
  const { files, added, removed } = run?.changes ?? { files: 0, added: 0, removed: 0 };
  if (files === 0) return '';
  return files === 1
    ? l10n.t('1 file +{0} −{1}', added, removed)
    : l10n.t('{0} files +{1} −{2}', files, added, removed);
}

/** How many comments on its changes wait: for its user to send them, else for its agent; empty when there are none. */
export function commentsText({ review }: Pick<CardView, 'review'>): string {
  const unsent = unsentCount(review);
  if (unsent > 0) return unsent === 1 ? l10n.t('1 comment to send') : l10n.t('{0} comments to send', unsent);
  if (review.sent === 0) return '';
  return review.sent === 1 ? l10n.t('1 comment sent') : l10n.t('{0} comments sent', review.sent);
}

/** The same within a sentence: "3 files (+12 −4)". */
export function filesText({ files, added, removed }: RunChanges): string {
  if (files === 0) return l10n.t('no files');
  return files === 1
    ? l10n.t('1 file (+{0} −{1})', added, removed)
    : l10n.t('{0} files (+{1} −{2})', files, added, removed);
}

/** A duration in its two largest units. */
export function durationText(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours > 0) return l10n.t('{0} h {1} min', hours, minutes % 60);
  return minutes > 0 ? l10n.t('{0} min {1} s', minutes, seconds % 60) : l10n.t('{0} s', seconds);
}

function clockTime(at: number): string {
  return new Date(at).toLocaleTimeString(undefined, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
}

export function agentName(agentTypes: readonly AgentType[], id: string | null): string | null {
  return id === null ? null : (agentTypes.find((type) => type.id === id)?.name ?? id);
}

/** Who asks, before what is asked: the card and its agent. */
export function askerOf(state: BoardState, taskId: string): string {
  const card = findCard(state, taskId);
  const agentTypes = state.current.status === 'ready' ? state.current.agentTypes : [];
  const agent = agentName(agentTypes, card?.task.agentTypeId ?? null) ?? l10n.t('The agent');
  const board = card ? otherBoardName(state, card.task.boardId) : '';
  return [card?.task.title ?? '', board, agent].filter((part) => part !== '').join(' · ');
}
