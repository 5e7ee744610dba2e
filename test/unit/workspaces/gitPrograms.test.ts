import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { newGitPrograms } from '../../../src/workspaces/gitPrograms.ts';
import { commitFiles, makeFixture, runIn, write, type Fixture } from './fixture.ts';

let fixture: Fixture;

beforeEach(async () => {
  fixture = await makeFixture();
});

afterEach(() => fixture.remove());

it('names only the first of many', () => {
  const after = Object.fromEntries(Array.from({ length: 12 }, (_none, n) => [`r${n}/.git/commondir`, 'x']));
  expect(newGitPrograms({}, after, '/f')).toContain('r9/.git/commondir and 2 more.');
  expect(newGitPrograms(after, after, '/f')).toBeNull();
  expect(newGitPrograms(after, { ...after, 'r1/.git/commondir': 'y' }, '/f')).toContain('r1/');
});

it('tells of a .git that is a link out of the folder, and of hooks by a link', async () => {
  await commitFiles(fixture, { 'a.txt': '1\n' });
  const elsewhere = path.join(fixture.folder, 'elsewhere');
  await mkdir(elsewhere);
  const workspaces = await fixture.open();
  const { changes } = await runIn(workspaces, fixture.project, async () => {
    await mkdir(path.join(fixture.project, 'linked'));
    await symlink(elsewhere, path.join(fixture.project, 'linked', '.git'));
    await write(fixture.project, { 'other/.git/HEAD': 'ref: refs/heads/main\n' });
    await mkdir(path.join(fixture.project, 'other/.git/hooks'));
    await symlink('/bin/true', path.join(fixture.project, 'other/.git/hooks/pre-commit'));
  });
  expect(changes.warnings.join('\n')).toContain(`linked/.git leads to ${elsewhere}`);
  expect(changes.warnings.join('\n')).toContain('other/.git/hooks/pre-commit');
});

it('says nothing of a submodule that was there, nor of a clone made as anybody would', async () => {
  await commitFiles(fixture, { 'a.txt': '1\n' });
  await fixture.git('clone', '--quiet', fixture.project, `${fixture.folder}/origin`);
  await fixture.git('submodule', '--quiet', 'add', `${fixture.folder}/origin`, 'module');
  const workspaces = await fixture.open();
  const { changes } = await runIn(workspaces, fixture.project, async () => {
    await fixture.git('clone', '--quiet', `${fixture.folder}/origin`, 'vendor');
  });
  expect(changes.warnings).toEqual([]);
});
