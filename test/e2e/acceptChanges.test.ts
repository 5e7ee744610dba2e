import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeRepository } from '../harness/repository.ts';
import { script } from './agents.ts';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

const lines = Array.from({ length: 30 }, (_, index) => `line ${index + 1}\n`);
const window = useWindow(async () => ({
  folder: await makeRepository('project', { 'long.txt': lines.join(''), 'src/greet.ts': 'export {};\n' }),
}));
const title = 'Change two places';

const inFolder = (file: string): string => path.join(window.folder, file);
const text = (file: string): Promise<string> => readFile(inFolder(file), 'utf8');

/** The folder's file with these of its lines (from 1) in capitals, as the agent has made them. */
const withCapitals = (...places: number[]): string =>
  lines.map((line, index) => (places.includes(index + 1) ? line.toUpperCase() : line)).join('');

async function goToLine(line: number): Promise<void> {
  await window.workbench.page.locator('.monaco-diff-editor .modified .view-lines').first().click();
  await window.workbench.page.keyboard.press('Control+g');
  await window.workbench.enter(`:${line}`);
}

describe('a result in a clone', () => {
  it('is reviewed file by file', async () => {
    const { board, workbench } = window;
    await board.createAndStart({
      title,
      worksIn: 'A clone of its own',
      description: script(
        `write long.txt ${JSON.stringify(withCapitals(2, 20))}`,
        'write src/greet.ts "export const hello = 1;\\n"',
        'write unwanted.txt "no\\n"',
      ),
      agent: 'Demo agent',
    });
    await board.card(title).getByText('3 files').waitFor();
    await board.card(title).press(' ');
    await board.page.locator('.peek .markdown .code').waitFor();
    await workbench.screenshot('peek');
    await workbench.page.keyboard.press('Escape');
    await workbench.runCommand('Kandev: Next File to Review');
    await workbench.pick(title);
    await workbench.page.getByRole('tab', { name: /long\.txt \(3 to review\)/ }).waitFor();
  });

  it('is accepted change by change, into the folder and nowhere else, and can be undone', async () => {
    const { workbench } = window;
    await goToLine(20);
    await workbench.runCommand('Kandev: Accept Change at Cursor');
    await eventually(() => text('long.txt')).toBe(withCapitals(20));
    await workbench.notification('Accepted into the folder').waitFor();
    await workbench.screenshot('accepted-change');
    await workbench.notificationButton('Undo', 'Accepted into the folder').click();
    await eventually(() => text('long.txt')).toBe(withCapitals());
    await goToLine(2);
    await workbench.runCommand('Kandev: Accept Change at Cursor');
    await eventually(() => text('long.txt')).toBe(withCapitals(2));
  });

  it('is accepted and rejected file by file, each of which leads to the next one', async () => {
    const { workbench } = window;
    await workbench.runCommand('Kandev: Accept Changes of File');
    await eventually(() => text('long.txt')).toBe(withCapitals(2, 20));
    await workbench.page.getByRole('tab', { name: /src\/greet\.ts/ }).waitFor();
    await workbench.runCommand('Kandev: Accept Changes of File');
    await eventually(() => text('src/greet.ts')).toBe('export const hello = 1;\n');
    await workbench.page.getByRole('tab', { name: /unwanted\.txt/ }).waitFor();
    await workbench.runCommand('Kandev: Reject Changes of File');
    await workbench.notification('unwanted.txt was taken back').waitFor();
    await workbench.screenshot('rejected-file');
    await expect(stat(inFolder('unwanted.txt'))).rejects.toThrow('ENOENT');
  });
});
