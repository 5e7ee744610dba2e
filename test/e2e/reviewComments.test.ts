import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeRepository } from '../harness/repository.ts';
import { patiently } from '../harness/workbench.ts';
import { script } from './agents.ts';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

const window = useWindow(async () => ({
  folder: await makeRepository('project', { 'README.md': 'one\ntwo\nthree\nfour\n' }),
}));
const title = 'Count to four';

const page = () => window.workbench.page;
const review = () => page().locator('.multiDiffEditor');
const line = (text: string) =>
  review().locator('.modified .view-line').getByText(text, { exact: true }).last();
const thread = (text: string) => page().locator('.review-widget').filter({ hasText: text });

const form = () => page().locator('.review-widget .comment-form .monaco-editor').first();

async function write(comment: string, button: string): Promise<void> {
  await form().waitFor();
  await page().keyboard.insertText(comment);
  await window.workbench.screenshot(`comment, ${button}`);
  await page()
    .locator('.review-widget')
    .getByRole('button', { name: new RegExp(`^${button}`) })
    .click();
  await thread(comment.split('\n')[0] ?? '').waitFor();
}

describe('the review of what an agent has done', () => {
  it('opens, and a comment is written at a line', async () => {
    const { board, workbench } = window;
    await board.createAndStart({
      title,
      description: script('write README.md "one\\n2\\nthree\\n4\\n"'),
      agent: 'Demo agent',
    });
    await workbench.notificationButton('Review Changes', title).click();
    await line('4').hover();
    const glyph = review().locator('.modified .comment-range-glyph.line-hover').first();
    await glyph.click();
    await write('Write it as a word, please.', 'Add Comment');
    await thread('Write it as a word').getByText('Not sent yet').waitFor();
  });

  it('is still there after a reload, with its comments', async () => {
    const { workbench, tree } = window;
    await workbench.reload();
    // VS Code does not always bring an editor for many files back.
    await tree.clickAction(title, 'Review Changes');
    await line('4').waitFor();
    await thread('Write it as a word').waitFor();
    await workbench.screenshot('comments');
  });

  it('goes to the agent as one message; what it changes is resolved, the rest is open again (by keyboard)', async () => {
    const answer = script('write README.md "one\\nzwei\\nthree\\n4\\n"');
    await patiently(async (timeout) => {
      await line('2').click({ timeout });
      await page().keyboard.press('Control+k');
      await page().keyboard.press('Control+Alt+c');
      await form().waitFor({ timeout });
    });
    await write(`In German.\n${answer}`, 'Comment and Send Review');
    await thread('Write it as a word').getByText('Open again').waitFor();
    // What is resolved is folded away, as VS Code does it.
    await thread('In German').waitFor({ state: 'hidden' });
    await page().locator('.comments-panel').getByText('In German').click();
    await thread('In German').getByText('Resolved').waitFor();
    await window.workbench.screenshot('comments answered');
  });

  it('shows on its card what is left', async () => {
    const { workbench, board } = window;
    await page().getByRole('tab', { name: 'Kandev Board' }).click();
    await board.card(title).getByTitle('1 comment to send').waitFor();
    await workbench.screenshot('card with comments');
    expect(await board.card(title).getAttribute('aria-label')).toContain('1 comment to send');
  });

  it('is gone through file by file, and a change at the cursor is taken back and brought back', async () => {
    const { workbench } = window;
    const text = (): Promise<string> => readFile(path.join(window.folder, 'README.md'), 'utf8');
    await workbench.runCommand('Kandev: Next File to Review');
    await workbench.pick(title);
    await page()
      .getByRole('tab', { name: /README.md \(the last one to review\)/ })
      .waitFor();
    const changed = page().locator('.editor.modified .view-line').getByText('zwei', { exact: true });
    await changed.click();
    await page().keyboard.press('Control+Alt+Backspace');
    // Against the beginning of the latest run, which the reload may have made a new one.
    await eventually(text).toMatch(/^one\n(two|2)\nthree\n4\n$/);
    await workbench.screenshot('change taken back');
    await page().keyboard.press('Control+z');
    await page().keyboard.press('Control+s');
    await eventually(text).toBe('one\nzwei\nthree\n4\n');
    await page().keyboard.press('Control+Alt+Enter');
    await workbench.notification(`You have reviewed all files of “${title}”.`).waitFor();
    await workbench.screenshot('all reviewed');
  });
});
