import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startEditor, type Editor } from '../harness/editor.ts';
import { makeRepository } from '../harness/repository.ts';
import { openWorkbench, type Workbench } from '../harness/workbench.ts';
import { script } from './agents.ts';
import { BoardPage } from './boardPage.ts';
import { CardTree, type CardsByColumn } from './cardTree.ts';
import { containersOfRun, removeContainersOfRun } from '../harness/containers.ts';
import { eventually } from './eventually.ts';

/** One page of a browser with the folder open. */
interface Page {
  workbench: Workbench;
  tree: CardTree;
  board: BoardPage;
}

const agent = 'Demo agent';
let folder = '';
let editor: Editor;
const open = new Map<string, Page>();

function page(name: string): Page {
  const found = open.get(name);
  if (!found) throw new Error(`The page ${name} is not open.`);
  return found;
}

async function openPage(name: string): Promise<void> {
  const workbench = await openWorkbench(editor.url);
  const opened = { workbench, tree: new CardTree(workbench), board: new BoardPage(workbench) };
  open.set(name, opened);
  await workbench.openKandevView();
  await opened.board.open();
}

/** Expects every open page to show these cards, in the tree and on the board. */
async function allShow(cards: CardsByColumn): Promise<void> {
  for (const { tree, board } of open.values()) {
    await eventually(() => board.cards()).toEqual(cards);
    await eventually(() => tree.cards()).toEqual(cards);
  }
}

/** Writes a card in one page and has an agent do it. */
async function doIn(name: string, title: string): Promise<void> {
  await page(name).board.createAndStart({ title, agent, description: script('message Done.') });
}

beforeAll(async () => {
  folder = await makeRepository('windows');
  editor = await startEditor({ folder, graceSeconds: 600 });
  await openPage('first');
  await openPage('second');
});

afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  for (const [name, { workbench }] of open) {
    await workbench.screenshot(`failed ${task.name} ${name}`.replaceAll(/[^\w]+/g, '-'));
  }
});

afterAll(async () => {
  for (const { workbench } of open.values()) await workbench.close();
  await editor.stop();
  // It was given no time to end its agents.
  await removeContainersOfRun();
});

describe('two windows on one folder', () => {
  it('show one board, live in both', async () => {
    await page('first').board.create({ title: 'From the first' });
    await page('second').board.create({ title: 'From the second' });
    await allShow({ Backlog: ['From the first', 'From the second'] });
    await page('second').board.card('From the first').click();
    await page('second').workbench.page.keyboard.press('Alt+ArrowRight');
    await allShow({ Backlog: ['From the second'], 'To Do': ['From the first'] });
  });

  it('both ask what an agent asks, and one answer is enough', async () => {
    const description = script('permission "Look around"', 'on allow message I have looked.');
    await page('second').board.createAndStart({ title: 'Ask', agent, description });
    for (const { workbench } of open.values()) await workbench.notification('Look around').waitFor();
    await page('second').workbench.notificationButton('Allow', 'Look around').click();
    for (const { workbench } of open.values()) {
      await workbench.notification('Look around').waitFor({ state: 'detached' });
    }
    await allShow({ Backlog: ['From the second'], 'To Do': ['From the first'], Review: ['Ask'] });
    expect(await containersOfRun()).toHaveLength(1);
  });

  it('go on when the page of the leading one has crashed, and its extension host is left behind', async () => {
    await page('first').workbench.crash();
    open.delete('first');
    await doIn('second', 'After the crash');
    await openPage('third');
    await allShow({
      Backlog: ['From the second'],
      'To Do': ['From the first'],
      Review: ['Ask', 'After the crash'],
    });
  });

  it('go on within 5 s when the leading extension host is killed, and no card is there twice', async () => {
    await editor.killFirstExtensionHost();
    const killed = performance.now();
    await page('second').board.create({ title: 'After the kill' });
    await page('third').board.card('After the kill').waitFor();
    // Both boards have drawn it: the time is that of the change of lead and more.
    expect(performance.now() - killed).toBeLessThan(5_000);
    await doIn('third', 'Still at work');
    await allShow({
      Backlog: ['From the second', 'After the kill'],
      'To Do': ['From the first'],
      Review: ['Ask', 'After the crash', 'Still at work'],
    });
  });

  it('go on when the leading window is closed', async () => {
    await page('second').workbench.page.goto('about:blank');
    await page('second').workbench.close();
    open.delete('second');
    await doIn('third', 'The last one');
    await allShow({
      Backlog: ['From the second', 'After the kill'],
      'To Do': ['From the first'],
      Review: ['Ask', 'After the crash', 'Still at work', 'The last one'],
    });
  });
});
