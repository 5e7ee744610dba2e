import { chmod, lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentManager } from '../../src/agents/agentManager.ts';
import { failureOf } from '../../src/model/failure.ts';
import { startFarEngine, type FarEngine } from '../harness/farEngine.ts';
import { importMachineImage } from '../harness/images.ts';
import { makeFolder, testRunId } from '../harness/testRun.ts';
import { neverAborted, RecordedProgress, requestFor, testImage, testManager } from './agents.ts';

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
});
