import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startEditor, type Editor } from '../harness/editor.ts';
import { makeRepository } from '../harness/repository.ts';
import { openWorkbench, type Workbench } from '../harness/workbench.ts';
import { BoardPage } from './boardPage.ts';
import { CardTree } from './cardTree.ts';
import { eventually } from './eventually.ts';

let editor: Editor;
let workbench: Workbench;
let board: BoardPage;
let tree: CardTree;
let folder = '';

beforeAll(async () => {
  folder = await makeRepository('welcome');
  editor = await startEditor({
    trust: 'asked',
    userSettings: {
      // The folder is opened without trust, as when that question was answered with no.
      'security.workspace.trust.startupPrompt': 'never',
      'workbench.editor.useModal': 'off',
    },
  });
  workbench = await openWorkbench(editor.url);
  board = new BoardPage(workbench);
  tree = new CardTree(workbench);
});

afterEach(async ({ task }) => {
  const name = `failed ${task.name}`.replaceAll(/[^\w]+/g, '-');
  if (task.result?.state === 'fail') await workbench.screenshot(name);
});

afterAll(async () => {
  await workbench.close();
  await editor.stop();
});

/** The commands that need no board; the first is VS Code's own, which every view has. */
const always = ['Kandev: Focus on Board View', 'Kandev: Show Log'];

/** A button of the welcome in the side bar. */
function button(label: string): Locator {
  return workbench.sideBar.locator('.welcome-view').getByRole('button', { name: label, exact: true });
}

/** The commands of Kandev that the palette offers. */
async function offeredCommands(): Promise<string[]> {
  await workbench.openPalette();
  await workbench.quickInput.fill('>Kandev: ');
  await workbench.quickPickRow('Kandev: Show Log').first().waitFor();
  const rows = await workbench.quickPickRow().locator('.label-name').allInnerTexts();
  await workbench.quickInput.press('Escape');
  return rows.filter((row) => row.startsWith('Kandev: '));
}

/** What Kandev keeps of folders. */
async function keptFiles(): Promise<string[]> {
  const files = await readdir(path.join(editor.userDataDir, 'User'), { recursive: true });
  return files.filter((file) => /workspaceStorage\/.*kandev\.kandev\//.test(file));
}

describe('the welcome', () => {
  it('of a window without a folder opens one', async () => {
    await workbench.openKandevView();
    await workbench.sideBar.getByText('Open one to begin.').waitFor();
    expect(await offeredCommands()).toEqual(always);
    await button('Open Folder').click();
    await workbench.page.locator('.quick-input-title').getByText('Open Folder').waitFor();
    await workbench.acceptPath(`${folder}/`, 'OK');
    await workbench.page.waitForURL(/\?folder=/);
    await workbench.ready();
  });

  it('of a folder that is not trusted leads to where it is trusted, and nothing is opened before', async () => {
    await workbench.openKandevView();
    await workbench.sideBar.getByText('Trust it to use its board.').waitFor();
    expect(await offeredCommands()).toEqual(always);
    expect(await keptFiles()).toEqual([]);
    await button('Manage Workspace Trust').click();
    const trust = workbench.page.locator('.workspace-trust-editor');
    await trust.getByRole('button', { name: 'Trust', exact: true }).click();
    await button('New Card').waitFor();
    expect(await keptFiles()).not.toEqual([]);
  });

  it('of an empty board opens the board', async () => {
    await button('Open Board').click();
    await board.page.getByText('No cards yet').waitFor();
  });

  it('of an empty board asks for a new card', async () => {
    await button('New Card').click();
    await workbench.page.getByText('New Card (1/6)').waitFor();
    await workbench.quickInput.press('Escape');
    await workbench.quickInput.waitFor({ state: 'hidden' });
  });

  it('of an empty board adds sample cards, which take its place', async () => {
    await button('Add Sample Cards').click();
    const Backlog = [
      'Write an overview of this repository',
      'List the open TODO comments',
      'Decide what to build next',
    ];
    await eventually(() => tree.cards()).toEqual({ Backlog });
    await eventually(() => board.cards()).toEqual({ Backlog });
    expect(await button('Add Sample Cards').count()).toBe(0);
  });
});
