import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder } from '../harness/testRun.ts';
import { script } from './agents.ts';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

const window = useWindow(async () => {
  const folder = await makeFolder('plain');
  await writeFile(path.join(folder, 'numbers.txt'), 'one\ntwo\nthree\n');
  await writeFile(path.join(folder, 'letters.txt'), 'a\n');
  return { folder };
});
const title = 'Use figures';
const text = (file: string): Promise<string> => readFile(path.join(window.folder, file), 'utf8');

describe('what an agent has done in a copy of a folder without git', () => {
  it('leaves the folder as it is, and offers nothing that needs git', async () => {
    const { workbench, tree } = window;
    const description = script(
      'write numbers.txt "one\\n2\\nthree\\n"',
      'write letters.txt "A\\n"',
      'message Done.',
    );
    await window.board.create({ title, description, agent: 'Demo agent', worksIn: 'A copy of the folder' });
    await tree.clickAction(title, 'Start Agent');
    await workbench.notification(`“${title}” is ready for your review.`).waitFor();
    expect(await text('letters.txt')).toBe('a\n');
    await eventually(() => tree.description(title)).toContain('2 files');
    await tree.row(title).click({ button: 'right' });
    await workbench.menuItem('Changes').hover();
    await workbench.menuItem('Apply to Folder…').waitFor();
    for (const label of ['Commit…', 'Merge Branch…', 'Create Branch…', 'Push Branch…']) {
      expect(await workbench.menuItem(label).count(), label).toBe(0);
    }
    await workbench.page.keyboard.press('Escape');
    await workbench.page.keyboard.press('Escape');
  });

  it('is applied but for files that both sides have changed, which open beside each other', async () => {
    const { workbench, tree } = window;
    await writeFile(path.join(window.folder, 'numbers.txt'), 'one\nzwei\nthree\n');
    await tree.row(title).click({ button: 'right' });
    await workbench.chooseFromMenu('Changes', 'Apply to Folder…');
    await workbench.dialogButton('Apply').click();
    await workbench.notification('There the folder is as it was; all else is applied.').waitFor();
    expect(await text('letters.txt')).toBe('A\n');
    expect(await text('numbers.txt')).toBe('one\nzwei\nthree\n');
    const editor = workbench.page.locator('.merge-editor');
    await editor.getByText('zwei', { exact: true }).first().waitFor();
    await editor.getByText('The folder', { exact: true }).first().waitFor();
    await workbench.screenshot('merge editor of a copy');
    await workbench.notificationButton('Undo', 'all else is applied').click();
    await eventually(() => text('letters.txt')).toBe('a\n');
  });
});
