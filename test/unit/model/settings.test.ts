import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { optionDefaultsOf } from '../../../src/model/settings.ts';

describe('optionDefaultsOf', () => {
  it('has what the setting says of that agent, and passes over what makes no sense', () => {
    const setting = { gemini: { mode: 'plan', verbose: false, model: 7, other: null }, claude: 'plan' };
    expect(optionDefaultsOf(setting, 'gemini')).toEqual({ mode: 'plan', verbose: false });
    expect(optionDefaultsOf(setting, 'claude')).toEqual({});
    expect(optionDefaultsOf(setting, 'constructor')).toEqual({});
  });

  it('is an object of texts and flags, whatever was typed', () => {
    fc.assert(
      fc.property(fc.anything(), (setting) => {
        for (const value of Object.values(optionDefaultsOf(setting, 'a'))) {
          expect(['string', 'boolean']).toContain(typeof value);
        }
      }),
    );
  });
});
