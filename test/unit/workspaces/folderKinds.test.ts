import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalWorkspaces } from '../../../src/workspaces/localWorkspaces.ts';
import {
  commitFiles,
  gitIn,
  kinds,
  makeFixture,
  runIn,
  stateOf,
  untouchedState,
  write,
  type Fixture,
  type Run,
} from './fixture.ts';

let fixture: Fixture;
let workspaces: LocalWorkspaces;

beforeEach(async () => {
  fixture = await makeFixture();
  workspaces = await fixture.open();
});

afterEach(() => fixture.remove());

const run = (work: () => Promise<unknown>, folder = fixture.project): Promise<Run> =>
  runIn(workspaces, folder, work);

/** The run is rolled back, and the files are then what they were, byte for byte. */
async function expectRollBack({ request }: Run, files: Record<string, string>): Promise<void> {
  const outcome = await workspaces.rollBack(request.runId);
  expect(outcome).toMatchObject({ done: true, conflicts: [], kept: [] });
  expect(await stateOf(fixture.project)).toEqual(files);
}

describe('a run in a folder of any kind', () => {
  it('works before the first commit', async () => {
    await fixture.git('init', '--quiet');
    await write(fixture.project, { 'a.txt': 'one\n', 'staged.txt': 's\n' });
    await fixture.git('add', 'staged.txt');
    const before = await untouchedState(fixture);
    const files = await stateOf(fixture.project);
    const made = await run(async () => {
      expect(await untouchedState(fixture)).toEqual(before);
      await write(fixture.project, { 'a.txt': 'two\n', 'b.txt': 'b\n' });
    });
    expect(made.prepared.warnings).toEqual([]);
    expect(kinds(made.changes)).toEqual(['modified a.txt', 'added b.txt']);
    expect(await fixture.git('show', `refs/kandev/${made.request.runId}/before:a.txt`)).toBe('one');
    await expectRollBack(made, files);
    expect(await fixture.git('status', '--porcelain')).toBe('A  staged.txt\n?? a.txt');
  });

  it('works without git', async () => {
    await write(fixture.project, { 'a.txt': 'one\n', 'x/y': 'z', '.gitignore': 'ignored\n', ignored: 'i' });
    const files = await stateOf(fixture.project);
    const made = await run(async () => {
      await write(fixture.project, { 'a.txt': 'two\n', 'x/new': 'n' });
      await rm(path.join(fixture.project, 'x/y'));
    });
    expect(kinds(made.changes)).toEqual(['modified a.txt', 'added x/new', 'deleted x/y']);
    expect(made.changes.warnings).toEqual([]);
    await expectRollBack(made, files);
  });

  it('brings files back byte for byte, whatever git makes of line ends', async () => {
    await fixture.git('init', '--quiet');
    await fixture.git('config', 'core.autocrlf', 'true');
    await write(fixture.project, {
      '.gitattributes':
        '*.crlf text eol=crlf\n*.id ident\n*.wide working-tree-encoding=UTF-16LE-BOM\n*.bin binary\n',
      'a.txt': 'one\r\ntwo\r\n',
      'mixed.txt': 'one\r\ntwo\nthree\r\n',
      'b.crlf': 'x\r\ny\n',
      'c.id': '$Id$ $Id: 0123 $\n',
      'd.wide': Buffer.from('\ufeffwide\r\n', 'utf16le'),
      'e.bin': Buffer.from([0, 13, 10, 255]),
    });
    await fixture.git('add', '--all');
    await fixture.git('commit', '--quiet', '--message', 'First');
    const files = await stateOf(fixture.project);
    const made = await run(async () => {
      for (const name of ['a.txt', 'mixed.txt', 'b.crlf', 'c.id', 'e.bin']) {
        await write(fixture.project, { [name]: 'changed\n' });
      }
      await rm(path.join(fixture.project, 'd.wide'));
    });
    // The commit is what git itself would commit: nothing but the end of the run differs from HEAD.
    expect(await fixture.git('diff', '--name-only', 'HEAD', `refs/kandev/${made.request.runId}/before`)).toBe(
      '',
    );
    expect(made.prepared.warnings).toEqual([]);
    await expectRollBack(made, files);
    expect(await fixture.git('status', '--porcelain')).toBe('');
  });

  it('takes the files of submodules along, and leaves the submodules as they are', async () => {
    const library = path.join(fixture.folder, 'library');
    await write(library, { 'lib.txt': 'lib\n' });
    for (const args of [
      ['init', '-q'],
      ['add', '-A'],
      ['commit', '-qm', 'l'],
    ]) {
      await gitIn(library, fixture.environment, ...args);
    }
    await commitFiles(fixture, { 'a.txt': 'one\n' });
    await fixture.git('submodule', '--quiet', 'add', library, 'vendor/library');
    await fixture.git('commit', '--quiet', '--message', 'Submodule');
    await write(fixture.project, { 'vendor/library/lib.txt': 'not committed\n', 'vendor/library/new': 'n' });
    const inside = path.join(fixture.project, 'vendor/library');
    const head = await gitIn(inside, fixture.environment, 'rev-parse', 'HEAD');
    const files = await stateOf(fixture.project);
    const before = await untouchedState(fixture);
    const made = await run(async () => {
      expect(await untouchedState(fixture)).toEqual(before);
      await write(fixture.project, { 'vendor/library/lib.txt': 'agent\n', 'a.txt': 'two\n' });
      await rm(path.join(inside, 'new'));
    });
    expect(made.prepared.warnings).toEqual([]);
    expect(kinds(made.changes)).toEqual([
      'modified a.txt',
      'modified vendor/library/lib.txt',
      'deleted vendor/library/new',
    ]);
    const ref = `refs/kandev/${made.request.runId}/after`;
    expect(await fixture.git('ls-tree', ref, 'vendor/')).toContain(`160000 commit ${head}`);
    await expectRollBack(made, files);
    expect(await gitIn(inside, fixture.environment, 'status', '--porcelain')).toBe(' M lib.txt\n?? new');
  });

  it('takes the files of a repository that the agent makes, even one without commits', async () => {
    await commitFiles(fixture, { 'a.txt': 'one\n' });
    const files = await stateOf(fixture.project);
    const made = await run(async () => {
      await write(fixture.project, { 'app/package.json': '{}\n', 'app/src/index.js': 'x\n' });
      await gitIn(path.join(fixture.project, 'app'), fixture.environment, 'init', '-q');
    });
    expect(kinds(made.changes)).toEqual(['added app/package.json', 'added app/src/index.js']);
    expect(made.changes.warnings).toEqual([]);
    await expectRollBack(made, files);
  });

  it('does not take what a sparse checkout leaves out for deleted', async () => {
    await commitFiles(fixture, { 'in/a.txt': 'a\n', 'out/b.txt': 'b\n', top: 't\n' });
    await fixture.git('sparse-checkout', 'set', 'in');
    const before = await untouchedState(fixture);
    const files = await stateOf(fixture.project);
    const made = await run(async () => {
      expect(await untouchedState(fixture)).toEqual(before);
      await write(fixture.project, { 'in/a.txt': 'changed\n', 'in/new': 'n\n' });
    });
    expect(kinds(made.changes)).toEqual(['modified in/a.txt', 'added in/new']);
    const ref = `refs/kandev/${made.request.runId}`;
    expect(await fixture.git('diff', '--name-only', 'HEAD', `${ref}/before`)).toBe('');
    expect(await fixture.git('diff', '--name-only', 'HEAD', `${ref}/after`)).toBe('in/a.txt\nin/new');
    await expectRollBack(made, files);
    expect(await fixture.git('status', '--porcelain')).toBe('');
  });

  it('works with a split index', async () => {
    await commitFiles(fixture, { a: '1\n', b: '2\n' });
    await fixture.git('update-index', '--split-index');
    await write(fixture.project, { a: 'changed\n' });
    await fixture.git('add', 'a');
    const before = await untouchedState(fixture);
    const made = await run(async () => {
      expect(await untouchedState(fixture)).toEqual(before);
      await write(fixture.project, { b: 'changed\n' });
    });
    expect(made.prepared.warnings).toEqual([]);
    expect(await fixture.git('show', `refs/kandev/${made.request.runId}/after:b`)).toBe('changed');
  });

  it('works in a folder below the top, and sees nothing of the rest', async () => {
    await commitFiles(fixture, {
      'packages/one/a.txt': 'a\n',
      'packages/two/b.txt': 'b\n',
      '.gitignore': '*.log\n',
    });
    await write(fixture.project, { 'packages/one/x.log': 'ignored from above\n' });
    const folder = path.join(fixture.project, 'packages/one');
    const files = await stateOf(fixture.project);
    const made = await run(async () => {
      await write(fixture.project, { 'packages/one/a.txt': 'agent\n', 'packages/one/n/new': 'n\n' });
    }, folder);
    expect(made.prepared.root).toBe(folder);
    expect(kinds(made.changes)).toEqual(['modified a.txt', 'added n/new']);
    const bytes = await workspaces.fileAt({ runId: made.request.runId }, 'before', 'a.txt');
    expect(bytes && Buffer.from(bytes).toString()).toBe('a\n');
    const ref = `refs/kandev/${made.request.runId}/after`;
    expect(await fixture.git('show', `${ref}:packages/two/b.txt`)).toBe('b');
    await write(fixture.project, { 'packages/two/b.txt': 'by the user\n' });
    const outcome = await workspaces.rollBack(made.request.runId);
    expect(outcome).toMatchObject({ done: true, paths: ['a.txt', 'n/new'] });
    const { 'packages/two/b.txt': _, ...others } = await stateOf(fixture.project);
    const { 'packages/two/b.txt': __, ...expected } = files;
    expect(others).toEqual(expected);
    expect(await readFile(path.join(fixture.project, 'packages/two/b.txt'), 'utf8')).toBe('by the user\n');
  });

  it('works in a worktree, where .git is a file', async () => {
    await commitFiles(fixture, { a: '1\n' });
    const tree = path.join(fixture.folder, 'tree');
    await fixture.git('worktree', 'add', '--quiet', '-b', 'side', tree);
    await write(tree, { a: 'not committed\n' });
    const made = await run(() => write(tree, { a: 'agent\n', b: 'new\n' }), tree);
    expect(made.prepared.warnings).toEqual([]);
    expect(kinds(made.changes)).toEqual(['modified a', 'added b']);
    expect(await fixture.git('show', `refs/kandev/${made.request.runId}/before:a`)).toBe('not committed');
    await workspaces.rollBack(made.request.runId);
    expect(await readFile(path.join(tree, 'a'), 'utf8')).toBe('not committed\n');
    expect(await gitIn(tree, fixture.environment, 'status', '--porcelain')).toBe(' M a');
  });

  it('works in a repository with SHA-256', async () => {
    await fixture.git('init', '--quiet', '--object-format=sha256');
    await write(fixture.project, { a: '1\n' });
    await fixture.git('add', '-A');
    await fixture.git('commit', '-qm', 'one');
    const files = await stateOf(fixture.project);
    const made = await run(() => write(fixture.project, { a: '2\n', b: 'n\n' }));
    expect([...made.prepared.warnings, ...made.changes.warnings]).toEqual([]);
    expect(await fixture.git('show', `refs/kandev/${made.request.runId}/after:a`)).toBe('2');
    await expectRollBack(made, files);
  });

  it('works while the user is in the middle of a merge', async () => {
    await commitFiles(fixture, { a: 'base\n' });
    await fixture.git('checkout', '-q', '-b', 'other');
    await write(fixture.project, { a: 'theirs\n' });
    await fixture.git('commit', '-qam', 'theirs');
    await fixture.git('checkout', '-q', 'main');
    await write(fixture.project, { a: 'ours\n' });
    await fixture.git('commit', '-qam', 'ours');
    await fixture.git('merge', 'other').catch(() => undefined);
    const before = await untouchedState(fixture);
    const files = await stateOf(fixture.project);
    const made = await run(async () => {
      expect(await untouchedState(fixture)).toEqual(before);
      await write(fixture.project, { a: 'agent\n' });
    });
    expect(made.prepared.warnings).toEqual([]);
    await expectRollBack(made, files);
    expect(await fixture.git('status', '--porcelain')).toBe('UU a');
  });

  it('knows files that are tracked although they are ignored, and leaves the other ignored ones out', async () => {
    await fixture.git('init', '--quiet');
    await write(fixture.project, {
      '.gitignore': '*.gen\nbuild/\n',
      'kept.gen': 'kept\n',
      'build/x': 'x',
      a: '1\n',
    });
    await fixture.git('add', '-A');
    await fixture.git('add', '-f', 'kept.gen');
    await fixture.git('commit', '-qm', 'one');
    const made = await run(() =>
      write(fixture.project, { 'kept.gen': 'agent\n', 'build/x': 'agent', 'build/new': 'n' }),
    );
    expect(kinds(made.changes)).toEqual(['modified kept.gen']);
    await workspaces.rollBack(made.request.runId);
    expect(await readFile(path.join(fixture.project, 'kept.gen'), 'utf8')).toBe('kept\n');
  });

  it('knows the ignored files of the user and of info/exclude', async () => {
    await commitFiles(fixture, { a: '1\n' });
    await write(fixture.project, { '.git/info/exclude': 'mine.txt\n' });
    await write(path.join(fixture.folder, 'home'), { '.config/git/ignore': '.DS_Store\n' });
    const made = await run(() => write(fixture.project, { 'mine.txt': 'x', '.DS_Store': 'x', b: 'x' }));
    expect(kinds(made.changes)).toEqual(['added b']);
  });

  it('does not lose sight of a file that the agent makes ignored', async () => {
    await commitFiles(fixture, { a: '1\n' });
    await write(fixture.project, { 'notes.txt': 'mine\n' });
    const files = await stateOf(fixture.project);
    const made = await run(() =>
      write(fixture.project, {
        '.gitignore': 'notes.txt\n',
        'notes.txt': 'gone\n',
        '.git/info/exclude': 'hidden.txt\n',
        'hidden.txt': 'hidden\n',
      }),
    );
    expect(kinds(made.changes)).toEqual(['added .gitignore', 'added hidden.txt', 'modified notes.txt']);
    await expectRollBack(made, files);
  });

  it('never removes files that were ignored before the run', async () => {
    await commitFiles(fixture, { '.gitignore': '.env\nmodules/\n' });
    await write(fixture.project, { '.env': 'SECRET=1\n', 'modules/m/index.js': 'm\n' });
    const files = await stateOf(fixture.project);
    const made = await run(() => write(fixture.project, { '.gitignore': '', 'new.txt': 'n\n' }));
    const outcome = await workspaces.rollBack(made.request.runId);
    expect(outcome).toMatchObject({ done: true, kept: ['.env', 'modules/m/index.js'], conflicts: [] });
    expect(await stateOf(fixture.project)).toEqual(files);
  });
});
