import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeRepository } from '../harness/repository.ts';
import { script } from './agents.ts';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

const window = useWindow(async () => ({
  folder: await makeRepository('project', {
    'README.md': 'one\ntwo\nthree\n',
    'old.txt': 'old\n',
    'src/greet.ts': 'export const greeting = 1;\n',
  }),
}));
const title = 'Greet the world';

const inFolder = (file: string): string => path.join(window.folder, file);
const text = (file: string): Promise<string> => readFile(inFolder(file), 'utf8');
const isThere = (file: string): Promise<boolean> =>
  stat(inFolder(file)).then(
    () => true,
    () => false,
  );

/** The editor of many changed files. */
const review = () => window.workbench.page.locator('.multiDiffEditor');
const reviewedFile = (name: string) => review().locator('.multiDiffEntry').filter({ hasText: name });

describe('what an agent has done in the folder', () => {
  it('is counted on the card, and offered for review when the agent has finished', async () => {
    const { board, tree, workbench } = window;
    await board.createAndStart({
      title,
      description: script(
        'write README.md "one\\n2\\nthree\\n"',
        'write src/world.ts "export const world = 1;\\n"',
        'terminal style=text rm old.txt && head -c 70000 /dev/zero > picture.bin',
        'message Done.',
      ),
      agent: 'Demo agent',
    });
    await workbench.notification(`“${title}” is ready for your review.`).waitFor();
    await board.card(title).getByText('4 files').waitFor();
    expect(await board.card(title).innerText()).toMatch(/4 files\s*\+2\s*−2/);
    await eventually(() => tree.description(title)).toContain('4 files +2 −2');
  });

  it('opens in VS Code’s editor for many files: changed, new, gone, and not text', async () => {
    const { workbench } = window;
    await workbench.notificationButton('Review Changes', title).click();
    await workbench.page.getByRole('tab', { name: new RegExp(`“${title}”.*4 files`) }).waitFor();
    for (const name of ['README.md', 'old.txt', 'picture.bin', 'world.ts'])
      await reviewedFile(name).waitFor();
    await reviewedFile('README.md').getByText('two', { exact: true }).waitFor();
    await reviewedFile('picture.bin').getByText('This file is not text (68.4 KB)').waitFor();
    for (const theme of ['light', 'dark', 'hc-dark'] as const) {
      await workbench.setTheme(theme);
      await workbench.screenshot(`review ${theme}`);
    }
  });

  it('is still there when the window was reloaded', async () => {
    const { workbench } = window;
    await workbench.reload();
    await reviewedFile('README.md').getByText('two', { exact: true }).waitFor();
    await reviewedFile('picture.bin').getByText('This file is not text (68.4 KB)').waitFor();
  });

  it('can be edited where it is reviewed', async () => {
    const { workbench } = window;
    await reviewedFile('README.md').getByText('three', { exact: true }).last().click();
    await workbench.page.keyboard.press('End');
    await workbench.page.keyboard.type(' and four');
    await workbench.page.keyboard.press('Control+s');
    await eventually(() => text('README.md')).toBe('one\n2\nthree and four\n');
  });

  it('has in its menus what makes sense in the folder, and nothing else', async () => {
    const { workbench, board } = window;
    await workbench.page.getByRole('tab', { name: 'Kandev Board' }).click();
    await board.card(title).click({ button: 'right' });
    await workbench.menuItem('Changes').hover();
    await workbench.menuItem('Commit…').waitFor();
    await workbench.screenshot('changes menu');
    const offered = ['Review All Changes of Card', 'Create Branch…', 'Roll Back to Before This Run…'];
    for (const label of offered) expect(await workbench.menuItem(label).last().isVisible(), label).toBe(true);
    for (const label of ['Apply to Folder…', 'Merge Branch…', 'Push Branch…', 'Discard Changes…']) {
      expect(await workbench.menuItem(label).count(), label).toBe(0);
    }
    await workbench.chooseFromMenu('Roll Back to Before This Run…');
  });

  it('is rolled back without what the user has changed since', async () => {
    const { workbench, board } = window;
    await workbench.dialogButton('Roll Back').waitFor();
    await workbench.screenshot('roll back, asked');
    await workbench.dialogButton('Roll Back').click();
    const keep = workbench.dialogButton('Keep These, Take Back the Rest');
    await keep.waitFor();
    await workbench.screenshot('roll back, conflicts');
    expect(await text('README.md')).toBe('one\n2\nthree and four\n');
    await keep.click();
    await workbench
      .notification(`“${title}” was rolled back: 3 files. These were left as they are: README.md.`)
      .waitFor();
    expect(await text('README.md')).toBe('one\n2\nthree and four\n');
    expect(await text('old.txt')).toBe('old\n');
    expect(await isThere('src/world.ts')).toBe(false);
    expect(await isThere('picture.bin')).toBe(false);
    await board.card(title).getByText('1 file').waitFor();
  });

  it('is brought back by “Undo”', async () => {
    const { workbench, board } = window;
    await workbench.notificationButton('Undo', 'was rolled back').click();
    await eventually(() => isThere('picture.bin')).toBe(true);
    expect(await isThere('old.txt')).toBe(false);
    expect(await text('README.md')).toBe('one\n2\nthree and four\n');
    await board.card(title).getByText('4 files').waitFor();
  });

  it('is committed with a message that is proposed, and the card is done', async () => {
    const { workbench } = window;
    await writeFile(inFolder('mine.txt'), 'mine\n');
    await workbench.runCommand('Kandev: Commit…');
    await workbench.pick(title);
    await eventually(() => workbench.quickInput.inputValue()).toBe(title);
    await workbench.screenshot('commit');
    await workbench.enter(title);
    await workbench.notificationButton('Mark as Done', 'was committed').click();
    await window.standsIn(title, 'Done');
    expect(await window.logOf(title)).toContainEqual(expect.stringMatching(/^changes: committed by /));
  });

  it('leaves a list of all that can still be undone', async () => {
    const { workbench } = window;
    await workbench.runCommand('Kandev: Undo Apply, Roll Back or Discard…');
    await workbench.quickPickRow('Undo').first().waitFor();
    await workbench.screenshot('undo list');
    await workbench.page.keyboard.press('Escape');
  });
});

describe('a thousand changed files, and one of 10 MB', () => {
  const many = 'Write a lot';

  it('are counted', async () => {
    const { board, workbench } = window;
    await board.createAndStart({
      title: many,
      description: script(
        'terminal style=text mkdir many && cd many && yes a line | head -c 10485760 > 0-big.txt',
        'terminal style=text cd many && i=1; while [ $i -lt 1000 ]; do echo $i > $i.txt; i=$((i+1)); done',
        'message Done.',
      ),
      agent: 'Demo agent',
    });
    await workbench.notification(`“${many}” is ready for your review.`).waitFor();
    await board.card(many).getByText('1000 files').waitFor();
  });

  it('are shown part by part, and VS Code stays usable', async () => {
    const { workbench, tree } = window;
    await tree.clickAction(many, 'Review Changes');
    await workbench.quickPickRow('Files 1 to 250').waitFor();
    await workbench.screenshot('review in parts');
    expect(await workbench.quickPickRow().count()).toBe(4);
    await workbench.pick('Files 1 to 250');
    await reviewedFile('0-big.txt').waitFor();
    await reviewedFile('0-big.txt')
      .getByText('This file is too large to be compared here (10.0 MB).')
      .waitFor();
    await workbench.screenshot('review of many');
    // The extension host and the window both still answer.
    await workbench.runCommand('Kandev: Show Log');
    await workbench.page.locator('.part.panel').getByText(`[${many}]`).first().waitFor();
  });
});
