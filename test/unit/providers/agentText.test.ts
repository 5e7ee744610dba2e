import { describe, expect, it } from 'vitest';
import { oneLine, plainLabel, plainMessage } from '../../../src/providers/agentText.ts';

describe('what an agent writes', () => {
  it('holds no link that runs a command', () => {
    expect(plainMessage('See [this](command:workbench.action.quit)')).toBe(
      'See [this] (command:workbench.action.quit)',
    );
    expect(plainMessage('a[0] (b)')).toBe('a[0] (b)');
  });

  it('holds no icon', () => {
    expect(plainLabel('$(check) Done $(loading~spin)')).toBe('\\$(check) Done \\$(loading~spin)');
    expect(plainLabel('echo $(ls -l)')).toBe('echo $(ls -l)');
  });

  it('stands in one line that can be read', () => {
    expect(oneLine(' a\r\n  b\tc ')).toBe('a b c');
    expect(oneLine('abcdef', 4)).toBe('abc…');
    expect(oneLine('abcd', 4)).toBe('abcd');
  });
});
