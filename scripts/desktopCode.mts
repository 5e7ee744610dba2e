/** The user's own desktop VS Code. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { writeQuietSettings, type EditorOptions, type RunningEditor } from './codeServer.mts';
import { endGroup, run } from './processes.mts';
import { missingCommands } from './setup/debian.mts';

/** Whether there is a `code` command that can show a window. VS Code refuses to be run by root. */
export function canShowDesktopCode(): boolean {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  const hasDisplay = process.platform !== 'linux' || Boolean(DISPLAY ?? WAYLAND_DISPLAY);
  return hasDisplay && process.getuid?.() !== 0 && missingCommands(['code']).length === 0;
}

/**
 * Opens a window with settings and extensions of its own, so that the user's are left as they are. The editor ends
 * when the user closes the window; stop() only ends the waiting for that.
 */
export async function openDesktopCode(options: EditorOptions): Promise<RunningEditor> {
  const { userDataDir, folder, extensions, settings = {}, env = {} } = options;
  await writeQuietSettings(userDataDir, settings);
  const folders = ['--user-data-dir', userDataDir, '--extensions-dir', path.join(userDataDir, 'extensions')];
  const install = extensions.flatMap((vsix) => ['--install-extension', vsix]);
  await run('code', [...folders, ...install, '--force'], { env });
  const window = ['--new-window', '--wait', '--disable-workspace-trust', ...(folder ? [folder] : [])];
  const child = spawn('code', [...folders, ...window], {
    env: { ...process.env, ...env },
    stdio: 'ignore',
    detached: true,
  });
  const ended = once(child, 'exit').then(() => undefined);
  return { ended, stop: () => endGroup(child) };
}
