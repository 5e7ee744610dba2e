import { describe, expect, it } from 'vitest';
import { titlesIn } from '../../../src/webview/app/quickCreate.ts';

describe('titlesIn', () => {
  it('takes a line for each card, without blanks and the marks of a list', () => {
    const pasted = [
      'Fix the parser',
      '',
      '  - Write tests',
      '* [ ] Write docs ',
      '2. Release',
      '• Announce\r',
    ];
    expect(titlesIn(pasted.join('\n'))).toEqual([
      'Fix the parser',
      'Write tests',
      'Write docs',
      'Release',
      'Announce',
    ]);
  });

  it('leaves alone what only looks like a mark', () => {
    expect(titlesIn('3D view\n--json for the list\n1.5 times faster')).toEqual([
      '3D view',
      '--json for the list',
      '1.5 times faster',
    ]);
  });
});
