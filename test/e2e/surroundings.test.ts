import { symlink } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startEngineProxy, type EngineProxy } from '../docker/engineProxy.ts';
import { startEditor, type Editor } from '../harness/editor.ts';
import { makeRepository } from '../harness/repository.ts';
import { dockerHost, makeFolder } from '../harness/testRun.ts';
import { openWorkbench, type Workbench } from '../harness/workbench.ts';
import { script } from './agents.ts';
import { BoardPage } from './boardPage.ts';
import { CardTree } from './cardTree.ts';
import { testContainers } from './containers.ts';
import { eventually } from './eventually.ts';

let editor: Editor;
let workbench: Workbench;
let proxy: EngineProxy;
/** Where Kandev looks for Docker: nothing is there until a test puts a way to the engine there. */
let socket = '';

beforeAll(async () => {
  proxy = await startEngineProxy(dockerHost());
  socket = path.join(await makeFolder('engine'), 'docker.sock');
  editor = await startEditor({
    trust: 'asked',
    userSettings: {
      'kandev.docker.host': `unix://${socket}`,
      'security.workspace.trust.startupPrompt': 'never',
    },
  });
  workbench = await openWorkbench(editor.url);
});

afterEach(async ({ task }) => {
  const name = `failed ${task.name}`.replaceAll(/[^\w]+/g, '-');
  if (task.result?.state === 'fail') await workbench.screenshot(name);
});

afterAll(async () => {
  await workbench.close();
  await editor.stop();
  await proxy.close();
});

describe('Kandev', () => {
  it('without a folder offers to open one, and no command that needs one', async () => {
    await workbench.openKandevView();
    await workbench.sideBar.getByText('Kandev gives cards to coding agents that work in a folder.').waitFor();
    await workbench.sideBar.getByRole('button', { name: 'Open Folder' }).waitFor();
    await workbench.openPalette();
    await workbench.quickInput.fill('>Kandev: ');
    await workbench.quickPickRow('Kandev: Show Log').first().waitFor();
    expect(await workbench.quickPickRow('Kandev: New Card…').count()).toBe(0);
    await workbench.quickInput.press('Escape');
  });

  it('in a folder that is not trusted does nothing but ask for trust', async () => {
    await workbench.openFolder(await makeRepository('surroundings'));
    await workbench.openKandevView();
    await workbench.sideBar.getByText('Trust it to use its board.').waitFor();
    await workbench.sideBar.getByRole('button', { name: 'Manage Workspace Trust' }).click();
    await workbench.page
      .locator('.workspace-trust-editor')
      .getByRole('button', { name: 'Trust' })
      .first()
      .click();
    await workbench.sideBar
      .getByText('Agents run in Docker containers, and Docker does not answer.')
      .waitFor();
  });

  it('without Docker says so, lets cards be written all the same, and offers to look again', async () => {
    const tree = new CardTree(workbench);
    const board = new BoardPage(workbench);
    await workbench.sideBar.getByRole('button', { name: 'Check Again' }).click();
    const missing = `Docker is not installed or not running: nothing answers at unix://${socket}.`;
    await workbench.notification(missing).waitFor();
    await board.open();
    await board.create({ title: 'Patience', agent: 'Demo agent', description: script('message I am here') });
    await workbench.sideBar.getByText(missing).waitFor();
    await board.page.getByText(missing).waitFor();
    expect(await tree.cards()).toEqual({ Backlog: ['Patience'] });
  });

  it('without Docker queues what is started, and starts it as soon as Docker answers', async () => {
    const tree = new CardTree(workbench);
    const board = new BoardPage(workbench);
    await tree.clickAction('Patience', 'Start Agent');
    const text = '“Patience” is queued and starts when Docker answers.';
    await workbench.notification(text).waitFor();
    await board.card('Patience').getByText('Queued, place 1').waitFor();
    await eventually(() => tree.cards()).toEqual({ 'To Do': ['Patience'] });
    await symlink(proxy.dockerHost.replace('unix://', ''), socket);
    await workbench.notificationButton('Check Again', text).click();
    await eventually(() => tree.cards()).toEqual({ Review: ['Patience'] });
    await board.page.getByText('nothing answers').waitFor({ state: 'detached' });
    await workbench.sideBar.getByText('nothing answers').waitFor({ state: 'hidden' });
  });

  it('leaves no container when its window is closed', async () => {
    await workbench.page.goto('about:blank');
    await eventually(testContainers).toEqual([]);
  });
});
