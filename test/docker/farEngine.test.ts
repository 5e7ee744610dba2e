import { chmod, lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentManager } from '../../src/agents/agentManager.ts';
import { failureOf } from '../../src/model/failure.ts';
import { demoAgentFile } from '../harness/localAgents.ts';
import { makeDist, openBoard } from '../agents/board.ts';
import { startFarEngine, type FarEngine } from '../harness/farEngine.ts';
import { importMachineImage } from '../harness/images.ts';
import { makeFolder, testRunId } from '../harness/testRun.ts';
import {
  neverAborted,
  readUntil,
  RecordedProgress,
  requestFor,
  takenOver,
  testImage,
  testManager,
} from './agents.ts';

let far: FarEngine;
let manager: AgentManager;

beforeAll(async () => {
  const hidden = path.dirname(await makeFolder('hidden'));
  far = await startFarEngine([hidden]);
  await importMachineImage(far.dockerHost, testImage());
  manager = await testManager({ host: far.dockerHost });
});

afterAll(() => far.stop());

/** Runs a shell script on a copy of a folder, to its end, and returns what it printed. */
async function runOn(
  folder: string,
  script: string,
): Promise<{ output: string; problems: readonly string[] }> {
  const request = { ...requestFor(folder, ['sh', '-c', script]), isOwnFolder: true };
  const agent = await manager.launch(request, new RecordedProgress(), neverAborted());
  try {
    const output = Buffer.concat((await agent.stdout.toArray()) as Buffer[]).toString();
    await agent.exited;
    expect(agent.sharesFiles).toBe(false);
    return { output: output + agent.stderrTail(), problems: await agent.collectFiles() };
  } finally {
    await agent.dispose();
  }
}

async function volumesLeft(): Promise<string[]> {
  const found = await far.engine.call('listing volumes', (docker) => docker.listVolumes());
  return found.Volumes.map(({ Name }) => Name);
}

describe('an engine that does not see the folder', () => {
  it("refuses the user's own folder in words", async () => {
    const folder = await makeFolder('folder');
    const launching = manager.launch(requestFor(folder, ['true']), new RecordedProgress(), neverAborted());
    const failure = failureOf(await launching.catch((error: unknown) => error));
    expect(failure.reason).toBe('folder-not-visible');
    expect(failure.message).toContain(`does not see`);
  });

  it('is given a copy, and what the agent has done comes back', async () => {
    const folder = await makeFolder('own');
    await mkdir(path.join(folder, 'a b'));
    await writeFile(path.join(folder, 'a b', 'ü.txt'), 'before');
    await writeFile(path.join(folder, 'run.sh'), 'echo ran');
    await chmod(path.join(folder, 'run.sh'), 0o755);
    await writeFile(path.join(folder, 'gone.txt'), 'x');
    await symlink('run.sh', path.join(folder, 'link'));
    const { output, problems } = await runOn(
      folder,
      'cat "a b/ü.txt"; ./run.sh; cat link; id -un; printf after > "a b/ü.txt"; rm gone.txt; mkdir new; printf n > new/file; chmod +x new/file; ln -s ../run.sh new/link; ln new/file new/hard; touch /etc/x; echo $?',
    );
    expect(output).toContain('beforeran\n');
    expect(output).toContain('echo ran');
    expect(output).toContain('agent\n');
    expect(output).toContain('Read-only file system');
    expect(problems).toEqual([]);
    expect(await readFile(path.join(folder, 'a b', 'ü.txt'), 'utf8')).toBe('after');
    expect(await readFile(path.join(folder, 'new', 'hard'), 'utf8')).toBe('n');
    expect((await stat(path.join(folder, 'new', 'file'))).mode & 0o111).toBe(0o111);
    expect(await readlink(path.join(folder, 'new', 'link'))).toBe('../run.sh');
    expect((await readdir(folder)).sort()).toEqual(['a b', 'link', 'new', 'run.sh']);
    expect((await lstat(path.join(folder, 'new'))).uid).toBe((await lstat(folder)).uid);
    expect(await volumesLeft()).toEqual([]);
    expect(testRunId()).not.toBe('');
  });

  it('brings back what is only in a container that nobody leads any more', async () => {
    const folder = await makeFolder('own');
    await writeFile(path.join(folder, 'a'), 'a');
    const request = {
      ...requestFor(folder, ['sh', '-c', 'echo done > result; echo ready; cat']),
      isOwnFolder: true,
    };
    const agent = await manager.launch(request, new RecordedProgress(), neverAborted());
    await readUntil(agent.stdout, /ready/);
    agent.detach();
    expect(await manager.removeLeftovers(() => false)).toEqual([request.runId]);
    expect(await readFile(path.join(folder, 'result'), 'utf8')).toBe('done\n');
    expect(await volumesLeft()).toEqual([]);
  });

  it('keeps the container with what is only in it where nobody waits for that, until it is cleaned up', async () => {
    const folder = await makeFolder('own');
    const request = {
      ...requestFor(folder, ['sh', '-c', 'echo done > result; echo ready; cat']),
      isOwnFolder: true,
    };
    const agent = await manager.launch(request, new RecordedProgress(), neverAborted());
    await readUntil(agent.stdout, /ready/);
    const reason = new Error('Nobody waits.');
    await expect(agent.dispose(AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(await readdir(folder)).toEqual([]);
    expect(await manager.removeLeftovers(() => false)).toEqual([request.runId]);
    expect(await readFile(path.join(folder, 'result'), 'utf8')).toBe('done\n');
    expect(await volumesLeft()).toEqual([]);
  });

  it('lets an agent outlive the window, and gives what it has done to whoever takes over', async () => {
    const distFolder = await makeDist();
    const kept = await testManager({ host: far.dockerHost, distFolder });
    const folder = await makeFolder('kept');
    const script = 'read line; echo "$line" > result; echo done; cat';
    const request = { ...requestFor(folder, ['sh', '-c', script]), isOwnFolder: true, outlives: true };
    const left = await kept.launch(request, new RecordedProgress(), neverAborted());
    expect(left.connection?.attachment).toBe(1);
    left.detach();
    const from = { offset: 0, asked: [], answered: [] };
    const agent = await kept.takeOver(takenOver(request.runId), from, neverAborted());
    if (agent === null || !('stdin' in agent)) throw new Error('The agent does not run any more.');
    expect(agent.sharesFiles).toBe(false);
    agent.stdin.write('taken over\n');
    await readUntil(agent.stdout, /done/);
    expect(await agent.collectFiles()).toEqual([]);
    expect(await readFile(path.join(folder, 'result'), 'utf8')).toBe('taken over\n');
    await agent.dispose();
    expect(await volumesLeft()).toEqual([]);
  });

  it('takes a card to Review, as soon as it may work in a copy', async () => {
    const tag = `kandev-test/far-demo:${testRunId()}`;
    const agentFile = await readFile(await demoAgentFile());
    await importMachineImage(far.dockerHost, tag, { '/opt/kandev/agent.js': agentFile });
    const folder = await makeFolder('project');
    await writeFile(path.join(folder, 'there.txt'), 'there');
    const board = await openBoard(await makeDist(), {
      folder,
      host: far.dockerHost,
      environment: {},
      agents: [
        {
          id: 'far-demo',
          image: tag,
          command: ['node', '/opt/kandev/agent.js'],
          files: true,
          terminals: true,
        },
      ],
    });
    try {
      const script = ['write from-afar.txt written there', 'call create_card {"title":"From afar"}'];
      const description = ['```kandev-script', ...script, '```'].join('\n');
      const { id } = await board.kandev.execute('task.create', {
        title: 'Write a file',
        description,
        agentTypeId: 'far-demo',
        workspaceMode: 'folder',
      });
      await board.kandev.execute('task.start', { taskId: id });
      const failed = await board
        .until(id, ({ task }) => task.state === 'FAILED')
        .then(({ run }) => run?.failure ?? null);
      expect(failed).toMatchObject({
        reason: 'folder-not-visible',
        action: { kind: 'workInCopy', taskId: id },
      });
      await board.kandev.execute('task.update', { taskId: id, workspaceMode: 'copy' });
      await board.kandev.execute('task.start', { taskId: id });
      const { run } = await board.until(id, ({ task }) => task.state === 'REVIEW');
      const root = run?.workspace?.root ?? '';
      expect(await readFile(path.join(root, 'from-afar.txt'), 'utf8')).toContain('written there');
      expect(run?.changes).toMatchObject({ files: 1 });
      expect(await readdir(folder)).toEqual(['there.txt']);
      const { cards } = await board.kandev.query('boards', {});
      expect(cards.map(({ origin }) => origin)).toContain('Write a file');
    } finally {
      await board.close();
    }
    expect(await volumesLeft()).toEqual([]);
  });
});
