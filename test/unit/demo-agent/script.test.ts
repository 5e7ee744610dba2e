import { readFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findScript, parseScript, stepNames, type Step } from '../../../agents/demo/script.ts';
import { parseDuration, parseSize } from '../../../agents/demo/words.ts';

function parseOne(line: string): Step {
  const { steps, problems } = parseScript(line);
  expect(problems).toEqual([]);
  expect(steps).toHaveLength(1);
  return steps[0] ?? expect.fail('no step');
}

function problemOf(line: string): string {
  const { problems } = parseScript(line);
  expect(problems).toHaveLength(1);
  return problems[0]?.message ?? '';
}

/** Text as it is written between quotes. */
function quote(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
  return `"${escaped}"`;
}

describe('finding a script', () => {
  test('there is none in an ordinary prompt', () => {
    expect(findScript('Fix the login.\n\n```ts\nmessage()\n```')).toBeUndefined();
  });

  test('is the content of the block, whatever stands around it', () => {
    const prompt = 'A title\r\n\r\n```kandev-script\r\nmessage one\r\ndelay 1s\r\n```\r\nand more';
    expect(findScript(prompt)).toBe('message one\ndelay 1s');
  });

  test('joins several blocks and takes an unclosed one to the end', () => {
    const prompt =
      '```kandev-script\nmessage a\n```\ntext\n~~~~kandev-script\nmessage ```\n~~~~\n``` kandev-script\nwait';
    expect(findScript(prompt)).toBe('message a\nmessage ```\nwait');
  });

  test('an empty block is a script without steps', () => {
    expect(findScript('```kandev-script\n```')).toBe('');
  });
});

describe('parsing', () => {
  test('skips blank lines and comments and counts lines from 1', () => {
    const { steps, problems } = parseScript('# a comment\n\n  message hi  \nnonsense\n\ndelay soon');
    expect(steps).toEqual([{ do: 'message', text: 'hi' }]);
    expect(problems.map(({ line }) => line)).toEqual([4, 6]);
  });

  test('a plan marks what is done and in progress', () => {
    expect(parseOne('plan [x] a | [~] b | c')).toEqual({
      do: 'plan',
      entries: [
        { content: 'a', priority: 'medium', status: 'completed' },
        { content: 'b', priority: 'medium', status: 'in_progress' },
        { content: 'c', priority: 'medium', status: 'pending' },
      ],
    });
  });

  test('a permission has the usual options unless it names its own', () => {
    expect(parseOne('permission "Run it"')).toMatchObject({
      title: 'Run it',
      kind: 'execute',
      withToolCall: true,
      background: false,
      options: [{ kind: 'allow_once' }, { kind: 'allow_always' }, { kind: 'reject_once' }],
    });
    const own =
      'permission Run without-tool-call options="allow_always:a:Here,allow_always:b:Everywhere,reject_once:cancel:No"';
    expect(parseOne(own)).toMatchObject({
      withToolCall: false,
      options: [
        { kind: 'allow_always', optionId: 'a', name: 'Here' },
        { kind: 'allow_always', optionId: 'b', name: 'Everywhere' },
        { kind: 'reject_once', optionId: 'cancel', name: 'No' },
      ],
    });
  });

  test('a form has typed fields', () => {
    const step = parseOne(
      'elicit form "Which one?" colour:red|blue! count:integer=3 why:string sure:boolean=true tags:a|b[]=a|b',
    );
    expect(step).toEqual({
      do: 'elicit',
      mode: 'form',
      message: 'Which one?',
      fields: [
        {
          name: 'colour',
          required: true,
          schema: { type: 'string', title: 'colour', enum: ['red', 'blue'] },
        },
        { name: 'count', required: false, schema: { type: 'integer', title: 'count', default: 3 } },
        { name: 'why', required: false, schema: { type: 'string', title: 'why' } },
        { name: 'sure', required: false, schema: { type: 'boolean', title: 'sure', default: true } },
        {
          name: 'tags',
          required: false,
          schema: {
            type: 'array',
            title: 'tags',
            items: { type: 'string', enum: ['a', 'b'] },
            default: ['a', 'b'],
          },
        },
      ],
    });
  });

  test('a step can depend on the last answer', () => {
    expect(parseOne('on allow message "Thank you"')).toEqual({
      do: 'on',
      outcome: 'allow',
      step: { do: 'message', text: 'Thank you' },
    });
  });

  test.each([
    ['shout hello', /no step "shout"; there are: message, /],
    ['message', /^message: the text is missing$/],
    ['message "open', /a quote is not closed/],
    ['message "a" b', /must end with it/],
    ['message "\\x"', /\\x is not an escape/],
    ['plan a || b', /an entry is empty/],
    ['tool dance a.ts', /no tool kind "dance"/],
    ['tool read a.ts line=0', /line= must be a whole number of at least 1, not "0"/],
    ['tool read a.ts colour=red', /no option colour=; there are: failed, title=, line=, old=, new=/],
    ['tool edit a.ts old="x"', /old= needs new=/],
    ['write a.ts', /the content is missing/],
    ['permission "x" options=maybe', /no kind of option "maybe"/],
    ['permission "x" quickly', /no option quickly/],
    ['elicit survey "x"', /form or url/],
    ['elicit form "x" colour', /a field looks like/],
    ['elicit form "x" a:red|blue=green', /the default "green" is none of the choices/],
    ['elicit form "x" a:date', /no type "date"/],
    ['terminal kill-when-printed sleep 2', /style=client/],
    ['elicit form "x" a:integer=many', /"many" is not a number/],
    ['elicit form "x" a:boolean=maybe', /neither true nor false/],
    ['on allow', /the step is missing/],
    ['on allow dance', /^on: there is no step "dance"/],
    ['wait long', /^wait: "long" is too much$/],
    ['delay 5', /a duration looks like/],
    ['stream 5', /write: stream 100 chunks/],
    ['burst 0', /at least 1/],
    ['usage 1 2 cost=free', /in dollars/],
    ['update {', /not JSON/],
    ['request foo []', /must be a JSON object/],
    ['line 10', /a size looks like/],
    ['error oops "text"', /the code must be a whole number, not "oops"/],
    ['crash 256', /at most 255/],
    ['fail 2 times', /counter= is missing/],
    ['fail twice', /must be a whole number/],
    ['speed 0', /above 0/],
  ])('%s is a problem', (line, message) => {
    expect(problemOf(line)).toMatch(message);
  });
});

describe('for any script', () => {
  const line = fc.oneof(
    fc.string(),
    fc.string({ unit: 'grapheme' }),
    fc.tuple(fc.constantFrom(...stepNames), fc.string()).map(([name, rest]) => `${name} ${rest}`),
  );

  test('every line that counts becomes one step or one problem', () => {
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const source = lines.join('\n').replaceAll('\r', '\n').split('\n');
        const counted = source.filter((each) => each.trim() !== '' && !each.trim().startsWith('#'));
        const { steps, problems } = parseScript(source.join('\n'));
        expect(steps.length + problems.length).toBe(counted.length);
        for (const problem of problems) {
          expect(source[problem.line - 1]?.trim()).not.toBe('');
          expect(problem.message).not.toBe('');
        }
      }),
    );
  });

  test('quoted text comes back as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, word) => {
        expect(parseOne(`message ${quote(text)}`)).toEqual({ do: 'message', text });
        expect(parseOne(`write ${quote(word)} ${quote(text)}`)).toEqual({ do: 'write', path: word, text });
        expect(parseOne(`tool other x title=${quote(text)}`)).toMatchObject({ title: text });
      }),
    );
  });

  test('bare text is taken as it stands', () => {
    const bare = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n]/g, '').trim());
    fc.assert(
      fc.property(bare, (text) => {
        fc.pre(text !== '' && !text.startsWith('"'));
        expect(parseOne(`thought ${text}`)).toEqual({ do: 'thought', text });
      }),
    );
  });

  test('a script is found in any prompt', () => {
    const prose = fc.string().map((text) => text.replaceAll(/[`~]/g, ''));
    const content = fc.array(fc.string().map((text) => text.replaceAll(/[\r\n`]/g, '')));
    fc.assert(
      fc.property(prose, content, prose, (before, lines, after) => {
        const prompt = [before, '```kandev-script', ...lines, '```', after].join('\n');
        expect(findScript(prompt)).toBe(lines.join('\n'));
      }),
    );
  });

  test('durations and sizes mean what they say', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), (number) => {
        expect(parseDuration(`${number}ms`)).toBe(number);
        expect(parseDuration(`${number}s`)).toBe(number * 1000);
        expect(parseDuration(`${number}m`)).toBe(number * 60_000);
        expect(parseSize(`${number}B`)).toBe(number);
        expect(parseSize(`${number}KB`)).toBe(number * 1024);
        expect(parseSize(`${number}MB`)).toBe(number * 1024 ** 2);
      }),
    );
  });
});

test('the documentation shows every step, and each of its examples is one', async () => {
  const readme = await readFile(path.resolve(import.meta.dirname, '../../../agents/demo/README.md'), 'utf8');
  const table = readme.slice(readme.indexOf('| step'), readme.indexOf('## On the command line'));
  const examples = [...table.matchAll(/^\| `(.*?)` +\|/gm)].map(([, example = '']) =>
    example.replaceAll('\\|', '|'),
  );
  const shown = examples.map((example) => parseOne(example).do);
  expect(new Set(shown)).toEqual(new Set(stepNames));
});
