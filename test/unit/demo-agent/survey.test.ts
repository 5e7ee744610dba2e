import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  describeFindings,
  formatBytes,
  renderDetails,
  renderOverview,
} from '../../../agents/demo/overview.ts';
import { readFolder, shorten, survey, taskWords, type SourceFile } from '../../../agents/demo/survey.ts';
import { languageOf } from '../../../agents/demo/languages.ts';
import { temporaryFolder } from './agentProcess.ts';

function file(name: string, text: string): SourceFile {
  return {
    path: name,
    bytes: Buffer.byteLength(text),
    language: languageOf(path.posix.basename(name)),
    text,
  };
}

function surveyOf(files: Record<string, string>, task = '') {
  const contents = Object.entries(files).map(([name, text]) => file(name, text));
  return survey({ files: contents, truncated: false }, task);
}

describe('reading a folder', () => {
  test('leaves out what is built, downloaded, hidden, linked or its own', async () => {
    await using folder = await temporaryFolder();
    const files = [
      'a.ts',
      'src/b.ts',
      'node_modules/c.js',
      'src/dist/d.js',
      '.git/config',
      '.secrets/e.ts',
      'KANDEV-OVERVIEW.md',
      'KANDEV-OVERVIEW-2.md',
    ];
    for (const name of files) {
      await mkdir(path.join(folder.path, path.dirname(name)), { recursive: true });
      await writeFile(path.join(folder.path, name), 'text\n');
    }
    await symlink('/etc', path.join(folder.path, 'link'));
    await symlink('a.ts', path.join(folder.path, 'link.ts'));
    const { files: found, truncated } = await readFolder(folder.path, new AbortController().signal);
    expect(found.map((each) => each.path)).toEqual(['a.ts', 'src/b.ts']);
    expect(truncated).toBe(false);
  });

  test('counts but does not read what may be secret, binary or large', async () => {
    await using folder = await temporaryFolder();
    await writeFile(path.join(folder.path, '.env.ts'), 'TOKEN=1');
    await writeFile(path.join(folder.path, 'key.pem'), 'KEY');
    await writeFile(path.join(folder.path, 'large.ts'), Buffer.alloc(512 * 1024 + 1, 'x'));
    const { files } = await readFolder(folder.path, new AbortController().signal);
    expect(files.map(({ path: name, bytes, text }) => [name, bytes, text])).toEqual([
      ['.env.ts', 7, undefined],
      ['key.pem', 3, undefined],
      ['large.ts', 512 * 1024 + 1, undefined],
    ]);
  });

  test('stops when it is aborted', async () => {
    await using folder = await temporaryFolder();
    await writeFile(path.join(folder.path, 'a.ts'), '');
    await expect(readFolder(folder.path, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });
});

describe('the survey', () => {
  test('counts languages by lines', () => {
    const { languages } = surveyOf({ 'a.ts': '1\n2\n3\n', 'b.mts': '1', 'c.py': '1\n2\n', 'd.bin': '' });
    expect(languages).toEqual([
      { name: 'TypeScript', files: 2, lines: 4, bytes: 7 },
      { name: 'Python', files: 1, lines: 2, bytes: 4 },
    ]);
  });

  test('is mostly code where there is code, however long the prose', () => {
    const found = surveyOf({ 'README.md': '1\n2\n3\n4\n', 'main.go': 'package main\n// TODO: all of it\n' });
    expect(describeFindings(found)).toBe('2 files, 40 bytes, mostly Go, 1 TODO comment');
    expect(describeFindings(surveyOf({}))).toBe('0 files, 0 bytes, 0 TODO comments');
  });

  test('finds TODO comments and not the word', () => {
    const { todos } = surveyOf({
      'a.ts': 'x\n/* TODO: this */\nconst TODOS = 1;\n  # FIXME(me) that  \n// TODO\ncase "TODO: x":\n',
      'notes.md': 'TODO: prose\n',
    });
    expect(todos).toEqual([
      { path: 'a.ts', line: 2, text: 'TODO: this' },
      { path: 'a.ts', line: 4, text: 'FIXME(me) that' },
    ]);
  });

  test('finds entry points, scripts and tests', () => {
    const found = surveyOf({
      'README.md': '',
      'package.json': '{"scripts": {"build": "tsc", "odd": 1}}',
      'src/main.ts': '',
      'src/deep/main.ts': '',
      'test/a.ts': '',
      'src/b.test.ts': '',
    });
    expect(found.entryPoints.map((each) => each.path)).toEqual(['README.md', 'package.json', 'src/main.ts']);
    expect(found.scripts).toEqual([{ name: 'build', command: 'tsc' }]);
    expect(found.tests).toEqual(['test/a.ts', 'src/b.test.ts']);
  });

  test.each(['', 'no JSON', '[]', '5', 'null', '{"scripts": null}', '{"scripts": "x"}'])(
    'a package.json of %j has no scripts',
    (text) => {
      expect(surveyOf({ 'package.json': text }).scripts).toEqual([]);
    },
  );

  test('puts the files first that the task is about', () => {
    const { related } = surveyOf(
      { 'a.ts': 'session', 'login.ts': '', 'b.ts': 'login session', 'c.ts': 'other' },
      'Please fix the Login when the session ends',
    );
    expect(related).toEqual([
      { path: 'login.ts', words: ['login'] },
      { path: 'b.ts', words: ['login', 'session'] },
      { path: 'a.ts', words: ['session'] },
    ]);
  });

  test('searches for the words of a task that say something', () => {
    expect(taskWords('Please make the Größe of buttons, and the BUTTONS, a-b right')).toEqual([
      'größe',
      'buttons',
      'right',
    ]);
  });
});

describe('the overview', () => {
  const found = surveyOf(
    { 'src/a|b.ts': '// TODO: use `this`\n', 'package.json': '{"scripts": {"test": "a | b"}}' },
    'Fix',
  );

  test('holds the task as a quotation, whatever is in it', () => {
    const text = renderOverview('shop', 'Fix\n\n# Not a heading', found);
    expect(text.startsWith('# shop: an overview\n')).toBe(true);
    expect(text).toContain('> Fix\n>\n> # Not a heading\n');
  });

  test('is valid Markdown around odd names and code', () => {
    const text = renderOverview('shop', 'Fix', found);
    expect(text).toContain('| `src/a\\|b.ts` | 20 bytes | 1 |');
    expect(text).toContain('- `src/a|b.ts:1` `` TODO: use `this` ``');
  });

  test('leaves out what there is none of', () => {
    const text = renderOverview('empty', 'Fix', surveyOf({}));
    expect(text.match(/^## .*$/gm)).toEqual(['## The task', '## Where to start', '## At a glance']);
    expect(text).not.toMatch(/\n\n\n|undefined|NaN/);
  });

  test('details name folders and tests', () => {
    const text = renderDetails('More', surveyOf({ 'test/a.ts': '', 'src/x/y/b.ts': '' }));
    expect(text).toContain('| `src/x` | 1 | 0 bytes |');
    expect(text).toContain('1 file looks like a test by name:\n\n- `test/a.ts`');
    expect(text).toContain('There are no TODO comments.');
  });

  test('sizes are short', () => {
    expect([0, 1023, 1024, 1536, 1024 ** 2 * 2.5].map(formatBytes)).toEqual([
      '0 bytes',
      '1023 bytes',
      '1.0 KB',
      '1.5 KB',
      '2.5 MB',
    ]);
  });

  test('shortening keeps characters whole and says that it cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 20 }), (text, length) => {
        const short = shorten(text, length);
        expect(Array.from(short).length).toBeLessThanOrEqual(length);
        expect(text.trim().startsWith(short.replace(/…$/, ''))).toBe(true);
        expect(short).not.toMatch(/[\uD800-\uDBFF]…$/);
        if (short !== text.trim()) expect(short.endsWith('…')).toBe(true);
      }),
    );
  });
});
