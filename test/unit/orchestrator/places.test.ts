import { execFile } from 'node:child_process';
import { access, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CommandInput } from '../../../src/api/contract.ts';
import type { CardView } from '../../../src/model/cardView.ts';
import { startServices, type TestServices } from '../../harness/services.ts';

let services: TestServices;

beforeEach(async () => {
  services = await startServices();
});

afterEach(async () => {
  await services.close();
});

const inState = (state: string) => (card: CardView) => card.task.state === state;

async function git(...args: string[]): Promise<string> {
  const identity = ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.com'];
  const { stdout } = await promisify(execFile)('git', [...identity, ...args], { cwd: services.folder });
  return stdout;
}

/** A repository with a commit, a change that is not committed, a file that is ignored, and one that is new. */
async function makeRepository(): Promise<void> {
  await git('init', '--quiet', '--initial-branch=main');
  await writeFile(join(services.folder, '.gitignore'), '.env\n');
  await writeFile(join(services.folder, 'kept.txt'), 'one\n');
  await git('add', '-A');
  await git('commit', '--quiet', '-m', 'First');
  await writeFile(join(services.folder, 'kept.txt'), 'one\ntwo\n');
  await writeFile(join(services.folder, 'new.txt'), 'new\n');
  await writeFile(join(services.folder, '.env'), 'SECRET=1\n');
}

type Place = Partial<CommandInput<'task.create'>>;

async function card(place: Place, script: readonly string[]): Promise<string> {
  const description = ['```kandev-script', ...script, '```'].join('\n');
  const { id } = await services.kandev.execute('task.create', {
    title: 'Fix the login',
    description,
    agentTypeId: 'demo',
    ...place,
  });
  return id;
}

const start = (taskId: string) => services.kandev.execute('task.start', { taskId });

async function run(place: Place, script: readonly string[]): Promise<CardView> {
  const taskId = await card(place, script);
  await start(taskId);
  return services.until(taskId, ({ task }) => task.state === 'REVIEW' || task.state === 'FAILED');
}

const exists = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

describe('a card that works in a clone', () => {
  beforeEach(makeRepository);

  it('changes its clone and nothing in the folder, and begins with what is not committed', async () => {
    const before = await git('status', '--porcelain=v2', '--branch');
    const { run: done } = await run({ workspaceMode: 'clone' }, ['write made.md "# Made\\n"']);
    const root = done?.workspace?.root ?? '';
    expect(done?.workspace).toMatchObject({ kind: 'clone', workingFolder: root });
    expect(done?.workspace?.branch).toMatch(/^kandev\/fix-the-login-/);
    expect(done?.changes).toEqual({ files: 1, added: 1, removed: 0 });
    expect(await readFile(join(root, 'made.md'), 'utf8')).toBe('# Made\n');
    expect(await readFile(join(root, 'new.txt'), 'utf8')).toBe('new\n');
    expect(await readFile(join(root, 'kept.txt'), 'utf8')).toBe('one\ntwo\n');
    expect(await exists(join(services.folder, 'made.md'))).toBe(false);
    expect(await git('status', '--porcelain=v2', '--branch')).toBe(before);
  });

  it('begins with the last commit where it is told to', async () => {
    const { run: done } = await run({ workspaceMode: 'clone', includeUncommitted: false }, ['message Hello']);
    const root = done?.workspace?.root ?? '';
    expect(await readFile(join(root, 'kept.txt'), 'utf8')).toBe('one\n');
    expect(await exists(join(root, 'new.txt'))).toBe(false);
  });

  it('begins with a branch of its own choice, and says so when there is none', async () => {
    await git('branch', 'other');
    const { run: done } = await run({ workspaceMode: 'clone', branch: 'other' }, ['message Hello']);
    expect(await readFile(join(done?.workspace?.root ?? '', 'kept.txt'), 'utf8')).toBe('one\n');
    const { run: failed } = await run({ workspaceMode: 'clone', branch: 'no-such' }, ['message Hello']);
    expect(failed?.failure?.message).toContain('There is no branch no-such');
  });

  it('gets the files that the settings name, and has its setup script run once', async () => {
    services.settings.workspace = {
      setupScript: 'echo getting ready; grep -c SECRET .env; echo set up >> .git/setup-runs',
      setupLimitSeconds: 20,
      copyFiles: ['.env'],
      exclude: [],
    };
    const { run: done, task } = await run({ workspaceMode: 'clone' }, ['message Hello']);
    const root = done?.workspace?.root ?? '';
    expect(await readFile(join(root, '.env'), 'utf8')).toBe('SECRET=1\n');
    expect(services.log.lines).toContain('info setup: getting ready');
    expect(services.log.lines).toContain('info setup: 1');
    await start(task.id);
    await services.until(
      task.id,
      ({ run: next, task: now }) => next?.id !== done?.id && now.state === 'REVIEW',
    );
    expect(await readFile(join(root, '.git', 'setup-runs'), 'utf8')).toBe('set up\n');
  });

  it('fails in plain words, with one action, when its setup script does', async () => {
    services.settings.workspace.setupScript = 'echo no such registry >&2; echo giving up; exit 3';
    const { run: failed } = await run({ workspaceMode: 'clone' }, ['message Hello']);
    expect(failed?.failure).toMatchObject({
      reason: 'setup-failed',
      message: 'The setup script ended with exit code 3. It last said: giving up',
      action: { kind: 'openSetting', setting: 'kandev.workspace.setupScript' },
    });
  });

  it('is told of a setup script that takes too long', async () => {
    services.settings.workspace = {
      ...services.settings.workspace,
      setupScript: 'exec sleep 60',
      setupLimitSeconds: 1,
    };
    const { run: failed } = await run({ workspaceMode: 'clone' }, ['message Hello']);
    expect(failed?.failure?.message).toBe('The setup script took longer than 1 seconds, and was ended.');
  });

  it('works beside others, each in its own', async () => {
    const places = Array.from({ length: 3 }, () =>
      card({ workspaceMode: 'clone' }, ['write a.md "x\\n"', 'permission "Go on"']),
    );
    const taskIds = await Promise.all(places);
    for (const taskId of taskIds) await start(taskId);
    const cards = await Promise.all(
      taskIds.map((taskId) => services.until(taskId, ({ permissions }) => permissions.length > 0)),
    );
    const roots = new Set(cards.map(({ run: each }) => each?.workspace?.root));
    expect(roots.size).toBe(3);
    for (const root of roots) expect(await readFile(join(root ?? '', 'a.md'), 'utf8')).toBe('x\n');
  });

  it('keeps its workspace when the card is deleted, and another place is refused, while its work is not taken', async () => {
    const { task, run: done } = await run({ workspaceMode: 'clone' }, ['write made.md "# Made\\n"']);
    expect(await services.kandev.query('workspace.work', { taskId: task.id })).toBe('untaken');
    await expect(
      services.kandev.execute('task.update', { taskId: task.id, workspaceMode: 'folder' }),
    ).rejects.toMatchObject({ failure: { message: expect.stringContaining('nobody has taken') as string } });
    await services.kandev.execute('task.delete', { taskId: task.id });
    expect(await services.kandev.execute('workspaces.clear', {})).toEqual([]);
    expect(await exists(join(done?.workspace?.root ?? '', 'made.md'))).toBe(true);
    const { entries } = await services.kandev.query('workspaces', {});
    expect(entries).toMatchObject([
      {
        taskId: task.id,
        title: 'Fix the login',
        state: 'DELETED',
        kind: 'clone',
        work: 'untaken',
        held: { files: 1, added: 1, removed: 0 },
        inUse: false,
      },
    ]);
    expect(entries[0]?.bytes).toBeGreaterThan(0);
    expect(Math.abs(Date.now() - (entries[0]?.held?.at ?? 0))).toBeLessThan(60_000);
  });

  it('lets go of its workspace when nothing was done in it', async () => {
    const { task, run: done } = await run({ workspaceMode: 'clone' }, ['message Hello']);
    const root = done?.workspace?.root ?? '';
    expect(await services.kandev.query('workspace.work', { taskId: task.id })).toBe('none');
    const updated = await services.kandev.execute('task.update', {
      taskId: task.id,
      workspaceMode: 'folder',
    });
    expect(updated.workspaceMode).toBe('folder');
    expect(await exists(root)).toBe(false);
    await start(task.id);
    const again = await services.until(
      task.id,
      (next) => next.run?.id !== done?.id && next.task.state === 'REVIEW',
    );
    expect(again.run?.workspace?.root).toBe(services.folder);
  });

  it('is cleared away once the agent is gone and there is nothing to take', async () => {
    const { task, run: done } = await run({ workspaceMode: 'clone' }, ['message Hello']);
    expect(await services.kandev.execute('workspaces.clear', {})).toEqual([]);
    await services.kandev.execute('task.stop', { taskId: task.id });
    expect(await services.kandev.execute('workspaces.clear', {})).toEqual([task.id]);
    expect(await exists(done?.workspace?.root ?? '')).toBe(false);
  });
});

describe('a card that works in a copy', () => {
  it('of a folder without git changes nothing in the folder', async () => {
    await mkdir(join(services.folder, 'a b, ü:c'));
    await writeFile(join(services.folder, 'a b, ü:c', 'x.txt'), 'x\n');
    const { run: done } = await run({ workspaceMode: 'copy' }, ['write "made.md" "# Made\\n"']);
    const root = done?.workspace?.root ?? '';
    expect(done?.workspace).toMatchObject({ kind: 'copy', branch: null });
    expect(await readFile(join(root, 'a b, ü:c', 'x.txt'), 'utf8')).toBe('x\n');
    expect(await exists(join(root, 'made.md'))).toBe(true);
    expect(await readdir(services.folder)).toEqual(['a b, ü:c']);
  });

  it('says so when it was to be a clone', async () => {
    const { run: failed } = await run({ workspaceMode: 'clone' }, ['message Hello']);
    expect(failed?.failure?.message).toMatch(/is not in a git repository.*Let the card work in a copy/);
  });
});

describe('a card that works on a repository from elsewhere', () => {
  it('gets a clone of it, on its branch', async () => {
    await makeRepository();
    const origin = join(services.wireFolder, '..', 'origin');
    await git('clone', '--quiet', '--bare', '.', origin);
    const { run: done } = await run({ workspaceMode: 'repository', repositoryUrl: origin, branch: 'main' }, [
      'write made.md "# Made\\n"',
    ]);
    expect(done?.failure).toBeNull();
    expect(done?.workspace).toMatchObject({ kind: 'repository' });
    const root = done?.workspace?.root ?? '';
    expect(await readFile(join(root, 'kept.txt'), 'utf8')).toBe('one\n');
    expect(await exists(join(root, 'made.md'))).toBe(true);
  });

  it('says what is wrong with an address, and takes no password', async () => {
    await expect(card({ workspaceMode: 'repository' }, [])).rejects.toMatchObject({
      failure: { reason: 'invalid-input', message: expect.stringContaining('Which repository?') as string },
    });
    for (const repositoryUrl of ['ext::sh -c id', '-u', 'https://ann:secret@example.com/x.git']) {
      await expect(card({ workspaceMode: 'repository', repositoryUrl }, [])).rejects.toMatchObject({
        failure: { reason: 'invalid-input' },
      });
    }
  });

  it('says so when there is nothing at the address', async () => {
    const repositoryUrl = join(services.folder, 'nowhere.git');
    const { run: failed } = await run({ workspaceMode: 'repository', repositoryUrl }, ['message Hello']);
    expect(failed?.failure?.message).toContain('There is no repository at');
  });
});

it('what is changed in the folder between two messages is told of, and not rolled back without a word', async () => {
  const { task, run: done } = await run({ workspaceMode: 'folder' }, ['write made.md "# Made\\n"']);
  await writeFile(join(services.folder, 'mine.txt'), 'mine\n');
  const message = ['```kandev-script', 'write more.md "# More\\n"', '```'].join('\n');
  await services.kandev.execute('task.prompt', { taskId: task.id, text: message });
  await services.until(task.id, ({ run }) => run?.turns === 2 && run.state === 'READY');
  const runId = done?.id ?? '';
  const entries = await services.kandev.query('run.transcript', { runId });
  expect(entries.filter(({ kind }) => kind === 'notice').map(({ turn, text }) => `${turn} ${text}`)).toEqual([
    '2 Changed while the agent was not at work, so rolling back asks before it takes them back: mine.txt.',
  ]);
  expect(await services.kandev.execute('result.rollBack', { runId, conflicts: 'keep' })).toMatchObject({
    done: true,
    paths: ['made.md', 'more.md'],
    conflicts: [{ path: 'mine.txt', reason: 'between-turns' }],
  });
});

describe('the place of a card', () => {
  it('is that of its board, when nothing else is said', async () => {
    await services.kandev.execute('board.setWorkspaceMode', { mode: 'copy' });
    const taskId = await card({}, ['message Hello']);
    const { boards, cards, workspaceModes } = await services.kandev.query('boards', {});
    expect(boards[0]?.workspaceMode).toBe('copy');
    expect(workspaceModes).toEqual(['folder', 'copy', 'repository']);
    expect(cards.find(({ task }) => task.id === taskId)?.task.workspaceMode).toBe('copy');
    await services.reopen();
    expect((await services.kandev.query('boards', {})).boards[0]?.workspaceMode).toBe('copy');
  });

  it('cannot be changed while an agent works there', async () => {
    const taskId = await card({}, ['permission "Go on"']);
    await start(taskId);
    await services.until(taskId, ({ permissions }) => permissions.length > 0);
    await expect(
      services.kandev.execute('task.update', { taskId, workspaceMode: 'copy' }),
    ).rejects.toMatchObject({ failure: { reason: 'run-active' } });
  });

  it('that is gone is told of', async () => {
    const taskId = await card({}, ['message Hello']);
    await rm(services.folder, { recursive: true });
    await start(taskId);
    const { run: failed } = await services.until(taskId, inState('FAILED'));
    expect(failed?.failure).toMatchObject({ reason: 'no-folder', action: { kind: 'openFolder' } });
  });
});
