/** A development extension for npm start: adds the sample cards once, as the button on an empty board does. */
import { commands, type ExtensionContext } from 'vscode';

const seeded = 'seeded';

export async function activate({ workspaceState }: ExtensionContext): Promise<void> {
  if (workspaceState.get(seeded)) return;
  await commands.executeCommand('kandev.addSampleCards');
  await workspaceState.update(seeded, true);
}
