import { describe, expect, it } from 'vitest';
import { cardFromCode, todoIn, type CodePlace } from '../../../src/model/cardFromCode.ts';

const place: CodePlace = { path: 'src/app.ts', first: 4, last: 5, code: 'const a = b;\nuse(a);' };

describe('a card from the code', () => {
  it('of a problem has its message, its code and where it is', () => {
    const problem = { kind: 'problem', place, severity: 'error', code: '2304', source: 'ts' } as const;
    expect(cardFromCode({ ...problem, message: "Cannot find name 'b'." })).toEqual({
      title: "Fix: Cannot find name 'b'.",
      description: [
        'Fix this error of `ts 2304` in `src/app.ts`, lines 5–6:',
        "> Cannot find name 'b'.",
        '```ts\nconst a = b;\nuse(a);\n```',
      ].join('\n\n'),
    });
    const long = cardFromCode({ ...problem, code: null, source: null, message: 'a\nb '.repeat(100) });
    expect(long.title.length).toBeLessThanOrEqual(120);
    expect(long.title).not.toContain('\n');
    expect(long.description).toContain('Fix this error in ');
  });

  it('of a test has what it said when it failed, whatever is in that', () => {
    const { title, description } = cardFromCode({
      kind: 'test',
      name: 'adds',
      place: null,
      message: 'expected ``` 3',
    });
    expect(title).toBe('Fix the test “adds”');
    expect(description).toContain('````\nexpected ``` 3\n````');
  });

  it('of a selection, a comment or changed files names them', () => {
    expect(cardFromCode({ kind: 'selection', place }).description).toContain('`src/app.ts`, lines 5–6');
    expect(cardFromCode({ kind: 'todo', place, tag: 'TODO', text: 'Cache it' }).title).toBe('Cache it');
    expect(cardFromCode({ kind: 'todo', place, tag: 'FIXME', text: '' }).title).toBe(
      'FIXME in app.ts, line 5',
    );
    const paths = Array.from({ length: 120 }, (_, index) => `${index}.ts`);
    const { title, description } = cardFromCode({ kind: 'changes', paths });
    expect(title).toBe('Go on with the changes of 120 files');
    expect(description).toContain('- and 20 more');
  });
});

describe('what is to be done', () => {
  it.each([
    ['  // TODO: cache it', 'TODO', 'cache it'],
    ['# FIXME cache it', 'FIXME', 'cache it'],
    ['/* TODO cache it */', 'TODO', 'cache it'],
    ['x(); // TODO(ann): cache it', 'TODO', 'cache it'],
    ['<!-- TODO: cache it -->', 'TODO', 'cache it'],
    [' * TODO', 'TODO', ''],
  ])('is found in %j', (line, tag, text) => {
    expect(todoIn(line)).toEqual({ tag, text });
  });

  it.each(['const TODO = 1;', '// todos are shown here', 'TODO', '// TODOS: none'])(
    'is not found in %j',
    (line) => {
      expect(todoIn(line)).toBeNull();
    },
  );
});
