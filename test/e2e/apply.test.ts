import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { makeRepository } from '../harness/repository.ts';
import { script } from './agents.ts';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

const window = useWindow(async () => ({
  folder: await makeRepository('project', { 'numbers.txt': 'one\ntwo\nthree\n' }),
  userSettings: { 'files.autoSave': 'off' },
}));
const title = 'Use figures';

const inFolder = (file: string): string => path.join(window.folder, file);
const text = (file: string): Promise<string> => readFile(inFolder(file), 'utf8');
const git = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)('git', args, { cwd: window.folder })).stdout.trimEnd();

async function choose(...labels: readonly string[]): Promise<void> {
  await window.tree.row(title).click({ button: 'right' });
  await window.workbench.chooseFromMenu('Changes', ...labels);
}

describe('what an agent has done in a clone', () => {
  it('leaves the folder as it is', async () => {
    const { workbench, tree } = window;
    const description = script(
      'write numbers.txt "one\\n2\\nthree\\n"',
      'write new.txt "new\\n"',
      'message Done.',
    );
    await window.board.create({ title, description, agent: 'Demo agent', worksIn: 'A clone of its own' });
    await tree.clickAction(title, 'Start Agent');
    await workbench.notification(`“${title}” is ready for your review.`).waitFor();
    await eventually(() => tree.description(title)).toContain('2 files +2 −1');
    expect(await git('status', '--porcelain')).toBe('');
  });

  it('is reviewed from the tree', async () => {
    const { workbench, tree } = window;
    await tree.clickAction(title, 'Review Changes');
    const review = workbench.page.locator('.multiDiffEditor');
    await review.getByText('two', { exact: true }).waitFor();
    await review.locator('.multiDiffEntry').filter({ hasText: 'new.txt' }).waitFor();
    await workbench.screenshot('review of a clone');
  });

  it('is discarded, and brought back', async () => {
    const { workbench, tree } = window;
    await choose('Discard Changes…');
    await workbench.dialogButton('Discard').click();
    await workbench.notification(`The changes of “${title}” were discarded: 2 files.`).waitFor();
    await eventually(() => tree.description(title)).not.toContain('files');
    await workbench.notificationButton('Undo', 'were discarded').click();
    await eventually(() => tree.description(title)).toContain('2 files +2 −1');
  });

  it('is not mixed with what the user has not committed before they say so', async () => {
    const { workbench } = window;
    await writeFile(inFolder('numbers.txt'), 'one\nzwei\nthree\n');
    await choose('Apply to Folder…');
    await workbench.dialogButton('Apply').waitFor();
    await workbench.screenshot('apply, asked');
    await workbench.dialogButton('Apply').click();
    await workbench.page.getByText('numbers.txt: has changes that are not committed').waitFor();
    await workbench.dialogButton('Merge Anyway').waitFor();
    await workbench.screenshot('apply, blocked');
    await workbench.dialogButton('Cancel').click();
    expect(await git('status', '--porcelain')).toBe(' M numbers.txt');
  });

  it('opens VS Code’s merge editor where both sides have changed the same line', async () => {
    const { workbench } = window;
    await git('commit', '--quiet', '--all', '--message', 'In German');
    await choose('Apply to Folder…');
    await workbench.dialogButton('Apply').click();
    const message = 'both sides have changed the same lines of numbers.txt';
    await workbench.notification(message).waitFor();
    const editor = workbench.page.locator('.merge-editor');
    await editor.getByRole('button', { name: 'Complete Merge' }).waitFor();
    await editor.getByText('zwei', { exact: true }).first().waitFor();
    for (const theme of ['light', 'dark'] as const) {
      await workbench.setTheme(theme);
      await workbench.screenshot(`merge editor ${theme}`);
    }
    expect(await git('diff', '--name-only', '--diff-filter=U')).toBe('numbers.txt');
    expect(await text('new.txt')).toBe('new\n');
    await workbench.notificationButton('Undo', message).click();
    // The merge editor has begun with what both sides had: that is not saved, and then is a change.
    await workbench.dialogButton('Save and Try Again').click();
    await workbench.dialogButton('Take Back the Changed Ones Too').click();
    await eventually(() => git('status', '--porcelain')).toBe('');
    expect(await text('numbers.txt')).toBe('one\nzwei\nthree\n');
  });

  it('is merged into the branch of the folder, and the card is done', async () => {
    const { workbench } = window;
    await git('reset', '--quiet', '--hard', 'HEAD~1');
    await choose('Merge Branch…');
    await eventually(() => workbench.quickInput.inputValue()).toBe(title);
    await workbench.screenshot('merge, asked');
    await workbench.enter('Use figures instead of words');
    await workbench.notificationButton('Mark as Done', 'was merged into the branch of the folder').click();
    await eventually(() => window.tree.cards()).toMatchObject({ Done: [title] });
    expect(await git('log', '--format=%s')).toBe('Use figures instead of words\nFirst commit');
    expect(await text('numbers.txt')).toBe('one\n2\nthree\n');
  });
});
