import { access, chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WorkspaceMode } from '../../src/model/task.ts';
import { run as runProgram } from '../../scripts/processes.mts';
import { makeDist, openBoard, type TestBoard } from '../agents/board.ts';
import { importMachineImage } from '../harness/images.ts';
import { demoAgentFile } from '../harness/localAgents.ts';
import { makeRepository } from '../harness/repository.ts';
import { dockerHost, testRunId } from '../harness/testRun.ts';

const image = `kandev-test/host-git:${testRunId()}`;
let folder = '';
let board: TestBoard;

beforeAll(async () => {
  await importMachineImage(dockerHost(), image, {
    '/opt/kandev/agent.js': await readFile(await demoAgentFile()),
  });
  folder = await makeRepository('attacked');
  // What git would run. It leaves a file beside itself.
  await writeFile(path.join(folder, 'evil.sh'), '#!/bin/sh\ntouch "$(dirname "$0")/ran"\n');
  await chmod(path.join(folder, 'evil.sh'), 0o755);
  await git('add', 'evil.sh');
  await git('commit', '--quiet', '--message', 'A program');
  const workspace = { setupScript: '', setupLimitSeconds: 60, copyFiles: [], exclude: [] };
  const agents = [{ id: 'attacker', image, command: ['node', '/opt/kandev/agent.js'] }];
  board = await openBoard(await makeDist(), { folder, environment: {}, workspace, agents });
});

afterAll(() => board.close());

const git = (...args: string[]): Promise<string> => runProgram('git', args, { cwd: folder });

const hasRun = (root: string): Promise<boolean> =>
  access(path.join(root, 'ran')).then(
    () => true,
    () => false,
  );

/** Whether a program is run by what users, and VS Code by itself, do in a folder. */
async function isRunByGit(): Promise<boolean> {
  for (const args of [['status', '--porcelain'], ['diff'], ['log', '-1'], ['add', '--all', '--dry-run']]) {
    await git(...args);
  }
  return hasRun(folder);
}

/** A run whose agent names `evil.sh` in the settings, hooks and attributes of its working folder. */
function attack(workspaceMode: WorkspaceMode): Promise<{ root: string; files: number }> {
  return runSteps(workspaceMode, [
    'printf "[core]\\n\\tfsmonitor = %s\\n\\thooksPath = %s\\n" "$evil" "$PWD" >> .git/config',
    'cp evil.sh .git/hooks/post-index-change',
    'mv .git old && mkdir .git && cp -r old/. .git',
    'echo "* filter=evil diff=evil" > .gitattributes',
    'mkdir -p .git/info && echo "* filter=evil" > .git/info/attributes',
    'echo made > made.txt',
  ]);
}

async function runSteps(
  workspaceMode: WorkspaceMode,
  steps: readonly string[],
): Promise<{ root: string; files: number; activity: string | null }> {
  const evil = 'evil="$PWD/evil.sh"';
  const script = steps.map((step) => `( ${step} ) 2>/dev/null`).join('; ');
  const { id: taskId } = await board.kandev.execute('task.create', {
    title: `Attack a ${workspaceMode}`,
    description: ['```kandev-script', `terminal ${evil}; ${script}; true`, '```'].join('\n'),
    agentTypeId: 'attacker',
    workspaceMode,
  });
  await board.kandev.execute('task.start', { taskId });
  const { run } = await board.until(taskId, ({ task }) => task.state === 'REVIEW');
  const activity = run?.activity ?? null;
  await board.kandev.execute('task.stop', { taskId });
  return { root: run?.workspace?.root ?? '', files: run?.changes?.files ?? 0, activity };
}

// What else an agent could plant, and what no mount can keep it from: attackGit.test.ts.
describe('status, diff, log and add in the user’s folder start no program that an agent has named in settings, hooks or attributes', () => {
  it('of its clone, and Kandev’s own git in that neither', async () => {
    const { root, files } = await attack('clone');
    expect(files).toBeGreaterThan(0);
    expect(await readFile(path.join(root, '.git', 'config'), 'utf8')).not.toContain('fsmonitor');
    expect(await hasRun(root)).toBe(false);
    expect(await isRunByGit()).toBe(false);
  });

  it('of the folder', async () => {
    const { files } = await attack('folder');
    expect(files).toBeGreaterThan(0);
    expect(await readFile(path.join(folder, 'made.txt'), 'utf8')).toBe('made\n');
    expect(await isRunByGit()).toBe(false);
  });

  it('although they do what the user’s own configuration names', async () => {
    await git('config', 'core.fsmonitor', path.join(folder, 'evil.sh'));
    expect(await isRunByGit()).toBe(true);
  });
});

describe('a repository that an agent makes newly, with a program in its settings,', () => {
  it('is told of at once, on the card and by a message, and left where it is', async () => {
    const notices: string[] = [];
    const subscription = board.kandev.subscribe('run.notice', ({ data }) => {
      if ('notice' in data) notices.push(data.notice.message);
    });
    const { activity } = await runSteps('folder', [
      'mkdir -p new/.git/objects new/.git/refs; echo "ref: refs/heads/main" > new/.git/HEAD',
      'printf "[core]\\n\\tfsmonitor = %s\\n" "$evil" > new/.git/config',
    ]);
    subscription.dispose();
    expect(notices).toEqual([expect.stringContaining('new/.git/config: core.fsmonitor') as string]);
    expect(activity).toContain('has been told to run programs');
    expect(await readFile(path.join(folder, 'new', '.git', 'config'), 'utf8')).toContain('fsmonitor');
  });
});
