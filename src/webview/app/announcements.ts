import type { BoardCard } from '../protocol.ts';
import { shownFailure } from './cardFacts.ts';
import { placeOf, type BoardLayout } from './layout.ts';
import { t } from './l10n.ts';

/** What a screen reader should hear of a card that has changed; null when it is not worth interrupting for. */
export function describeChange(
  before: BoardCard | undefined,
  after: BoardCard,
  layout: BoardLayout,
): string | null {
  const { id, title } = after.task;
  const place = placeOf(layout, id);
  const where = place && ([place.view.column.title, place.index + 1, place.view.cards.length] as const);
  if (!before) return where && t('{0} was added to {1}, {2} of {3}.', title, ...where);
  const [request] = after.permissions;
  if (request && !before.permissions.some((known) => known.id === request.id)) {
    return t('{0} needs you: {1}', title, request.title);
  }
  const [question] = after.questions;
  if (question && !before.questions.some((known) => known.id === question.id)) {
    return t('{0} needs you: {1}', title, question.message);
  }
  const failure = shownFailure(after);
  if (failure && !shownFailure(before)) return t('{0} failed: {1}', title, failure.message);
  const moved = before.task.state !== after.task.state || before.task.position !== after.task.position;
  return moved && where ? t('{0} is now in {1}, {2} of {3}.', title, ...where) : null;
}

export function describeRemoval(card: BoardCard): string {
  return t('{0} is no longer on the board.', card.task.title);
}
