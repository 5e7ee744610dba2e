import { blockedHosts } from '../../model/blockedHosts.ts';
import { needsUser } from '../../model/cardView.ts';
import { whyBlocked } from '../../model/dependencies.ts';
import type { Failure } from '../../model/failure.ts';
import { canGoOn, isBusy, isLive, runTime, type Run, type RunTime } from '../../model/run.ts';
import { offersOf } from '../../model/resultOffers.ts';
import { unsentCount } from '../../model/review.ts';
import type { Priority, TaskState } from '../../model/task.ts';
import { stateNames } from '../../model/taskState.ts';
import type { BoardCard } from '../protocol.ts';
import { t } from './l10n.ts';
import type { Selection } from './selection.ts';

export type Tone = 'neutral' | 'busy' | 'waiting' | 'good' | 'bad';

/** One line that tells how things stand with a card. */
export interface CardStatus {
  /** Name of a codicon. */
  icon: string;
  spin: boolean;
  tone: Tone;
  text: string;
  time: StatusTime | null;
}

/** The same, or a moment that is waited for. */
export type StatusTime = RunTime | { until: number };

/** Its run has failed, and it is tried again by itself after a pause. */
export function waitsForRetry({ task, queue }: BoardCard): boolean {
  return queue !== null && task.retry !== null && task.retry.at !== null;
}

/** Its agent has been silent for too long in the middle of a turn. */
export function isStalled({ stalledSince }: BoardCard): boolean {
  return stalledSince !== null;
}

function runStatus(run: Run, taskState: TaskState): CardStatus {
  const time = runTime(run);
  const status = (icon: string, tone: Tone, text: string, spin = false) => ({ icon, spin, tone, text, time });
  switch (run.state) {
    case 'PENDING':
    case 'PREPARING':
      return status('loading', 'busy', t('Preparing'), true);
    case 'STARTING':
      return status('loading', 'busy', t('Starting'), true);
    case 'RUNNING':
      return status('loading', 'busy', t('Running'), true);
    case 'WAITING':
      return status('bell-dot', 'waiting', t('Needs you'));
    case 'READY':
      return status(
        'comment-discussion',
        'good',
        taskState === 'REVIEW' ? t('Ready for review') : t('Your turn'),
      );
    case 'COMPLETED':
      return status('pass', 'good', t('Finished'));
    case 'FAILED':
      return status('error', 'bad', t('Failed'));
    case 'STOPPED':
      return status('debug-stop', 'neutral', t('Stopped'));
  }
}

/** Of a run that goes on; which retry it is, where it is one. */
function liveStatus(run: Run, { task }: BoardCard): CardStatus {
  const status = runStatus(run, task.state);
  if (!isBusy(run.state) || task.retry === null || task.retry.made === 0) return status;
  const { made, of } = task.retry;
  return { ...status, text: t('{0}, retry {1} of {2}', status.text, made, of) };
}

/** What a card waits for, or why it is left alone, in a sentence; null when nothing holds it. */
export function noteOf(card: BoardCard): string | null {
  const { task, run, queue, dependencies } = card;
  if (waitsForRetry(card)) return null;
  // What the user has to say before it can start stands in a block of its own.
  if (queue) return queue.needs ? null : queue.why;
  if (task.state === 'BLOCKED') return whyBlocked(dependencies);
  const said = shownFailure(card) !== null || (run !== null && isLive(run.state));
  return said ? null : task.heldBecause;
}

/** Null for a card that nothing is going on with. */
export function statusOf(card: BoardCard): CardStatus | null {
  const { task, run, queue } = card;
  if (needsUser(card)) {
    return {
      icon: 'bell-dot',
      spin: false,
      tone: 'waiting',
      text: t('Needs you'),
      time: run && runTime(run),
    };
  }
  const { stalledSince } = card;
  if (stalledSince !== null) {
    return { icon: 'watch', spin: false, tone: 'waiting', text: t('Silent'), time: { since: stalledSince } };
  }
  if (run && isLive(run.state)) return liveStatus(run, card);
  if (queue && task.retry !== null && task.retry.at !== null) {
    const { made, of, at } = task.retry;
    const text = t('Retry {0} of {1}', made, of);
    return { icon: 'refresh', spin: false, tone: 'waiting', text, time: { until: at } };
  }
  const waiting = (icon: string, text: string): CardStatus => ({
    icon,
    spin: false,
    tone: 'neutral',
    text,
    time: null,
  });
  if (queue) return waiting('clock', t('Queued, place {0}', queue.place));
  if (task.state === 'BLOCKED') return waiting('lock', t('Blocked'));
  if (task.heldBecause !== null) return waiting('debug-pause', t('On hold'));
  return run && runStatus(run, task.state);
}

/** What went wrong with the latest run, as long as it matters for the card. */
export function shownFailure({ task, run, queue }: BoardCard): Failure | null {
  const settled = task.state === 'COMPLETED' || task.state === 'CANCELLED';
  return settled || queue || run?.state !== 'FAILED' ? null : run.failure;
}

/** How much the latest run has changed, in words; null when nothing is known, or has changed. */
export function changesText({ run }: Pick<BoardCard, 'run'>): string | null {
  const { files, added, removed } = run?.changes ?? { files: 0, added: 0, removed: 0 };
  if (files === 0) return null;
  return files === 1
    ? t('1 file, {0} lines added, {1} removed', added, removed)
    : t('{0} files, {1} lines added, {2} removed', files, added, removed);
}

/** How many comments on its changes wait: for its user to send them, else for its agent; null when there are none. */
export function commentsText({ review }: Pick<BoardCard, 'review'>): string | null {
  const unsent = unsentCount(review);
  if (unsent > 0) return unsent === 1 ? t('1 comment to send') : t('{0} comments to send', unsent);
  if (review.sent === 0) return null;
  return review.sent === 1 ? t('1 comment sent') : t('{0} comments sent', review.sent);
}

/** Which agent has created it, and from which card; null where no agent has. */
export function originText({ task, origin }: Pick<BoardCard, 'task' | 'origin'>): string | null {
  return origin === null ? null : t('Created by {0} while it worked on “{1}”', task.createdBy, origin);
}

/** Which hosts its agent was refused, in words; null where it was refused none. */
export function blockedText(card: BoardCard): string | null {
  const [host, ...others] = blockedHosts(card);
  if (host === undefined) return null;
  return others.length === 0
    ? t('Wanted to reach {0}', host)
    : t('Wanted to reach {0} and {1} more', host, others.length);
}

export interface CardActions {
  start: boolean;
  stop: boolean;
  message: boolean;
  review: boolean;
}

const startable = new Set(['BACKLOG', 'TODO', 'REVIEW', 'FAILED', 'CANCELLED']);

/** Which of its buttons a card has. */
export function actionsOf({ task, run, queue }: BoardCard): CardActions {
  const live = run !== null && isLive(run.state);
  return {
    start: !live && !queue && task.agentTypeId !== null && startable.has(task.state),
    stop: live || queue !== null,
    message: run !== null && canGoOn(run) && queue === null,
    review: offersOf({ run }).review,
  };
}

export function priorityName(priority: Priority): string {
  const names: Record<Priority, string> = {
    low: t('Low'),
    normal: t('Normal'),
    high: t('High'),
    urgent: t('Urgent'),
  };
  return names[priority];
}

/** All that a card shows, in words, as a screen reader speaks it when the card gets the focus. */
export function accessibleName(card: BoardCard, agentName: string | null): string {
  const { task, run, permissions, questions } = card;
  const status = statusOf(card);
  const failure = shownFailure(card);
  const [request] = permissions;
  const [question] = questions;
  const parts = [
    task.title,
    stateNames[task.state],
    status && status.text !== stateNames[task.state] ? status.text : null,
    request ? request.title : null,
    question ? question.message : null,
    noteOf(card),
    waitsForRetry(card) ? (run?.failure?.message ?? null) : null,
    failure ? failure.message : null,
    blockedText(card),
    t('Priority: {0}', priorityName(task.priority)),
    agentName === null ? t('No agent') : t('Agent: {0}', agentName),
    originText(card),
    task.labels.length > 0 ? t('Labels: {0}', task.labels.join(', ')) : null,
    changesText(card),
    commentsText(card),
    run && isBusy(run.state) && !needsUser(card) ? run.activity : null,
  ];
  return parts
    .filter((part) => part !== null)
    .map((part) => part.replace(/[.\s]+$/, ''))
    .join('. ');
}

/** What VS Code's menus on the card decide by; the keys are those of `when` clauses. */
export function menuContext(
  card: BoardCard,
  selection: Selection | null = null,
): Record<string, string | boolean | string[]> {
  const { task, run, permissions, questions, queue } = card;
  return {
    ...offersOf(card),
    webviewSection: 'card',
    taskId: task.id,
    // What the commands take that can be done with several cards.
    ...(selection && { taskIds: [...selection] }),
    state: task.state,
    live: run !== null && isLive(run.state),
    ready: run !== null && canGoOn(run),
    queued: queue !== null,
    retrying: waitsForRetry(card),
    stalled: isStalled(card),
    needsYou: permissions.length > 0,
    hasQuestion: questions.length > 0,
    hasAgent: task.agentTypeId !== null,
    hasRun: run !== null,
    commented: unsentCount(card.review) > 0,
    hostBlocked: blockedHosts(card).length > 0,
    preventDefaultContextMenuItems: true,
  };
}
