import { describe, expect, it } from 'vitest';
import { summarizeDiff, toBoardCard } from '../../../src/webview/host/diffSummary.ts';
import { aCard, aRequest } from './cards.ts';

describe('summarizeDiff', () => {
  it.each([
    ['a new file', null, 'a\nb\n', { added: 2, removed: 0, isNewFile: true }],
    ['an emptied file', 'a\nb', '', { added: 0, removed: 2, isNewFile: false }],
    ['a changed line', 'a\nb\nc\n', 'a\nx\nc\n', { added: 1, removed: 1, isNewFile: false }],
    ['a repeated line', 'a\n', 'a\na\na\n', { added: 2, removed: 0, isNewFile: false }],
    ['other line ends', 'a\r\nb\r\n', 'a\nb\n', { added: 0, removed: 0, isNewFile: false }],
    ['a moved line', 'a\nb\nc\n', 'b\nc\na\n', { added: 0, removed: 0, isNewFile: false }],
  ])('counts %s', (_, oldText, newText, expected) => {
    expect(summarizeDiff({ path: 'f', oldText, newText })).toEqual({ path: 'f', ...expected });
  });
});

describe('toBoardCard', () => {
  it('leaves the texts of proposed changes behind, and counts them once', () => {
    const request = aRequest('a', { diffs: [{ path: 'f', oldText: null, newText: 'secret\n' }] });
    const card = aCard('a', {}, { permissions: [request] });
    const first = toBoardCard(card);
    expect(JSON.stringify(first)).not.toContain('secret');
    expect(first.permissions[0]?.diffs).toEqual([{ path: 'f', added: 1, removed: 0, isNewFile: true }]);
    expect(toBoardCard({ ...card }).permissions[0]).toBe(first.permissions[0]);
  });

  it('shows paths as people know them', () => {
    const request = aRequest('r', {
      paths: ['/work/a.ts'],
      diffs: [{ path: '/work/a.ts', oldText: 'a', newText: 'b' }],
    });
    const card = aCard('a', {}, { permissions: [request] });
    const [shown] = toBoardCard(card, (path) => path.replace('/work/', '')).permissions;
    expect(shown?.paths).toEqual(['a.ts']);
    expect(shown?.diffs[0]?.path).toBe('a.ts');
  });
});
