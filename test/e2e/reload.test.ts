import { describe, expect, it } from 'vitest';
import { script } from './agents.ts';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

const window = useWindow();
const agent = 'Demo agent';
const closed = 'VS Code was closed while the agent was at work.';

describe('cards', () => {
  it('are in many states', async () => {
    const { board } = window;
    await board.create({ title: 'Idea', priority: 'Urgent' });
    await board.create({ title: 'Chosen', column: 'To Do' });
    await board.createAndStart({ title: 'Reviewed', agent, description: script('message It is done') });
    await board.createAndStart({ title: 'Broken', agent, description: script('crash 3 out of ideas') });
    await board.createAndStart({ title: 'Endless', agent, description: script('message I go on', 'hang') });
    await board.createAndStart({ title: 'Asking', agent, description: script('permission "Go on"') });
    await board.card('Endless').getByText('I go on').waitFor();
    await board.card('Asking').getByText('Needs you').waitFor();
    await board.card('Reviewed').getByText('Ready for review').waitFor();
    await window.shows({
      Backlog: ['Idea'],
      'To Do': ['Chosen'],
      'In Progress': ['Endless', 'Asking'],
      Review: ['Reviewed'],
      Failed: ['Broken'],
    });
    // Of the three agents that have not ended.
    expect(await window.containers()).toHaveLength(3);
  });

  it('are there after the window was reloaded, and nothing is shown running that does not run', async () => {
    const { board, workbench } = window;
    await workbench.reload();
    await expectNothingRuns();
    await board.card('Idea').getByText('Urgent').waitFor();
    await board.card('Reviewed').getByText('Finished').waitFor();
    await board
      .card('Broken')
      .getByText(/ended with exit code 3 .* out of ideas/)
      .waitFor();
    for (const title of ['Endless', 'Asking']) {
      await board.card(title).getByText('On hold').waitFor();
      await board.card(title).getByText(closed).waitFor();
    }
  });

  it('can be started again', async () => {
    const { board, tree, workbench } = window;
    await tree.clickAction('Endless', 'Start Agent');
    await board.card('Endless').getByText('I go on').waitFor();
    await tree.clickAction('Asking', 'Start Agent');
    await workbench.notification('Asking · Demo agent asks: Go on').waitFor();
    expect(await window.containers()).toHaveLength(2);
  });

  it('are there after VS Code was killed and started again, and nothing is shown running that does not run', async () => {
    await window.restart();
    await expectNothingRuns();
    const { board } = window;
    await board.card('Idea').getByText('Urgent').waitFor();
    await board
      .card('Broken')
      .getByText(/ended with exit code 3 .* out of ideas/)
      .waitFor();
    for (const title of ['Endless', 'Asking']) await board.card(title).getByText(closed).waitFor();
  });
});

async function expectNothingRuns(): Promise<void> {
  const { workbench } = window;
  await eventually(async () => {
    const { 'To Do': waiting = [], ...others } = await window.board.cards();
    return { ...others, 'To Do': waiting.toSorted() };
  }).toEqual({
    Backlog: ['Idea'],
    'To Do': ['Asking', 'Chosen', 'Endless'],
    Review: ['Reviewed'],
    Failed: ['Broken'],
  });
  await window.shows(await window.board.cards());
  await eventually(() => window.containers()).toEqual([]);
  expect(await workbench.badge()).toBe(null);
  expect(await workbench.statusBarItem(/running|queued|waiting/).count()).toBe(0);
  expect(await workbench.notification('asks:').count()).toBe(0);
}
