/** Runs code-server, VS Code as a web server for one folder, until it is stopped. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { CommandFailed, endGroup, run } from './processes.mts';
import { ensureCodeServer } from './setup/codeServer.mts';

export interface EditorOptions {
  /** Opened in the window; without one the window is empty. */
  folder?: string;
  /** Settings, state, logs and installed extensions are kept in here. */
  userDataDir: string;
  /** Paths of .vsix files to install before the start. */
  extensions: readonly string[];
  /** User settings, over the quiet ones that are always set. */
  settings?: Readonly<Record<string, unknown>>;
  /** Added to the environment of the editor, and so of the extension host; undefined takes a variable away. */
  env?: Record<string, string | undefined>;
}

export interface RunningEditor {
  /** Resolves when the editor has ended, wanted or not. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

export interface CodeServerOptions extends EditorOptions {
  /** 0 for any free port. */
  port: number;
  /** True: the user is asked whether the folder is trusted, as in a desktop VS Code. Default: trusted, not asked. */
  askForTrust?: boolean;
  /** How long the extension host of a window that has died waits for it to come back. Default 5; VS Code's is 3 hours. */
  graceSeconds?: number;
}

export interface CodeServer extends RunningEditor {
  /** Of the folder's window. */
  url: string;
  /** The process group's id. */
  pid: number;
}

/** No welcome page, no questions, nothing that phones home, no side bar that is not ours. */
const quietSettings = {
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'git.openRepositoryInParentFolders': 'never',
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
};

/** Writes the user settings of an editor that is not the user's own. */
export async function writeQuietSettings(
  userDataDir: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<void> {
  const folder = path.join(userDataDir, 'User');
  await mkdir(folder, { recursive: true });
  const all = { ...quietSettings, ...settings };
  await writeFile(path.join(folder, 'settings.json'), JSON.stringify(all, undefined, 2));
}

/**
 * Writes the settings of Kandev where those of scope `machine` count: the window of a server takes them from nowhere
 * else. A running editor follows at once.
 */
export async function writeMachineSettings(
  userDataDir: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<void> {
  const ours = Object.entries(settings).filter(([name]) => name.startsWith('kandev.'));
  const folder = path.join(userDataDir, 'Machine');
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'settings.json'), JSON.stringify(Object.fromEntries(ours), undefined, 2));
}

/** Writes the settings, installs the extensions and starts the server; resolves when it listens. */
export async function startCodeServer(options: CodeServerOptions): Promise<CodeServer> {
  const script = await ensureCodeServer();
  const { userDataDir } = options;
  await writeQuietSettings(userDataDir, options.settings ?? {});
  await writeMachineSettings(userDataDir, options.settings ?? {});
  const folders = ['--user-data-dir', userDataDir, '--extensions-dir', path.join(userDataDir, 'extensions')];
  const env = { ...withoutEditorVariables(), ...options.env };
  for (const vsix of options.extensions) {
    await run(process.execPath, [script, ...folders, '--install-extension', vsix, '--force'], { env });
  }

  const child = spawn(process.execPath, [script, ...folders, ...serverFlags(options)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own: stop() ends extension hosts and terminals with it, Ctrl+C does not end it under us.
    detached: true,
  });
  const pid = child.pid ?? 0;
  await writeFile(path.join(userDataDir, 'server.pid'), String(pid));
  const logFile = path.join(userDataDir, 'server.log');
  const log = createWriteStream(logFile);
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const ended = once(child, 'exit').then(() => undefined);
  const origin = await listening(child, ended, logFile);
  const url = options.folder ? `${origin}?folder=${encodeURIComponent(options.folder)}` : `${origin}?ew=true`;
  return { url, pid, ended, stop: () => endGroup(child) };
}

function serverFlags(options: CodeServerOptions): string[] {
  const { folder, port, userDataDir, askForTrust = false, graceSeconds = 5 } = options;
  return [
    // A configuration of its own, not the user's, which would be created if it were not there.
    ...['--config', path.join(userDataDir, 'config.yaml')],
    ...['--auth', 'none', '--bind-addr', `127.0.0.1:${port}`],
    ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'],
    ...(askForTrust ? [] : ['--disable-workspace-trust']),
    ...['--reconnection-grace-time', String(graceSeconds)],
    ...(folder ? [folder] : []),
  ];
}

/** Resolves with the address that the server prints, for example http://127.0.0.1:8123/ */
async function listening(child: ChildProcess, ended: Promise<void>, logFile: string): Promise<string> {
  const { stdout } = child;
  if (!stdout) throw new Error('code-server has no output.');
  const lines = createInterface({ input: stdout });
  const printed = new Promise<string>((resolve) => {
    lines.on('line', (line) => {
      const address = /HTTP server listening on (http:\S+)/.exec(line)?.[1];
      if (address) resolve(address);
    });
  });
  const address = await Promise.race([printed, ended]);
  if (!address) throw new CommandFailed('code-server', child.exitCode, await readFile(logFile, 'utf8'));
  return address;
}

/** A terminal inside VS Code has variables that would make code-server open its folder in that window instead. */
function withoutEditorVariables(): Record<string, undefined> {
  const names = Object.keys(process.env).filter((name) => /^(VSCODE_|ELECTRON_|CODE_SERVER_)/.test(name));
  return Object.fromEntries(names.map((name) => [name, undefined]));
}
