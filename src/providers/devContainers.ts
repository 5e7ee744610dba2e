import { commands, extensions } from 'vscode';
import type { Disposable } from '../model/events.ts';

const extensionId = 'ms-vscode-remote.remote-containers';
/** What it offers to others is told by its makers only in their issues (vscode-remote-release 5171 and 7775). */
const attachCommand = 'remote-containers.attachToRunningContainer';

/** Attaches a window of VS Code to a running container, by the extension "Dev Containers". */
export async function attachTo(containerId: string): Promise<void> {
  await commands.executeCommand(attachCommand, containerId);
}

/** Keeps `when` clauses told whether the extension "Dev Containers" is there. */
export function watchDevContainers(): Disposable {
  const tell = async (): Promise<void> => {
    // Where VS Code works on another machine it may be known by its command alone.
    const isThere =
      extensions.getExtension(extensionId) !== undefined ||
      (await commands.getCommands()).includes(attachCommand);
    await commands.executeCommand('setContext', 'kandev.canAttach', isThere);
  };
  void tell();
  return extensions.onDidChange(() => void tell());
}
