import type { Direction } from './moves.ts';
import { t } from './l10n.ts';

export type FocusCommand =
  { kind: 'focus' | 'extend'; direction: Direction } | { kind: 'focusEdge'; edge: 'first' | 'last' };

/** What is done to the card that has the focus, or to all that are selected with it. */
export type CardCommand =
  | { kind: 'move'; direction: Direction }
  | { kind: 'open' | 'peek' | 'select' | 'edit' | 'start' | 'stop' | 'message' | 'review' | 'delete' };

export type KeyCommand =
  | FocusCommand
  | CardCommand
  | { kind: 'create' | 'quickCreate' | 'switchBoard' | 'filter' | 'help' | 'selectAll' | 'undo' | 'escape' };

/** The part of a `KeyboardEvent` that counts. */
export interface KeyPress {
  key: string;
  altKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
}

const directions: Readonly<Record<string, Direction>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
};

const plainKeys: Readonly<Record<string, KeyCommand>> = {
  Home: { kind: 'focusEdge', edge: 'first' },
  End: { kind: 'focusEdge', edge: 'last' },
  Enter: { kind: 'open' },
  ' ': { kind: 'peek' },
  Escape: { kind: 'escape' },
  x: { kind: 'select' },
  Delete: { kind: 'delete' },
  c: { kind: 'create' },
  n: { kind: 'quickCreate' },
  b: { kind: 'switchBoard' },
  e: { kind: 'edit' },
  r: { kind: 'start' },
  s: { kind: 'stop' },
  m: { kind: 'message' },
  v: { kind: 'review' },
  '/': { kind: 'filter' },
  '?': { kind: 'help' },
};

/** With Ctrl, or Cmd on a Mac. */
const controlKeys: Readonly<Record<string, KeyCommand>> = { a: { kind: 'selectAll' }, z: { kind: 'undo' } };

/** What a key means on the board, outside its text fields; null for a key that it leaves alone. */
export function keyCommand({ key, altKey, ctrlKey, metaKey, shiftKey }: KeyPress): KeyCommand | null {
  if (ctrlKey || metaKey) return altKey || shiftKey ? null : (controlKeys[key] ?? null);
  const direction = directions[key];
  if (direction && shiftKey) return altKey ? null : { kind: 'extend', direction };
  if (direction) return { kind: altKey ? 'move' : 'focus', direction };
  return altKey ? null : (plainKeys[key] ?? null);
}

/** The keys of the board, as the help lists them. */
export function keyHelp(): { title: string; keys: { keys: readonly string[]; does: string }[] }[] {
  return [
    {
      title: t('Move around'),
      keys: [
        { keys: ['↑', '↓', '←', '→'], does: t('Go to the next card or column') },
        { keys: ['Home', 'End'], does: t('Go to the first or last card of the column') },
        { keys: ['Tab'], does: t('Go to the buttons of the card') },
        { keys: ['Space'], does: t('Peek at the card') },
        { keys: ['/'], does: t('Filter the cards') },
        { keys: ['B'], does: t('Switch to another board') },
      ],
    },
    {
      title: t('Select cards'),
      keys: [
        { keys: ['X'], does: t('Select the card, or not any more') },
        { keys: ['Shift ↑', 'Shift ↓'], does: t('Select the cards above or below as well') },
        { keys: ['Ctrl A'], does: t('Select all cards that are shown') },
        { keys: ['Esc'], does: t('Select nothing') },
      ],
    },
    {
      title: t('Change cards'),
      keys: [
        { keys: ['Alt ↑', 'Alt ↓'], does: t('Move the card up or down') },
        { keys: ['Alt ←', 'Alt →'], does: t('Move the card to the next column') },
        { keys: ['C'], does: t('New card') },
        { keys: ['N'], does: t('New cards by their titles, in the column') },
        { keys: ['E'], does: t('Edit the card') },
        { keys: ['Delete'], does: t('Delete the card') },
        { keys: ['Ctrl Z'], does: t('Take back a move, a deletion or new cards') },
      ],
    },
    {
      title: t('Agents'),
      keys: [
        { keys: ['Enter'], does: t('Open the card: what its agent says and does') },
        { keys: ['R'], does: t('Run the card, or run it again') },
        { keys: ['S'], does: t('Stop the agent') },
        { keys: ['M'], does: t('Send the agent a message') },
        { keys: ['V'], does: t('Review what the agent has changed') },
      ],
    },
    {
      title: t('In a form'),
      keys: [
        { keys: ['Ctrl Enter'], does: t('Save') },
        { keys: ['Esc'], does: t('Close and keep what was typed') },
      ],
    },
  ];
}
