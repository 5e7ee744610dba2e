/** The surroundings of one run of the tests: a Docker engine, a folder, and where wanted an editor to start. */
import { globSync } from 'node:fs';
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { projectRoot, vsixFile } from './paths.mts';
import { run, signalGroup } from './processes.mts';
import { removeOfRun } from './runResources.mts';
import { ensureBrowser } from './setup/browser.mts';
import { ensureBusybox } from './setup/busybox.mts';
import { ensureCodeServer } from './setup/codeServer.mts';
import { ensureDockerEngine } from './setup/dockerEngine.mts';
import { ensureOpenssh } from './setup/openssh.mts';
import { ensurePodman } from './setup/podman.mts';

export interface TestRun {
  /** What the tests read of the run (test/harness/testRun.ts), as environment variables. */
  env: Readonly<Record<string, string>>;
  /** Removes everything that the run has made or started, whether the tests have done so or not. */
  end(): Promise<void>;
}

/** @param needs editor: installs VS Code and a browser and packages the extension, too. */
export async function beginTestRun(needs: { editor: boolean }): Promise<TestRun> {
  const docker = await ensureDockerEngine();
  const id = `${process.pid}-${Date.now().toString(36)}`;
  const folder = await mkdtemp(path.join(await realpath(os.tmpdir()), 'kandev-test-'));
  const end = async (): Promise<void> => {
    await stopServers(folder);
    await removeOfRun(docker.engine, id);
    await docker.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await ensureBusybox();
    await ensureOpenssh();
    await ensurePodman();
    if (needs.editor) {
      await Promise.all([
        ensureCodeServer(),
        ensureBrowser(),
        run(process.execPath, ['scripts/package.mts'], { cwd: projectRoot }),
      ]);
    }
  } catch (error) {
    await end();
    throw error;
  }
  const env = {
    KANDEV_TEST_RUN: id,
    KANDEV_TEST_FOLDER: folder,
    KANDEV_TEST_DOCKER_HOST: docker.engine.endpoint.endpoint,
    KANDEV_TEST_VSIX: vsixFile,
  };
  return { env, end };
}

/** Stops the code-servers that a killed suite has left behind, by the ids they were started under. */
async function stopServers(folder: string): Promise<void> {
  for (const file of globSync('*/server.pid', { cwd: folder })) {
    signalGroup(Number(await readFile(path.join(folder, file), 'utf8')), 'SIGKILL');
  }
}
