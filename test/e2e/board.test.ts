import { describe, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

const window = useWindow();

async function press(...keys: readonly string[]): Promise<void> {
  for (const key of keys) await window.workbench.page.keyboard.press(key);
}

const inBacklog = { Backlog: ['One', 'Two', 'Three', 'Four'] };

describe('with the keyboard alone', () => {
  it('several lines make several cards in a column, and typing goes on there', async () => {
    const { board, workbench } = window;
    // Nobody works on them: new cards have the agent that was chosen last.
    await board.create({ title: 'One' });
    await press('n');
    await board.page.getByLabel('Titles of new cards, a line each').waitFor();
    await workbench.page.keyboard.insertText('- Two\n- Three\n- Four');
    await press('Enter');
    await window.shows(inBacklog);
    await eventually(() => board.page.locator('.quick-input:focus').inputValue()).toBe('');
    await press('Escape');
    await board.page.getByText('3 cards were created.').waitFor();
  });

  it('several cards are selected and moved together, and go back with Ctrl+Z', async () => {
    const { board } = window;
    await board.card('Two').focus();
    await press('x', 'Shift+ArrowDown');
    await board.page.getByRole('toolbar', { name: '2 cards selected' }).waitFor();
    await press('Alt+ArrowRight');
    await window.shows({ Backlog: ['One', 'Four'], 'To Do': ['Two', 'Three'] });
    await board.page.getByText('2 cards were moved to To Do.').waitFor();
    await press('Control+z');
    await window.shows(inBacklog);
    await press('Escape', 'Escape');
    expect(await board.page.locator('kandev-card[data-selected]').count()).toBe(0);
  });

  it('a move goes back where the table of states knows no such way', async () => {
    const { board } = window;
    await board.card('One').focus();
    for (const column of ['To Do', 'In Progress', 'Review', 'Done']) {
      await press('Alt+ArrowRight');
      await eventually(() => board.cards()).toMatchObject({ [column]: ['One'] });
    }
    for (const column of ['Review', 'In Progress', 'To Do']) {
      await press('Control+z');
      await eventually(() => board.cards()).toMatchObject({ [column]: ['One'] });
    }
    await press('Control+z');
    await window.shows(inBacklog);
  });

  it('Space peeks at a card, and arrows lead on to the next', async () => {
    const { board } = window;
    await board.card('One').focus();
    await press(' ');
    await board.page.getByRole('dialog', { name: 'One' }).waitFor();
    await press('ArrowDown');
    await board.page.getByRole('dialog', { name: 'Two' }).waitFor();
    await press(' ');
    await board.page.getByRole('dialog').waitFor({ state: 'detached' });
    await board.card('Two').and(board.page.locator(':focus')).waitFor();
  });
});

describe('with the mouse', () => {
  it('several cards are dragged at once', async () => {
    const { board } = window;
    await board.card('One').click();
    await board.card('Three').click({ modifiers: ['ControlOrMeta'] });
    await board.card('One').click({ modifiers: ['ControlOrMeta'] });
    await board.dragToColumn('One', 'To Do');
    await window.shows({ Backlog: ['Two', 'Four'], 'To Do': ['One', 'Three'] });
  });

  it('a column has a limit, of which the board and the tree warn', async () => {
    const { board, workbench } = window;
    const header = board.column('To Do').locator('.column-head');
    await header.click({ button: 'right' });
    await workbench.chooseFromMenu('Set Column Limit…');
    await workbench.enter('1');
    await header.getByText('Over its limit of 1').waitFor({ state: 'attached' });
    await eventually(() => window.tree.description('To Do')).toBe('2 / 1');
  });
});

describe('several boards', () => {
  const here = { Backlog: ['Two', 'Four'], 'To Do': ['One', 'Three'] };

  it('one is made and gone to with the keyboard alone, and the mouse leads back', async () => {
    const { board, workbench } = window;
    await board.card('Four').focus();
    await press('b');
    await workbench.quickPickRow('Board').getByText('4 cards').waitFor();
    await press('ArrowDown', 'Enter');
    await workbench.page.locator('.quick-input-title').getByText('New Board', { exact: true }).waitFor();
    await workbench.enter('Later');
    await board.page.getByRole('heading', { name: 'No cards on “Later” yet' }).waitFor();
    await board.page.getByRole('button', { name: /^Board Later/ }).click();
    await workbench.pick('Board');
    await window.shows(here);
    // Where it was left.
    await board.card('Four').and(board.page.locator(':focus')).waitFor();
  });

  it('cards go to another one from their menu, and back with Ctrl+Z', async () => {
    const { board, workbench } = window;
    const move = async (): Promise<void> => {
      await board.card('Three').click({ button: 'right' });
      await workbench.chooseFromMenu('Move to Board…');
      await workbench.pick('Later');
      await window.shows({ ...here, 'To Do': ['One'] });
    };
    await board.card('One').click();
    await move();
    await board.page.getByText('“Three” was moved to the board “Later”.').waitFor();
    await board.card('One').focus();
    await press('Control+z');
    await window.shows(here);
    await move();
    await workbench.titleAction('Switch Board…').click();
    await workbench.pick('Later');
    await window.shows({ 'To Do': ['Three'] });
  });

  it('one is deleted with its cards, which are named, and comes back with them', async () => {
    const { board, workbench } = window;
    await board.button('More Actions for the Board…').click();
    await workbench.chooseFromMenu('Delete Board…');
    await workbench.page.locator('.monaco-dialog-box').getByText('• Three').waitFor();
    await workbench.dialogButton('Delete Board').click();
    await window.shows({ ...here, 'To Do': ['One'] });
    await workbench.notificationButton('Undo', 'The board “Later” was deleted.').click();
    await window.shows({ 'To Do': ['Three'] });
  });

  it('are as they were left after a reload: the board, its filter and its columns', async () => {
    const { board, workbench } = window;
    const switchTo = async (from: string, to: string): Promise<void> => {
      await board.page.getByRole('button', { name: new RegExp(`^Board ${from}`) }).click();
      await workbench.pick(to);
    };
    await switchTo('Later', 'Board');
    await window.shows({ ...here, 'To Do': ['One'] });
    await board.page.getByRole('searchbox').fill('one');
    await window.shows({ 'To Do': ['One'] });
    // Each board has its own.
    await switchTo('Board', 'Later');
    await window.shows({ 'To Do': ['Three'] });
    await switchTo('Later', 'Board');
    await window.shows({ 'To Do': ['One'] });
    await board.column('Backlog').hover();
    await board.button('Collapse Backlog').click();
    await board.page.getByTitle('Expand Backlog').waitFor();
    await workbench.reload();
    await window.shows({ 'To Do': ['One'] });
    await expect(board.page.getByRole('searchbox').inputValue()).resolves.toBe('one');
    await board.page.getByTitle('Expand Backlog').waitFor();
  });
});
