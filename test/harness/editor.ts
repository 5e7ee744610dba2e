/** One VS Code server with the packaged extension, for a suite. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startCodeServer, writeMachineSettings } from '../../scripts/codeServer.mts';
import { dockerHost, makeFolder, vsixFile } from './testRun.ts';

export interface EditorOptions {
  /** Without one, the window has no folder. */
  folder?: string;
  /** Default: the packaged Kandev. */
  vsix?: string;
  /** Over the usual ones, which name the run's Docker engine. */
  userSettings?: Readonly<Record<string, unknown>>;
  /** Default: every folder is trusted, without asking. */
  trust?: 'given' | 'asked';
  /** Further .vsix files. */
  extraExtensions?: readonly string[];
  /** Added to the environment of the extension host; undefined takes a variable away. */
  env?: Record<string, string | undefined>;
  /** Of an editor that was stopped, to go on with its cards and settings. Default: a fresh one. */
  userDataDir?: string;
  /** Default: any free one. What VS Code keeps for a folder, it keeps for a folder at this address. */
  port?: number;
  /** How long the extension host of a window that has died waits for it to come back. Default 5. */
  graceSeconds?: number;
}

export interface Editor {
  /** Of the window with the folder. */
  url: string;
  folder: string | undefined;
  userDataDir: string;
  /** Everything that the server, the extension hosts and their output channels have logged. */
  logs(): Promise<string>;
  stop(): Promise<void>;
  /** Kills the extension host that was started first, with -9; resolves when it is gone. */
  killFirstExtensionHost(): Promise<void>;
}

/** A window leaves nothing behind, unless a test wants to see what outlives it. */
const leavesNothing = { 'kandev.whenClosed': 'stop' };

/** Changes the settings of Kandev; a running editor follows at once. */
export function changeSettings(
  userDataDir: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<void> {
  return writeMachineSettings(userDataDir, { ...leavesNothing, ...settings });
}

/** Starts VS Code. */
export async function startEditor(options: EditorOptions): Promise<Editor> {
  const {
    folder,
    vsix = vsixFile(),
    userSettings = {},
    trust = 'given',
    extraExtensions = [],
    env = {},
  } = options;
  const userDataDir = options.userDataDir ?? (await makeFolder('editor'));
  const settings = {
    'workbench.reduceMotion': 'on',
    ...leavesNothing,
    'kandev.docker.host': dockerHost(),
    ...userSettings,
  };
  const server = await startCodeServer({
    ...(folder === undefined ? {} : { folder }),
    port: options.port ?? 0,
    userDataDir,
    extensions: [vsix, ...extraExtensions],
    askForTrust: trust === 'asked',
    settings,
    // Temporary files and sockets go where they are removed with the run.
    env: { TMPDIR: userDataDir, ...env },
    ...(options.graceSeconds === undefined ? {} : { graceSeconds: options.graceSeconds }),
  });
  return {
    url: server.url,
    folder,
    userDataDir,
    logs: () => readLogs(userDataDir),
    stop: () => server.stop(),
    killFirstExtensionHost: () => killFirstExtensionHost(server.pid),
  };
}

async function readLogs(userDataDir: string): Promise<string> {
  const names = await readdir(userDataDir, { recursive: true });
  const logs = names.filter((name) => name.endsWith('.log')).sort();
  const texts = logs.map(
    async (name) => `--- ${name}\n${await readFile(path.join(userDataDir, name), 'utf8')}`,
  );
  return (await Promise.all(texts)).join('\n');
}

async function killFirstExtensionHost(group: number): Promise<void> {
  const first = (await extensionHosts(group)).toSorted((a, b) => a.startedAt - b.startedAt).at(0);
  if (!first) throw new Error('No extension host is running.');
  process.kill(first.pid, 'SIGKILL');
  while ((await extensionHosts(group)).some(({ pid }) => pid === first.pid)) await delay(20);
}

interface HostProcess {
  pid: number;
  /** In ticks of the system's clock. */
  startedAt: number;
}

/** The extension hosts of a process group, as /proc tells. */
async function extensionHosts(group: number): Promise<HostProcess[]> {
  const found: HostProcess[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const [status, command] = await Promise.all([
      readFile(`/proc/${name}/stat`, 'utf8').catch(() => ''),
      readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => ''),
    ]);
    // "pid (name) state parent group …", and the name may hold anything. The start is field 22.
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
    if (Number(fields[2]) === group && command.includes('--type=extensionHost')) {
      found.push({ pid: Number(name), startedAt: Number(fields[19]) });
    }
  }
  return found;
}
