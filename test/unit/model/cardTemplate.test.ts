import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtInTemplates, parseTemplate } from '../../../src/model/cardTemplate.ts';

const text = (...lines: string[]): string => lines.join('\n');

describe('a template', () => {
  it('is front matter and a description', () => {
    const file = text(
      '---',
      'title: "Fix: it"',
      'agent: claude',
      'labels: [bug, ui]',
      'priority: High',
      '---',
      '',
      '# Why',
      '',
    );
    expect(parseTemplate('bug', file)).toEqual({
      ...{ name: 'bug', title: 'Fix: it', description: '# Why', agent: 'claude' },
      ...{ labels: ['bug', 'ui'], priority: 'high' },
    });
  });

  it.each([
    ['a list with dashes', text('---', 'labels:', '  - bug', "  - 'ui'", '---')],
    ['a list with commas', text('---', 'labels: bug, ui', '---')],
    ['Windows line ends', '---\r\nlabels: [bug, ui]\r\n---\r\n'],
  ])('takes labels as %s', (_, file) => {
    expect(parseTemplate('x', file).labels).toEqual(['bug', 'ui']);
  });

  it('is all description without front matter, or with one that does not end', () => {
    expect(parseTemplate('x', 'Do it.\n---\nNow.').description).toBe('Do it.\n---\nNow.');
    expect(parseTemplate('x', '---\ntitle: x\n').title).toBe('');
  });

  it('leaves out what it does not know, and never fails', () => {
    expect(parseTemplate('x', text('---', 'command: rm -rf /', 'priority: extreme', '---', 'Body'))).toEqual({
      ...{ name: 'x', title: '', description: 'Body', agent: null, labels: [], priority: 'normal' },
    });
    const line = fc.constantFrom('---', 'title: a', 'labels:', '- b', '[', ': :', '', 'agent: [x');
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        expect(parseTemplate('x', lines.join('\n')).labels.length).toBeLessThanOrEqual(20);
      }),
    );
  });

  it('brought along has a name and something to say', () => {
    for (const { name, description } of builtInTemplates) expect([name, description]).not.toContain('');
  });
});
