import type { CardView } from './cardView.ts';

/** What a card's agent wanted to reach, may not, and its user has not answered; nothing once the card is done with. */
export function blockedHosts({ task, run }: Pick<CardView, 'task' | 'run'>): readonly string[] {
  const settled = task.state === 'COMPLETED' || task.state === 'CANCELLED';
  return settled ? [] : (run?.blocked ?? []);
}
