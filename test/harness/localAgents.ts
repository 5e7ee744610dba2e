import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { projectRoot } from '../../scripts/paths.mts';
import type { LaunchPlace, LaunchProgress, LaunchRequest } from '../../src/agents/launchRequest.ts';
import type { AgentProcess, ExitInfo } from '../../src/agents/agentProcess.ts';
import { runSetup, type LaunchSetup, type SetupRun } from '../../src/agents/runSetup.ts';
import type { EngineStatus } from '../../src/model/engine.ts';
import type { Agents } from '../../src/orchestrator/runInterfaces.ts';

let bundle: Promise<string> | undefined;

/** The demo agent as one file, bundled once for this process. */
export function demoAgentFile(): Promise<string> {
  bundle ??= bundled('agents/demo/main.ts', 'agent.cjs');
  return bundle;
}

/** A program of this project as one file. */
export async function bundled(source: string, name: string): Promise<string> {
  const outfile = join(mkdtempSync(join(tmpdir(), 'kandev-bundle-')), name);
  await build({
    entryPoints: [join(projectRoot, source)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
  });
  return outfile;
}

/**
 * Runs agents as plain processes of this machine: for tests of what comes above the containers. `command[0]` of an agent
 * type is replaced by this Node, so that `['node', agentFile, …flags]` is what runs.
 */
export class LocalAgents implements Agents {
  engine: EngineStatus = {
    endpoint: 'none',
    chosenBy: 'test',
    failure: null,
    engine: { name: 'Processes', version: '1', cpus: 8, memoryMb: 8192, rootless: false },
  };
  readonly running = new Set<string>();
  /** Where agents keep what outlives a run; not the folder that they change. */
  readonly home = mkdtempSync(join(tmpdir(), 'kandev-home-'));

  checkEngine(): Promise<EngineStatus> {
    return Promise.resolve(this.engine);
  }

  /** The hosts that each run was given while it worked. */
  readonly hosts = new Map<string, readonly string[]>();

  setHosts(runId: string, _folder: string, hosts: readonly string[]): Promise<void> {
    this.hosts.set(runId, hosts);
    return Promise.resolve();
  }

  usage(): ReturnType<Agents['usage']> {
    return Promise.resolve(new Map());
  }

  removeLeftovers(): Promise<string[]> {
    return Promise.resolve([]);
  }

  findOrphans(): Promise<[]> {
    return Promise.resolve([]);
  }

  removeOrphans(): Promise<[]> {
    return Promise.resolve([]);
  }

  sharedBy(): Promise<[]> {
    return Promise.resolve([]);
  }

  /** What is done before a run's container would be removed, as for files that are only in it. */
  beforeRemoval: (activity: (text: string) => void, leave: AbortSignal | undefined) => Promise<void> = () =>
    Promise.resolve();

  /** What each launch was asked for, the first one first. */
  readonly requests: LaunchRequest[] = [];
  takeOver(): Promise<null> {
    return Promise.resolve(null);
  }

  async launch(request: LaunchRequest, progress: LaunchProgress, signal: AbortSignal): Promise<AgentProcess> {
    signal.throwIfAborted();
    this.requests.push(request);
    const place = await request.prepare?.(signal);
    const workingDirectory = place?.workingFolder ?? request.folder;
    if (place?.setup) await this.#setUp(place, place.setup, progress, signal);
    signal.throwIfAborted();
    progress.starting();
    const child = spawn(process.execPath, request.agentType.command.slice(1), {
      cwd: workingDirectory,
      env: { PATH: process.env.PATH, HOME: this.home, ...request.environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.running.add(request.runId);
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-8192);
      progress.stderr(chunk.toString());
    });
    const exited = new Promise<ExitInfo>((resolve) => {
      child.once('exit', (exitCode) => {
        this.running.delete(request.runId);
        resolve({ exitCode, oomKilled: false });
      });
    });
    child.stdin.on('error', () => undefined);
    let removal: Promise<void> | null = null;
    return {
      workingDirectory,
      containerId: `process-${child.pid ?? 0}`,
      stdin: child.stdin,
      stdout: child.stdout,
      exited,
      connection: null,
      detach: () => undefined,
      sharesFiles: true,
      collectFiles: () => Promise.resolve([]),
      stderrTail: () => stderr,
      dispose: async (leave) => {
        child.kill('SIGKILL');
        await exited;
        await (removal ??= this.beforeRemoval(progress.activity.bind(progress), leave));
      },
    };
  }

  #setUp(
    place: LaunchPlace,
    setup: LaunchSetup,
    progress: LaunchProgress,
    signal: AbortSignal,
  ): Promise<void> {
    const start: SetupRun['start'] = ([program = '', ...args]) => {
      const child = spawn(program, args, { cwd: place.workingFolder, stdio: ['ignore', 'pipe', 'inherit'] });
      const exited = new Promise<ExitInfo>((resolve) => {
        child.once('close', (exitCode) => {
          resolve({ exitCode, oomKilled: false });
        });
      });
      const dispose = async (): Promise<void> => {
        child.kill('SIGKILL');
        await exited;
      };
      return Promise.resolve({
        stdout: child.stdout,
        exited,
        collectFiles: () => Promise.resolve([]),
        dispose,
      });
    };
    return runSetup({ setup, start, progress, signal });
  }
}
