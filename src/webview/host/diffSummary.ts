import type { CardView } from '../../model/cardView.ts';
import type { PermissionRequest, ProposedDiff } from '../../model/permission.ts';
import type { BoardCard, DiffSummary, PermissionView } from '../protocol.ts';

function lines(text: string | null): string[] {
  if (text === null || text === '') return [];
  return text.replace(/\r?\n$/, '').split(/\r?\n/);
}

/** Lines that only one side has. A line that merely moved counts as unchanged; the answer is in time O(lines). */
export function summarizeDiff({ path, oldText, newText }: ProposedDiff): DiffSummary {
  const unmatched = new Map<string, number>();
  const before = lines(oldText);
  for (const line of before) unmatched.set(line, (unmatched.get(line) ?? 0) + 1);
  let added = 0;
  let kept = 0;
  for (const line of lines(newText)) {
    const left = unmatched.get(line) ?? 0;
    if (left > 0) {
      unmatched.set(line, left - 1);
      kept += 1;
    } else {
      added += 1;
    }
  }
  return { path, added, removed: before.length - kept, isNewFile: oldText === null };
}

/** A path as people know it: relative to the folder. */
export type Shorten = (path: string) => string;

/** Requests do not change what they propose, so each is summarised once. */
const summaries = new WeakMap<PermissionRequest, PermissionView>();

function toPermissionView(request: PermissionRequest, shorten: Shorten): PermissionView {
  const known = summaries.get(request);
  if (known) return known;
  const diffs = request.diffs.map(summarizeDiff).map((diff) => ({ ...diff, path: shorten(diff.path) }));
  const view = { ...request, paths: request.paths.map(shorten), diffs };
  summaries.set(request, view);
  return view;
}

export function toBoardCard(card: CardView, shorten: Shorten = (path) => path): BoardCard {
  return { ...card, permissions: card.permissions.map((request) => toPermissionView(request, shorten)) };
}
