/** A development extension for npm start: adds the sample cards once, as the button on an empty board does. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { commands, type ExtensionContext } from 'vscode';

export async function activate({ globalStorageUri }: ExtensionContext): Promise<void> {
  // A file and not a memento: code-server keeps those in the browser, and another browser would be another start.
  const seeded = path.join(globalStorageUri.fsPath, 'seeded');
  if (existsSync(seeded)) return;
  await commands.executeCommand('kandev.addSampleCards');
  await mkdir(globalStorageUri.fsPath, { recursive: true });
  await writeFile(seeded, '');
}
