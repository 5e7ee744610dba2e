import { describe, expect, it } from 'vitest';
import { useWindow } from './testWindow.ts';

const window = useWindow();
const refusal = 'A card in Backlog cannot go to Review.';

describe('in the tree', () => {
  it('the cards stand as they were written', async () => {
    const titles = ['Ant', 'Bee', 'Cat', 'Dog', 'Eel', 'Fox'];
    for (const title of titles) await window.board.create({ title });
    await window.shows({ Backlog: titles });
  });

  it('a card is dragged to another column', async () => {
    const { tree } = window;
    await tree.row('Ant').dragTo(tree.row('To Do'));
    await window.shows({ Backlog: ['Bee', 'Cat', 'Dog', 'Eel', 'Fox'], 'To Do': ['Ant'] });
  });

  it('a card that is dragged onto another one stands before it', async () => {
    const { tree } = window;
    await tree.row('Bee').dragTo(tree.row('Ant'));
    await window.shows({ Backlog: ['Cat', 'Dog', 'Eel', 'Fox'], 'To Do': ['Bee', 'Ant'] });
    await tree.row('Fox').dragTo(tree.row('Dog'));
    await window.shows({ Backlog: ['Cat', 'Fox', 'Dog', 'Eel'], 'To Do': ['Bee', 'Ant'] });
  });

  it('several selected cards are dragged together and keep their order', async () => {
    const { tree } = window;
    await tree.row('Fox').click();
    await tree.row('Dog').click({ modifiers: ['ControlOrMeta'] });
    await tree.row('Dog').dragTo(tree.row('Done'));
    await window.shows({ Backlog: ['Cat', 'Eel'], 'To Do': ['Bee', 'Ant'], Done: ['Fox', 'Dog'] });
  });

  it('a move that the table of states refuses says why and leaves the card where it was', async () => {
    const { tree, workbench } = window;
    await tree.row('Cat').dragTo(tree.row('Review'));
    await workbench.notification(refusal).waitFor();
    await window.shows({ Backlog: ['Cat', 'Eel'], 'To Do': ['Bee', 'Ant'], Done: ['Fox', 'Dog'] });
    await workbench.runCommand('Notifications: Clear All Notifications');
  });

  it('“Move To” offers where the card may go, and moves all that are selected', async () => {
    const { tree, workbench } = window;
    await tree.row('Fox').click();
    await tree.row('Dog').click({ modifiers: ['ControlOrMeta'] });
    await tree.row('Dog').click({ button: 'right' });
    await workbench.menuItem('Move To').hover();
    await workbench.menuItem('Backlog').waitFor();
    expect(await workbench.menuItem('Review').count()).toBe(0);
    await workbench.chooseFromMenu('Backlog');
    await window.shows({ Backlog: ['Cat', 'Eel', 'Fox', 'Dog'], 'To Do': ['Bee', 'Ant'] });
  });

  it('the delete key deletes all that are selected, and “Undo” brings them back', async () => {
    const { tree, workbench } = window;
    await tree.row('Fox').click();
    await tree.row('Eel').click({ modifiers: ['ControlOrMeta'] });
    await workbench.page.keyboard.press('Delete');
    await window.shows({ Backlog: ['Cat', 'Dog'], 'To Do': ['Bee', 'Ant'] });
    await workbench.notificationButton('Undo', '2 cards were deleted.').click();
    await window.shows({ Backlog: ['Cat', 'Eel', 'Fox', 'Dog'], 'To Do': ['Bee', 'Ant'] });
  });
});

describe('on the board', () => {
  it('a card is dragged to another column', async () => {
    await window.board.dragToColumn('Fox', 'To Do');
    await window.shows({ Backlog: ['Cat', 'Eel', 'Dog'], 'To Do': ['Bee', 'Ant', 'Fox'] });
  });

  it('a card is dragged to another place in its column', async () => {
    const { board } = window;
    await board.dragToCard('Fox', 'Bee', 'upper');
    await window.shows({ Backlog: ['Cat', 'Eel', 'Dog'], 'To Do': ['Fox', 'Bee', 'Ant'] });
    await board.dragToCard('Fox', 'Bee', 'lower');
    await window.shows({ Backlog: ['Cat', 'Eel', 'Dog'], 'To Do': ['Bee', 'Fox', 'Ant'] });
    await board.dragToCard('Dog', 'Fox', 'upper');
    await window.shows({ Backlog: ['Cat', 'Eel'], 'To Do': ['Bee', 'Dog', 'Fox', 'Ant'] });
  });

  it('a move that the table of states refuses says why and leaves the card where it was', async () => {
    const { board } = window;
    await board.dragToColumn('Cat', 'Review');
    await board.page.getByText(refusal).first().waitFor();
    await window.shows({ Backlog: ['Cat', 'Eel'], 'To Do': ['Bee', 'Dog', 'Fox', 'Ant'] });
    await board.button('Dismiss').click();
  });

  it('Alt and the arrow keys move the card that has the focus, and it keeps the focus', async () => {
    const { board, workbench } = window;
    await board.card('Cat').click();
    await workbench.page.keyboard.press('Alt+ArrowRight');
    await window.shows({ Backlog: ['Eel'], 'To Do': ['Bee', 'Dog', 'Fox', 'Ant', 'Cat'] });
    await workbench.page.keyboard.press('Alt+ArrowUp');
    await window.shows({ Backlog: ['Eel'], 'To Do': ['Bee', 'Dog', 'Fox', 'Cat', 'Ant'] });
    await workbench.page.keyboard.press('Alt+ArrowLeft');
    await window.shows({ Backlog: ['Eel', 'Cat'], 'To Do': ['Bee', 'Dog', 'Fox', 'Ant'] });
  });

  it('the card’s own menu is VS Code’s, with “Move To”', async () => {
    const { board, workbench } = window;
    await board.card('Cat').click({ button: 'right' });
    await workbench.chooseFromMenu('Move To', 'Cancelled');
    await window.shows({ Backlog: ['Eel'], 'To Do': ['Bee', 'Dog', 'Fox', 'Ant'], Cancelled: ['Cat'] });
  });
});
