import { describe, expect, it } from 'vitest';
import { keyCommand, type KeyPress } from '../../../src/webview/app/keyboard.ts';

function press(key: string, modifiers: Partial<KeyPress> = {}): KeyPress {
  return { key, altKey: false, ctrlKey: false, metaKey: false, shiftKey: false, ...modifiers };
}

describe('keyCommand', () => {
  it('moves the focus with arrows and the card with Alt', () => {
    expect(keyCommand(press('ArrowDown'))).toEqual({ kind: 'focus', direction: 'down' });
    expect(keyCommand(press('ArrowLeft', { altKey: true }))).toEqual({ kind: 'move', direction: 'left' });
  });

  it.each([
    ['c', 'create'],
    ['e', 'edit'],
    ['Enter', 'open'],
    ['r', 'start'],
    ['s', 'stop'],
    ['m', 'message'],
    ['x', 'select'],
    [' ', 'peek'],
    ['Escape', 'escape'],
    ['/', 'filter'],
    ['b', 'switchBoard'],
    ['Delete', 'delete'],
  ])('%s means %s', (key, kind) => {
    expect(keyCommand(press(key))).toEqual({ kind });
  });

  it('selects with Shift and an arrow, and all with Ctrl+A', () => {
    expect(keyCommand(press('ArrowUp', { shiftKey: true }))).toEqual({ kind: 'extend', direction: 'up' });
    expect(keyCommand(press('a', { ctrlKey: true }))).toEqual({ kind: 'selectAll' });
    expect(keyCommand(press('a', { metaKey: true }))).toEqual({ kind: 'selectAll' });
  });

  it('takes the question mark with its Shift', () => {
    expect(keyCommand(press('?', { shiftKey: true }))).toEqual({ kind: 'help' });
  });

  it('leaves the keys of VS Code alone', () => {
    expect(keyCommand(press('c', { ctrlKey: true }))).toBeNull();
    expect(keyCommand(press('s', { metaKey: true }))).toBeNull();
    expect(keyCommand(press('e', { altKey: true }))).toBeNull();
    expect(keyCommand(press('ArrowUp', { altKey: true, shiftKey: true }))).toBeNull();
    expect(keyCommand(press('Tab'))).toBeNull();
  });
});
