import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { describe, expect, it, test } from 'vitest';
import { commandsWithin, fitsText, fitsWords, plainWords } from '../../../src/model/shellCommand.ts';

describe('a command that is nothing but one program with its arguments', () => {
  test.each([
    ['npm test', ['npm', 'test']],
    ['  git\tcommit  -m "a message" ', ['git', 'commit', '-m', 'a message']],
    [`echo 'a;b && c' "d|e"`, ['echo', 'a;b && c', 'd|e']],
    [String.raw`find . -name \*.ts`, ['find', '.', '-name', '*.ts']],
    [String.raw`echo "a\b" "c\"d"`, ['echo', String.raw`a\b`, 'c"d']],
    ['echo ""', ['echo', '']],
    ['curl http://x/#top', ['curl', 'http://x/#top']],
  ])('%s', (command, words) => {
    expect(plainWords(command)).toEqual(words);
  });

  test.each([
    ['npm test; rm -rf .'],
    ['npm test && rm -rf .'],
    ['npm test & rm -rf .'],
    ['npm test || rm -rf .'],
    ['npm test | sh'],
    ['npm test\nrm -rf .'],
    ['npm test\r\nrm -rf .'],
    ['npm test $(rm -rf .)'],
    ['npm test "$(rm -rf .)"'],
    ['npm test `rm -rf .`'],
    ['npm test $HOME'],
    ['npm test > /etc/passwd'],
    ['npm test < secrets'],
    ['npm test <(rm x)'],
    ['(npm test)'],
    ['npm test "open'],
    ["npm test 'open"],
    ['npm test \\\nrm'],
    ['npm test \\'],
    ['npm test # rest'],
    ['npm test \0 rm'],
    [''],
    ['   '],
  ])('%j is none', (command) => {
    expect(plainWords(command)).toBeNull();
  });

  it('has the words that a shell gives to the program', () => {
    const word = fc.stringMatching(/^[ -~]{0,12}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (parts) => {
        const command = `printf '%s\\0' ${parts.join(' ')}`;
        const words = plainWords(command);
        // What a shell would make of names, home folders and braces is no second command.
        fc.pre(words !== null && !/[*?[\]{}~!%^=]/.test(parts.join('')));
        const printed = execFileSync('bash', ['--norc', '-c', command], { encoding: 'utf8' });
        const given = words.slice(2);
        expect(printed).toBe(given.length === 0 ? '\0' : given.map((each) => `${each}\0`).join(''));
      }),
      { numRuns: 60 },
    );
  });

  it('is none as soon as an operator stands outside of quotes, whatever stands around it', () => {
    const operator = fc.constantFrom(';', '&', '&&', '|', '||', '\n', '$(', '`', '>', '<', '(', ')');
    const plain = fc.stringMatching(/^[a-z][a-z -]{0,10}$/);
    fc.assert(
      fc.property(plain, operator, fc.string(), (before, between, after) => {
        expect(plainWords(`${before}${between}${after}`)).toBeNull();
      }),
    );
  });
});

describe('what is run within a command', () => {
  const runs = (command: string, program: string): boolean =>
    commandsWithin(command).some(([first]) => first === program);

  test.each([
    ['rm -rf .'],
    ['cd src && rm -rf .'],
    ['true; rm x'],
    ['echo $(rm x)'],
    ['echo "$(rm x)"'],
    ['echo `rm x`'],
    ['A=1 rm x'],
    ['sudo -n rm x'],
    ['env A=1 /bin/rm x'],
    ['find . | xargs rm'],
    ['bash -lc "cd src && rm x"'],
    ['sh -c \'sh -c "rm x"\''],
    ['eval rm x'],
    ['{ rm x; }'],
    ['! rm x'],
    ['cat <(rm x)'],
  ])('%s', (command) => {
    expect(runs(command, 'rm')).toBe(true);
  });

  test.each([['echo rm x'], ["git commit -m 'fix; rm x'"], ['npm run rm'], ['']])('not %s', (command) => {
    expect(runs(command, 'rm')).toBe(false);
  });
});

describe('the words of a pattern', () => {
  test.each([
    ['npm test', 'npm test', true],
    ['npm test', 'npm test --all', false],
    ['npm test *', 'npm test', true],
    ['npm test *', 'npm test --all x', true],
    ['npm test *', 'npm tests', false],
    ['npm run test:*', 'npm run test:unit', true],
    ['npm run test:*', 'npm run lint', false],
    ['git * status', 'git status', false],
    ['git * status', 'git -C status status', false],
    ['git * status', 'git x status', true],
    ['*', 'npm', true],
    ['*', 'npm test', true],
  ])('%s fits %s: %s', (pattern, command, fits) => {
    expect(fitsWords(command.split(' '), pattern.split(' '))).toBe(fits);
  });

  it('fits texts as the same pattern of a regular expression does', () => {
    const letters = fc.stringMatching(/^[ab*]{0,8}$/);
    fc.assert(
      fc.property(letters, letters, (pattern, raw) => {
        const text = raw.replaceAll('*', 'c');
        expect(fitsText(text, pattern)).toBe(new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text));
      }),
    );
  });
});
