import { describe, expect, it } from 'vitest';
import { formatDuration, parseLabels } from '../../../src/webview/app/format.ts';
import { configureTexts, t } from '../../../src/webview/app/l10n.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

describe('formatDuration', () => {
  it.each([
    [-5 * second, '0s'],
    [0, '0s'],
    [999, '0s'],
    [59 * second, '59s'],
    [minute, '1m 00s'],
    [2 * minute + 5 * second, '2m 05s'],
    [59 * minute + 59 * second, '59m 59s'],
    [hour + 4 * minute, '1h 04m'],
    [24 * hour, '1d 0h'],
    [74 * hour, '3d 2h'],
  ])('%d ms is %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });
});

describe('parseLabels', () => {
  it('drops blanks and repetitions', () => {
    expect(parseLabels(' bug, ui ,, bug,needs design')).toEqual(['bug', 'ui', 'needs design']);
    expect(parseLabels('  ')).toEqual([]);
  });
});

describe('t', () => {
  it('puts in the arguments, and leaves a placeholder that has none', () => {
    expect(t('{1} of {0}, {2}', 5, 'two')).toBe('two of 5, {2}');
  });

  it('translates what the bundle has', () => {
    configureTexts({ 'Needs you': 'Braucht dich', '{0} of {1}': '{0} von {1}' });
    expect([t('Needs you'), t('{0} of {1}', 1, 3), t('Stop')]).toEqual(['Braucht dich', '1 von 3', 'Stop']);
    configureTexts({});
  });
});
