import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { chown, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AgentManager } from '../../src/agents/agentManager.ts';
import { makeRepository } from '../harness/repository.ts';
import { makeFolder } from '../harness/testRun.ts';
import {
  ensureTestImage,
  neverAborted,
  readUntil,
  RecordedProgress,
  requestFor,
  runScript,
  testEngine,
  testManager,
  withAgent,
} from './agents.ts';

const run = promisify(execFile);
let manager: AgentManager;

beforeAll(async () => {
  await ensureTestImage();
  manager = await testManager();
});

describe('the folder', () => {
  it.each(['with spaces', 'ünïcödé 日本', 'comma,comma', 'colon:colon', 'quote"s and \\', '$HOME', '-dash'])(
    'is at its own path in the container: %s',
    async (name) => {
      const folder = path.join(await makeFolder('odd'), name);
      await mkdir(folder);
      await writeFile(path.join(folder, 'there.txt'), 'seen');
      const { output, exitCode } = await runScript(
        manager,
        folder,
        'pwd; cat there.txt; echo new > made.txt',
      );
      expect(output).toBe(`${folder}\nseen`);
      expect(exitCode).toBe(0);
      expect(await readFile(path.join(folder, 'made.txt'), 'utf8')).toBe('new\n');
    },
  );

  it('may be reached by a link', async () => {
    const parent = await makeFolder('linked');
    await mkdir(path.join(parent, 'real'));
    await symlink('real', path.join(parent, 'link'));
    const link = path.join(parent, 'link');
    const { output } = await runScript(manager, link, 'pwd; echo x > made.txt');
    expect(output).toBe(`${link}\n`);
    expect(await readFile(path.join(parent, 'real', 'made.txt'), 'utf8')).toBe('x\n');
  });

  it('gets files that belong to its owner', async () => {
    const folder = await makeFolder('owned');
    const root = process.getuid?.() === 0;
    if (root) await chown(folder, 12_345, 23_456);
    const { output } = await runScript(manager, folder, 'mkdir made; echo x > made/file; id -u; id -un');
    const owner = await stat(folder);
    const made = await stat(path.join(folder, 'made', 'file'));
    expect([made.uid, made.gid]).toEqual([owner.uid, owner.gid]);
    expect(output).toBe(`${owner.uid}\nagent\n`);
  });
});

describe('a repository', () => {
  it('of the user can be worked in, and nothing of its .git be written, nor put aside', async () => {
    const folder = await makeRepository('guarded');
    const attempts = [
      'echo bad >> .git/config',
      'rm .git/config',
      'mv .git/config old',
      'echo bad > .git/hooks/pre-commit',
      'mv .git/hooks old',
      'echo bad > .git/commondir',
      'echo bad > .git/index',
      'echo bad > .git/refs/heads/other',
      'mv .git old',
      'rm -r .git',
      'mount -o remount,rw .git',
      'umount .git',
    ];
    const script = attempts.map((attempt) => `(${attempt}) 2>/dev/null && echo 'did ${attempt}'`).join('; ');
    const { output } = await runScript(
      manager,
      folder,
      // Moved across a mount, a file is copied and then not removed.
      `${script}; rm -f old; echo y > README.md; echo $GIT_OPTIONAL_LOCKS`,
    );
    expect(output).toBe('0\n');
    expect((await run('git', ['status', '--porcelain'], { cwd: folder })).stdout).toBe(' M README.md\n');
  });

  it('of our own can be committed to, but neither its config nor its hooks be changed, nor it be put aside', async () => {
    const folder = await makeRepository('own');
    const config = await readFile(path.join(folder, '.git', 'config'), 'utf8');
    const attempts = [
      'echo bad >> .git/config',
      'mv .git/config old',
      'echo bad > .git/hooks/pre-commit',
      'rm -r .git/hooks',
      'mv .git old',
    ];
    const script = attempts.map((attempt) => `(${attempt}) 2>/dev/null && echo 'did ${attempt}'`).join('; ');
    const { output } = await runScript(
      manager,
      folder,
      `${script}; echo z > .git/made; echo "<$GIT_OPTIONAL_LOCKS>"`,
      {
        isOwnFolder: true,
      },
    );
    expect(output).toBe('<>\n');
    expect(await readFile(path.join(folder, '.git', 'config'), 'utf8')).toBe(config);
    expect(await readFile(path.join(folder, '.git', 'made'), 'utf8')).toBe('z\n');
  });

  it('whose .git is a file keeps that', async () => {
    const folder = await makeFolder('worktree');
    await writeFile(path.join(folder, '.git'), 'gitdir: /elsewhere\n');
    const { output } = await runScript(
      manager,
      folder,
      'cat .git; (rm .git || mv .git x || echo y > .git) 2>/dev/null && echo did',
    );
    expect(output).toBe('gitdir: /elsewhere\n');
  });

  it('whose .git is a link is refused', async () => {
    const folder = await makeFolder('link');
    await symlink(path.join(await makeRepository('real'), '.git'), path.join(folder, '.git'));
    await expect(runScript(manager, folder, 'true')).rejects.toMatchObject({
      failure: { reason: 'refused', message: expect.stringContaining('its .git is a link') as string },
    });
  });
});

describe('the container', () => {
  it('gives the agent no rights and no room outside its folder, home and /tmp', async () => {
    const folder = await makeFolder('rights');
    const script = [
      'for place in / /etc /usr /var /opt /bin /sys/fs/cgroup; do touch $place/x 2>/dev/null && echo "wrote to $place"; done',
      'echo 1 > /tmp/a && echo 2 > ~/b && cat /tmp/a ~/b',
      // Programs that an agent has just fetched must run there.
      'printf "#!/bin/sh\\necho ran\\n" > /tmp/run && chmod +x /tmp/run && /tmp/run',
      'echo $HOME $USER',
      'grep -E "^(CapEff|CapBnd|NoNewPrivs)" /proc/self/status | tr "\\t" " "',
      'ls /var/run/docker.sock /run/docker.sock 2>/dev/null',
      'true',
    ].join('\n');
    expect(await runScript(manager, folder, script)).toEqual({
      output: [
        '1',
        '2',
        'ran',
        '/home/agent agent',
        'CapEff: 0000000000000000',
        'CapBnd: 0000000000000000',
        'NoNewPrivs: 1',
        '',
      ].join('\n'),
      stderr: '',
      exitCode: 0,
    });
  });

  it('has the limits, the labels and the name of its run', async () => {
    const request = {
      ...requestFor(await makeFolder('limits'), ['sh', '-c', 'echo $TOKEN; exec cat'], {
        resources: { cpus: 1_000, memoryMb: 128, pids: 99, network: 'bridge' },
      }),
      environment: { TOKEN: 'given' },
    };
    await withAgent(manager.launch(request, new RecordedProgress(), neverAborted()), async (agent) => {
      const engine = await testEngine();
      const { Name, Config, HostConfig } = await engine.call('looking at the container', (docker) =>
        docker.getContainer(agent.containerId).inspect(),
      );
      expect(agent.workingDirectory).toBe(request.folder);
      expect(Name).toBe(`/kandev-${request.runId}`);
      expect(Config.Labels).toMatchObject({
        'dev.kandev.run': request.runId,
        'dev.kandev.task': request.taskId,
        'dev.kandev.workspace': 'workspace',
      });
      expect(HostConfig).toMatchObject({
        Memory: 128 * 1024 ** 2,
        MemorySwap: 128 * 1024 ** 2,
        PidsLimit: 99,
        NanoCpus: (await engine.facts()).cpus * 1e9,
        Privileged: false,
      });
      expect(await readUntil(agent.stdout, /\n/)).toBe('given\n');
    });
  });

  it('is not made where the folder is gone', async () => {
    const folder = await makeFolder('gone');
    const request = requestFor(folder, ['true']);
    const progress = new RecordedProgress();
    // After the first look at it.
    progress.starting = () => {
      rmSync(folder, { recursive: true });
    };
    await expect(manager.launch(request, progress, neverAborted())).rejects.toMatchObject({
      failure: {
        reason: 'no-folder',
        message: expect.stringContaining(`The folder ${folder} does not exist any more.`) as string,
      },
    });
  });
});
