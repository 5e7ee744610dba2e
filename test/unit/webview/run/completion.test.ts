import { describe, expect, it } from 'vitest';
import { completed, completingAt, matchingCommands } from '../../../../src/webview/app/run/completion.ts';

describe('what is typed to an agent', () => {
  it.each([
    ['/', 1, { kind: 'command', query: '', from: 0, to: 1 }],
    ['/dep', 4, { kind: 'command', query: 'dep', from: 0, to: 4 }],
    ['say /dep', 8, null],
    ['/deploy now', 11, null],
    ['@', 1, { kind: 'file', query: '', from: 0, to: 1 }],
    ['look at @src/a and', 14, { kind: 'file', query: 'src/a', from: 8, to: 14 }],
    ['ann@example.org', 15, null],
    ['in "a b" @"a b/c', 16, { kind: 'file', query: 'a b/c', from: 9, to: 16 }],
    ['two @a @b', 9, { kind: 'file', query: 'b', from: 7, to: 9 }],
  ])('%j is completed as it should at %i', (text, caret, expected) => {
    expect(completingAt(text, caret)).toEqual(expected);
  });

  it('goes on after what was chosen', () => {
    const completing = completingAt('look at @sr and', 11);
    expect(completing && completed('look at @sr and', completing, 'src/a.ts')).toEqual({
      text: 'look at @src/a.ts and',
      caret: 18,
    });
  });

  it('puts a path with blanks into quotes', () => {
    const typed = 'see @"a b" now';
    const completing = completingAt(typed, 9);
    expect(completing && completed(typed, completing, 'a b/c.txt').text).toBe('see @"a b/c.txt" now');
  });

  it('finds commands by any part of their names, those that begin so first', () => {
    const commands = ['redeploy', 'deploy', 'test'].map((name) => ({ name, description: '', hint: null }));
    expect(matchingCommands(commands, 'dep').map(({ name }) => name)).toEqual(['deploy', 'redeploy']);
  });
});
