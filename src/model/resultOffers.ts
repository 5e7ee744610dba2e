import type { CardView } from './cardView.ts';
import { isBusy } from './run.ts';

/** What can be done with the result of a card. The menus offer these alone. */
export interface ResultOffers {
  /** An agent has worked on it. */
  result: boolean;
  review: boolean;
  apply: boolean;
  merge: boolean;
  commit: boolean;
  createBranch: boolean;
  push: boolean;
  discard: boolean;
  rollBack: boolean;
  /** It has a folder of its own that can be shown. */
  workspace: boolean;
}

const none: ResultOffers = {
  ...{ result: false, review: false, apply: false, merge: false, commit: false, createBranch: false },
  ...{ push: false, discard: false, rollBack: false, workspace: false },
};

/** The names of those that make sense, as words for a `when` clause. */
export function offeredWords(card: Pick<CardView, 'run'>): string[] {
  return Object.entries(offersOf(card)).flatMap(([name, isOffered]) => (isOffered ? [name] : []));
}

/** By the kind of the workspace that its latest run worked in, and by whether that has changed anything. */
export function offersOf({ run }: Pick<CardView, 'run'>): ResultOffers {
  if (!run?.workspace) return none;
  const { kind, hasRepository } = run.workspace;
  const isOwn = kind !== 'folder';
  const review = run.changes !== null && run.changes.files > 0;
  // A workspace holds what earlier runs have done, too.
  const taken = !isBusy(run.state) && run.changes !== null && (isOwn || review);
  return {
    result: true,
    review,
    apply: taken && (kind === 'clone' || kind === 'copy'),
    merge: taken && kind === 'clone',
    commit: taken && hasRepository,
    createBranch: taken && hasRepository && kind !== 'repository',
    push: taken && kind === 'repository',
    discard: taken && isOwn,
    rollBack: !isBusy(run.state) && review,
    workspace: isOwn,
  };
}
