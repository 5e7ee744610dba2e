import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { askSqlite, ensureSqliteCommand } from '../store/sqliteCommand.ts';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

const window = useWindow();
const inFolder = (name: string): string => path.join(window.folder, name);

beforeAll(ensureSqliteCommand);

/** Runs a command that asks for a file, and names the file. */
async function runWithFile(command: string, file: string, accept = 'OK'): Promise<void> {
  const { workbench } = window;
  await workbench.runCommand(command);
  await workbench.acceptPath(file, accept);
}

async function backupFiles(): Promise<string[]> {
  const files = await readdir(path.join(window.editor.userDataDir, 'User'), { recursive: true });
  return files.filter((file) => /kandev\.kandev\/.*backups\/daily-\d+\.db$/.test(file));
}

/** A board file, as far as it is changed here. */
interface BoardFile {
  tasks: { id: string; title: string; state: string }[];
}

async function boardFile(name: string): Promise<BoardFile> {
  return JSON.parse(await readFile(inFolder(name), 'utf8')) as BoardFile;
}

describe('what is on the board', () => {
  it('is exported as a database that the sqlite3 command opens', async () => {
    const { board, workbench } = window;
    await board.create({ title: 'First', priority: 'High' });
    await board.create({ title: 'Second' });
    await runWithFile('Kandev: Export Database Copy…', inFolder('copy.sqlite'));
    await workbench.notification('The database was copied to').waitFor();
    const query = 'PRAGMA integrity_check; SELECT title FROM tasks ORDER BY position';
    expect(await askSqlite(inFolder('copy.sqlite'), query)).toEqual(['ok', 'First', 'Second']);
  });

  it('is exported as a file, which a board imports after it has shown what that will do', async () => {
    const { workbench } = window;
    await runWithFile('Kandev: Export Board…', inFolder('board.kandev.json'));
    await workbench.notification('The board with its 2 cards was written to').waitFor();
    const file = await boardFile('board.kandev.json');
    expect(file.tasks.map(({ title }) => title)).toEqual(['First', 'Second']);

    const [first, second] = file.tasks;
    const added = { ...second, id: 'a-new-card', title: 'Third' };
    const changed = { ...file, tasks: [{ ...first, title: 'The very first' }, second, added] };
    await writeFile(inFolder('changed.kandev.json'), JSON.stringify(changed));
    await runWithFile('Kandev: Import Board…', inFolder('changed.kandev.json'), 'Import');
    const dialog = workbench.page.locator('.monaco-dialog-box');
    await dialog.getByText('Add 1 cards and change 1? 1 stay as they are.').waitFor();
    await dialog.getByText('+ Third').waitFor();
    await workbench.dialogButton('Cancel').click();
    await window.shows({ Backlog: ['First', 'Second'] });

    await runWithFile('Kandev: Import Board…', inFolder('changed.kandev.json'), 'Import');
    await workbench.dialogButton('Import').click();
    await window.shows({ Backlog: ['The very first', 'Second', 'Third'] });
  });

  it('is left alone by a file that does not fit, which names the first place where it does not', async () => {
    const { workbench } = window;
    const file = await boardFile('board.kandev.json');
    const [first, second] = file.tasks;
    const broken = { ...file, tasks: [first, { ...second, state: 'SLEEPING' }] };
    await writeFile(inFolder('broken.kandev.json'), JSON.stringify(broken));
    await runWithFile('Kandev: Import Board…', inFolder('broken.kandev.json'), 'Import');
    await workbench.notification(/tasks\[1\]\.state|tasks\.1\.state/).waitFor();
    await window.shows({ Backlog: ['The very first', 'Second', 'Third'] });
  });

  it('comes back from the list of deleted cards', async () => {
    const { tree, workbench } = window;
    await tree.row('Second').click();
    await workbench.page.keyboard.press('Delete');
    await window.shows({ Backlog: ['The very first', 'Third'] });
    await workbench.runCommand('Kandev: Show Deleted Cards…');
    await workbench.page.getByPlaceholder('Which cards do you want back?').waitFor();
    await workbench.pick('Second');
    await workbench.page.locator('.quick-input-widget').getByText('OK', { exact: true }).click();
    await window.shows({ Backlog: ['The very first', 'Second', 'Third'] });
  });

  it('comes back from a backup, and so does what was there before', async () => {
    const { board, workbench } = window;
    const backups = async (): Promise<string[]> => {
      await workbench.runCommand('Kandev: Restore Backup…');
      await workbench.page.getByPlaceholder('Which board do you want back?').waitFor();
      return workbench.quickPickRow().allInnerTexts();
    };
    // The first of a day is made when the board has been quiet for half a minute.
    await eventually(backupFiles, 60_000).toHaveLength(1);
    await board.create({ title: 'Later' });
    const before = await backups();
    expect(before).toHaveLength(1);
    expect(before[0]).toContain('3 cards');
    await workbench.quickPickRow().first().click();
    await workbench.dialogButton('Restore').click();
    await workbench.notification('The board is again as it was on').waitFor();
    await window.shows({ Backlog: ['The very first', 'Second', 'Third'] });

    const after = await backups();
    expect(after).toHaveLength(2);
    const own = after.findIndex((row) => row.includes('Before another backup was restored'));
    expect(after[own]).toContain('4 cards');
    await workbench.quickPickRow().nth(own).click();
    await workbench.dialogButton('Restore').click();
    await window.shows({ Backlog: ['The very first', 'Second', 'Third', 'Later'] });
  });
});
