import { execFile } from 'node:child_process';
import { access, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CommandInput } from '../../src/api/contract.ts';
import type { CardView } from '../../src/model/cardView.ts';
import { makeDist, openBoard, type TestBoard } from '../agents/board.ts';
import { importMachineImage } from '../harness/images.ts';
import { demoAgentFile } from '../harness/localAgents.ts';
import { dockerHost, makeFolder, testRunId } from '../harness/testRun.ts';

const image = `kandev-test/workspaces:${testRunId()}`;
let folder = '';
let board: TestBoard;

async function git(...args: string[]): Promise<string> {
  const identity = ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.com'];
  const { stdout } = await promisify(execFile)('git', [...identity, ...args], { cwd: folder });
  return stdout;
}

/** All of the user's that no run in a clone, and no checkpoint, may touch. */
async function stateOfUser(): Promise<string> {
  const index = await readFile(path.join(folder, '.git', 'index'));
  const said = await Promise.all([
    git('status', '--porcelain=v2', '--branch'),
    git('stash', 'list'),
    git('for-each-ref', 'refs/heads', 'refs/tags', 'refs/stash'),
    readFile(path.join(folder, '.git', 'config'), 'utf8'),
  ]);
  return [index.toString('hex'), ...said].join('\n');
}

beforeAll(async () => {
  await importMachineImage(dockerHost(), image, {
    '/opt/kandev/agent.js': await readFile(await demoAgentFile()),
  });
  folder = await makeFolder('a b, ü:c');
  await git('init', '--quiet', '--initial-branch=main');
  await writeFile(path.join(folder, 'kept.txt'), 'one\n');
  await git('add', '-A');
  await git('commit', '--quiet', '-m', 'First');
  await writeFile(path.join(folder, 'kept.txt'), 'stashed\n');
  await git('stash');
  await writeFile(path.join(folder, 'kept.txt'), 'staged\n');
  await git('add', 'kept.txt');
  await writeFile(path.join(folder, 'kept.txt'), 'not staged\n');
  await writeFile(path.join(folder, 'untracked.txt'), 'untracked\n');
  board = await openBoard(await makeDist(), {
    folder,
    environment: {},
    workspace: {
      setupScript: 'test "$(pwd)" != / && echo "set up by $(id -un)" > setup.txt && echo ready',
      setupLimitSeconds: 60,
      copyFiles: [],
      exclude: [],
    },
    agents: [{ id: 'workspace-demo', image, command: ['node', '/opt/kandev/agent.js'] }],
  });
});

afterAll(() => board.close());

async function run(
  place: Partial<CommandInput<'task.create'>>,
  script: readonly string[],
): Promise<CardView> {
  const { id: taskId } = await board.kandev.execute('task.create', {
    title: 'Fix the login',
    description: ['```kandev-script', ...script, '```'].join('\n'),
    agentTypeId: 'workspace-demo',
    ...place,
  });
  await board.kandev.execute('task.start', { taskId });
  const card = await board.until(taskId, ({ task }) => task.state === 'REVIEW');
  await board.kandev.execute('task.stop', { taskId });
  return card;
}

const isIn = (root: string, file: string) =>
  access(path.join(root, file)).then(
    () => true,
    () => false,
  );

describe('a card goes to Review', () => {
  it('in a clone, on a branch of its own, and the folder is as it was', async () => {
    const before = await stateOfUser();
    const { run: done } = await run({ workspaceMode: 'clone' }, ['write made.md "# Made\\n"']);
    expect(done?.workspace).toMatchObject({ kind: 'clone' });
    // What the setup script has made is there when the agent begins, and is no change of the agent's.
    expect(done?.changes).toEqual({ files: 1, added: 1, removed: 0 });
    const root = done?.workspace?.root ?? '';
    expect(await readFile(path.join(root, 'made.md'), 'utf8')).toBe('# Made\n');
    expect(await readFile(path.join(root, 'kept.txt'), 'utf8')).toBe('not staged\n');
    expect(await readFile(path.join(root, 'untracked.txt'), 'utf8')).toBe('untracked\n');
    expect(await readFile(path.join(root, 'setup.txt'), 'utf8')).toBe('set up by agent\n');
    expect(board.log.lines).toContain('info setup: ready');
    expect(await isIn(folder, 'made.md')).toBe(false);
    expect(await isIn(folder, 'setup.txt')).toBe(false);
    expect(await stateOfUser()).toBe(before);
  });

  it('in a repository from elsewhere, without what is in the folder', async () => {
    const origin = path.join(await makeFolder('origin'), 'origin.git');
    await git('clone', '--quiet', '--bare', '.', origin);
    const place = { workspaceMode: 'repository', repositoryUrl: origin } as const;
    const { run: done } = await run(place, ['write made.md "# Made\\n"']);
    const root = done?.workspace?.root ?? '';
    expect(await readFile(path.join(root, 'kept.txt'), 'utf8')).toBe('one\n');
    expect(await isIn(root, 'made.md')).toBe(true);
    expect(await isIn(root, 'untracked.txt')).toBe(false);
  });

  it('in a copy', async () => {
    const { run: done } = await run({ workspaceMode: 'copy' }, ['write made.md "# Made\\n"']);
    const root = done?.workspace?.root ?? '';
    expect(await isIn(root, 'made.md')).toBe(true);
    expect(await isIn(root, 'untracked.txt')).toBe(true);
    expect(await isIn(folder, 'made.md')).toBe(false);
  });

  it('in the folder, and index, stash and branches are as they were', async () => {
    const { run: done } = await run({ workspaceMode: 'folder' }, ['write in-folder.md "x\\n"']);
    expect(done?.changes).toEqual({ files: 1, added: 1, removed: 0 });
    expect(await readFile(path.join(folder, 'in-folder.md'), 'utf8')).toBe('x\n');
    expect(await git('show', ':kept.txt')).toBe('staged\n');
    expect(await readFile(path.join(folder, 'kept.txt'), 'utf8')).toBe('not staged\n');
    expect((await git('stash', 'list')).trim().split('\n')).toHaveLength(1);
    expect((await git('branch', '--format=%(refname:short)')).trim()).toBe('main');
  });
});
