import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestWindow } from './testWindow.ts';

/**
 * A card whose agent works elsewhere than in the folder, by way of a board file. The board must be empty; a card
 * "Template" is left in its Backlog.
 */
export async function importCard(
  { board, workbench, folder }: TestWindow,
  card: { title: string; description: string; workspaceMode: 'clone' | 'copy' },
): Promise<void> {
  const file = path.join(folder, 'board.kandev.json');
  await board.create({ title: 'Template', description: card.description, agent: 'Demo agent' });
  await workbench.runCommand('Kandev: Export Board…');
  await workbench.acceptPath(file, 'OK');
  await workbench.notification('The board with its 1 cards was written to').waitFor();
  const exported = JSON.parse(await readFile(file, 'utf8')) as { tasks: object[] };
  const tasks = exported.tasks.map((task) => ({ ...task, ...card, id: 'imported' }));
  await writeFile(file, JSON.stringify({ ...exported, tasks }));
  await workbench.runCommand('Kandev: Import Board…');
  await workbench.acceptPath(file, 'Import');
  await workbench.dialogButton('Import').click();
  await board.card(card.title).waitFor();
  await rm(file);
}
