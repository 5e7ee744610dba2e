import { globSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { FrameLocator, Locator } from 'playwright-core';
import { startEditor, type Editor } from '../../test/harness/editor.ts';
import { makeFolder } from '../../test/harness/testRun.ts';
import { openWorkbench, type Workbench } from '../../test/harness/workbench.ts';
import { projectRoot } from '../paths.mts';
import { run } from '../processes.mts';
import { ensureSampleProject } from '../sample/sampleProject.mts';
import { writeSampleHistory } from './sampleHistory.mts';

const folder = path.join(projectRoot, 'docs', 'images');
const viewport = { width: 1500, height: 820 };
const card = 'Write an overview of this repository';

/** Writes all pictures; those of before are replaced. */
export async function takePictures(): Promise<void> {
  await mkdir(folder, { recursive: true });
  const project = path.join(await makeFolder('pictures'), 'markdown-toc');
  await run('git', ['clone', '--quiet', await ensureSampleProject(), project], { cwd: projectRoot });
  // Not the name of whoever takes the pictures.
  await run('git', ['config', 'user.name', 'Ada'], { cwd: project });
  const userSettings = { 'comments.openView': 'never' };
  const editor = await startEditor({ folder: project, userSettings });
  try {
    await picturesOfARun(editor);
  } finally {
    await editor.stop();
  }
  const [database] = globSync('**/kandev.kandev/database', { cwd: editor.userDataDir });
  if (database === undefined) throw new Error('The board has left no database.');
  await writeSampleHistory(path.join(editor.userDataDir, database));
  const port = Number(new URL(editor.url).port);
  const again = await startEditor({ folder: project, userSettings, userDataDir: editor.userDataDir, port });
  try {
    await pictureOfStatistics(again);
  } finally {
    await again.stop();
  }
}

async function picturesOfARun({ url }: Editor): Promise<void> {
  const workbench = await openWorkbench(url, { viewport, theme: 'light' });
  const { page } = workbench;
  try {
    await workbench.openKandevView();
    await workbench.runCommand('Kandev: Add Sample Cards');
    await workbench.titleAction('Open Board').click();
    const board = page.frameLocator('iframe.webview').frameLocator('iframe#active-frame');
    await press(cardOf(board, card), 'Run (R)');
    await press(cardOf(board, 'List the open TODO comments'), 'Run (R)');
    await cardOf(board, card).getByRole('button', { name: 'Allow', exact: true }).waitFor();
    const asked = workbench.notification('Write KANDEV-OVERVIEW.md');
    await asked.waitFor();
    // The card that has the focus shows its buttons.
    await (await workbench.boardFrame()).evaluate('document.activeElement.blur()');
    await take(workbench, 'board');
    await takePart(workbench, 'tree', workbench.sideBar);
    await takePart(workbench, 'permission', asked);

    await press(cardOf(board, card), 'Allow');
    await board.getByRole('region', { name: 'Review', exact: true }).getByText(card).waitFor();
    await openOf(workbench, 'Kandev: Open Card');
    await (await workbench.webviewFrame('.run-header')).locator('.row').last().waitFor();
    await take(workbench, 'run');

    await openOf(workbench, 'Kandev: Review Changes');
    await writeComment(workbench);
    await take(workbench, 'review');

    await openOf(workbench, 'Kandev: Show Timeline');
    await (await workbench.webviewFrame('.timeline h1')).locator('.run-bar').first().waitFor();
    await take(workbench, 'timeline');
  } finally {
    await page.goto('about:blank');
    await workbench.close();
  }
}

function cardOf(board: FrameLocator, title: string): Locator {
  const heading = board.getByRole('heading', { level: 3, name: title, exact: true });
  return board.locator('kandev-card').filter({ has: heading });
}

/** Presses a button of a card; those in its corner show only while the pointer is on the card. */
async function press(on: Locator, label: string): Promise<void> {
  await on.hover();
  await on.getByRole('button', { name: label, exact: true }).click();
}

async function writeComment({ page }: Workbench): Promise<void> {
  const line = page.locator('.multiDiffEditor .modified .view-line').nth(4);
  await line.click();
  await page.keyboard.press('Control+k');
  await page.keyboard.press('Control+Alt+c');
  const comment = page.locator('.review-widget');
  await comment.locator('.comment-form .monaco-editor').first().waitFor();
  await page.keyboard.insertText('Please say in one sentence whom this is for.');
  await comment.getByRole('button', { name: /^Add Comment/ }).click();
  await comment.getByText('Not sent yet').waitFor();
}

async function pictureOfStatistics({ url }: Editor): Promise<void> {
  const workbench = await openWorkbench(url, { viewport, theme: 'light' });
  try {
    await workbench.openKandevView();
    await workbench.runCommand('Kandev: Statistics');
    await (await workbench.webviewFrame('.insight h1')).locator('kandev-chart').first().waitFor();
    await take(workbench, 'statistics');
  } finally {
    await workbench.page.goto('about:blank');
    await workbench.close();
  }
}

async function openOf(workbench: Workbench, command: string): Promise<void> {
  await workbench.runCommand('Notifications: Clear All Notifications');
  await workbench.runCommand(command);
  await workbench.pick(card);
}

/** The pointer leaves no tooltip in the picture. */
async function settle({ page }: Workbench): Promise<void> {
  await page.mouse.move(viewport.width / 2, viewport.height - 4);
  await page.locator('.monaco-hover:visible, .workbench-hover:visible').first().waitFor({ state: 'hidden' });
  // Until fonts and what is just sliding in are drawn.
  await page.waitForTimeout(600);
}

async function take(workbench: Workbench, name: string): Promise<void> {
  await settle(workbench);
  await workbench.page.screenshot({ path: fileOf(name), animations: 'disabled' });
}

/** A part of the window, as high as what is in it. */
async function takePart(workbench: Workbench, name: string, part: Locator): Promise<void> {
  await settle(workbench);
  const box = await part.boundingBox();
  if (!box) throw new Error(`There is nothing to take a picture of: ${name}.`);
  const clip = { ...box, height: Math.min(box.height, 320) };
  await workbench.page.screenshot({ path: fileOf(name), clip, animations: 'disabled' });
}

function fileOf(name: string): string {
  return path.join(folder, `${name}.png`);
}
