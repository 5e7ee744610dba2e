import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalWorkspaces } from '../../../src/workspaces/localWorkspaces.ts';
import { attacks, type Attack, type Victim } from './attacks.ts';
import { commitFiles, gitIn, makeFixture, makeProgram, requestFor, write, type Fixture } from './fixture.ts';

let fixture: Fixture;
let workspaces: LocalWorkspaces;
let mark: string;
let victim: Victim;

beforeEach(async () => {
  fixture = await makeFixture();
  workspaces = await fixture.open();
  const lair = path.join(fixture.folder, 'lair');
  await mkdir(lair);
  mark = path.join(fixture.folder, 'mark');
  const command = `touch '${mark}'`;
  const program = path.join(lair, 'program');
  await makeProgram(program, `#!/bin/sh\n${command}\ntest -t 0 || cat\n`);
  const failing = path.join(lair, 'failing');
  await makeProgram(failing, `#!/bin/sh\n${command}\nexit 1\n`);
  victim = { root: fixture.project, lair, environment: fixture.environment, command, program, failing };
  await commitFiles(fixture, { 'a.txt': '1\n', 'b.txt': '1\n', 'src/c.txt': '1\n' });
});

afterEach(() => fixture.remove());

const text = (file: string): Promise<string> => readFile(path.join(fixture.project, file), 'utf8');

describe('an attack on plain git', () => {
  it.each(attacks)('runs code by $name', async (attack) => {
    await attack.plant(victim);
    await attack.provoke(victim);
    expect(existsSync(mark)).toBe(true);
  });
});

/** All that go together at once, where time is short. */
const together = process.env.KANDEV_STRESS === '1' ? [] : attacks.filter(({ isAlone }) => isAlone !== true);
const batches = [
  together,
  ...attacks.filter((attack) => !together.includes(attack)).map((attack) => [attack]),
]
  .filter((batch) => batch.length > 0)
  .map((batch) => ({ name: batch.map(({ name }) => name).join(', '), batch }));

async function plantAll(batch: readonly Attack[], on: Victim): Promise<void> {
  for (const attack of batch) await attack.plant(on);
  await rm(mark, { force: true });
}

describe.each(batches)('$name', ({ batch }) => {
  it('runs none when Kandev looks at the folder, rolls it back, commits and makes a branch', async () => {
    const request = requestFor({ kind: 'folder', folder: fixture.project });
    await workspaces.prepare(request);
    await write(fixture.project, { 'a.txt': 'agent\n', 'new.txt': 'agent\n' });
    await plantAll(batch, victim);
    const { files } = await workspaces.finish(request.runId);
    expect(files.map((file) => file.path)).toEqual(expect.arrayContaining(['a.txt', 'new.txt']));
    const back = await workspaces.rollBack(request.runId, { branch: 'keep', conflicts: 'keep' });
    expect(back.done).toBe(true);
    expect(await text('a.txt')).toBe('1\n');
    await workspaces.undo(back.undoId ?? '', { branch: 'keep', conflicts: 'keep' });
    expect(await text('a.txt')).toBe('agent\n');
    // Some attacks break the repository, or put another into its place: then this is refused.
    await workspaces.createBranch({ runId: request.runId }, 'made', 'By Kandev').catch(() => undefined);
    await workspaces.commit({ runId: request.runId }, 'By Kandev').catch(() => undefined);
    await workspaces.prepare({ ...request, runId: `${request.runId}-again` });
    expect(existsSync(mark)).toBe(false);
  });

  it('runs none when the result of a clone is taken', async () => {
    const request = requestFor({
      kind: 'clone',
      folder: fixture.project,
      branch: null,
      includeUncommitted: true,
    });
    const { root } = await workspaces.prepare(request);
    await write(root, { 'a.txt': 'agent\n', 'new.txt': 'agent\n' });
    await gitIn(root, fixture.environment, 'commit', '--quiet', '--all', '--message', 'By the agent');
    await write(root, { 'b.txt': 'agent\n' });
    await write(fixture.project, { 'src/c.txt': 'by the user\n' });
    await fixture.git('commit', '--quiet', '--all', '--message', 'By the user');
    await plantAll(batch, { ...victim, root });
    await workspaces.finish(request.runId);
    await workspaces.diskUse();
    const applied = await workspaces.apply(request.workspaceId);
    expect(applied).toMatchObject({ done: true, conflicts: [] });
    expect([await text('a.txt'), await text('b.txt')]).toEqual(['agent\n', 'agent\n']);
    await workspaces.undo(applied.undoId ?? '');
    expect(await text('a.txt')).toBe('1\n');
    expect(await workspaces.merge(request.workspaceId, 'By Kandev')).toMatchObject({ result: 'merged' });
    expect([await text('a.txt'), await text('src/c.txt')]).toEqual(['agent\n', 'by the user\n']);
    await workspaces.discard(request.workspaceId);
    await workspaces.prepare({ ...request, runId: `${request.runId}-again` });
    expect(existsSync(mark)).toBe(false);
  });
});
