import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldProblem, splitCommand, withNewAgent } from '../../../src/api/newAgentSetting.ts';

const goose = { id: 'goose', name: 'Goose', source: 'goose:1.2', command: 'goose acp --note "two words"' };

describe('withNewAgent', () => {
  it('puts the new one at the end, and leaves what is there as it was typed, also what is wrong', () => {
    const existing = [{ id: 'gemini', memoryMb: 4096 }, { nonsense: true }, 7];
    expect(withNewAgent(existing, goose)).toMatchObject({
      setting: [
        ...existing,
        { id: 'goose', name: 'Goose', image: 'goose:1.2', command: ['goose', 'acp', '--note', 'two words'] },
      ],
    });
    expect(existing).toHaveLength(3);
  });

  it('takes a whole path for a folder to build from', () => {
    expect(withNewAgent(undefined, { ...goose, source: ' /home/ann/goose ' })).toMatchObject({
      setting: [{ id: 'goose', build: '/home/ann/goose' }],
    });
  });

  it.each([
    ['an id that a built-in type has', [], { ...goose, id: 'gemini' }],
    ['an id that an entry has', [{ id: 'goose', image: 'x', command: ['x'] }], goose],
    ['an id that is none', [], { ...goose, id: 'My Goose' }],
    ['no name', [], { ...goose, name: ' ' }],
    ['no image', [], { ...goose, source: '' }],
    ['no command', [], { ...goose, command: ' ' }],
    ['a setting that is no list', { goose: {} }, goose],
  ])('refuses %s', (_what, existing, agent) => {
    expect(withNewAgent(existing, agent)).toEqual({ problem: expect.stringMatching(/\w.*\.$/) as string });
  });
});

describe('fieldProblem', () => {
  it.each([
    ['id', 'goose-2', undefined],
    ['id', 'Goose', 'It must consist of small letters, digits and "-".'],
    ['name', '  ', 'It must not be empty.'],
    ['source', '', 'It must not be empty.'],
    ['command', '', 'It must name the program.'],
    ['command', 'goose "acp', 'A quotation mark has no counterpart.'],
    ['command', 'goose acp', undefined],
  ] as const)('%s %j: %j', (field, typed, problem) => {
    expect(fieldProblem(field, typed)).toBe(problem);
  });
});

describe('splitCommand', () => {
  it.each([
    ['goose acp', ['goose', 'acp']],
    ['  a\tb  ', ['a', 'b']],
    [`a "b c" 'd "e"' f\\ g`, ['a', 'b c', 'd "e"', 'f g']],
    ['--x="y z"', ['--x=y z']],
    [`"" ''`, ['', '']],
    ['"a \\" b"', ['a " b']],
    [`it's`, null],
    ['', []],
  ])('%j', (text, words) => {
    expect(splitCommand(text)).toEqual(words);
  });

  it('gives back whatever words are quoted', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        const quoted = words.map((word) => `"${word.replaceAll(/["\\]/g, '\\$&')}"`).join(' ');
        expect(splitCommand(quoted)).toEqual(words);
      }),
    );
  });
});
