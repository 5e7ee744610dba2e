import { describe, expect, it } from 'vitest';
import { demoAgentWith, script } from './agents.ts';
import { dockerHost } from '../harness/testRun.ts';
import { changeSettings } from '../harness/editor.ts';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

const agent = 'Small agent';
/** Beside each other: in the folder there is one at a time. */
const worksIn = 'A clone of its own';
const keepRunning = async () => ({
  userSettings: {
    'kandev.whenClosed': 'keepRunning',
    'kandev.retry.count': 0,
    // So small that three have room on whatever machine this is.
    'kandev.agents': [{ ...(await demoAgentWith('small', agent, [])), cpus: 0.25, memoryMb: 512 }],
  },
});
const window = useWindow(keepRunning);
const closed = 'VS Code was closed while the agent was at work.';

describe('cards', () => {
  it('are in many states', async () => {
    const { board } = window;
    await board.create({ title: 'Idea', priority: 'Urgent' });
    await board.create({ title: 'Chosen', column: 'To Do' });
    await board.createAndStart({
      title: 'Reviewed',
      agent,
      worksIn,
      description: script('message It is done'),
    });
    await board.createAndStart({
      title: 'Broken',
      agent,
      worksIn,
      description: script('crash 3 out of ideas'),
    });
    await board.createAndStart({
      title: 'Endless',
      agent,
      worksIn,
      description: script('message I go on', 'hang'),
    });
    await board.createAndStart({
      title: 'Asking',
      agent,
      worksIn,
      description: script('permission "Go on"'),
    });
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

  it('are there after the window was reloaded, and the same agents go on in the same containers', async () => {
    const { board, workbench } = window;
    const containers = await window.containers();
    await workbench.reload();
    await expectAllToGoOn(containers);
    await board.card('Idea').getByText('Urgent').waitFor();
    await board
      .card('Broken')
      .getByText(/ended with exit code 3 .* out of ideas/)
      .waitFor();
  });

  it('are there after VS Code was killed and started again, and the same agents go on in the same containers', async () => {
    const containers = await window.containers();
    await window.restart(await keepRunning());
    await expectAllToGoOn(containers);
    const { board } = window;
    await board.card('Idea').getByText('Urgent').waitFor();
    await board
      .card('Broken')
      .getByText(/ended with exit code 3 .* out of ideas/)
      .waitFor();
  });

  it('take the answer to what an agent asked before', async () => {
    const { board, workbench } = window;
    await workbench.notificationButton('Allow', 'Go on').click();
    await window.standsIn('Asking', 'Review');
    await board.card('Asking').getByText('Ready for review').waitFor();
  });

  it('say what became of agents that the user wants to end with the window', async () => {
    const { board, workbench } = window;
    await changeSettings(window.editor.userDataDir, {
      ...(await keepRunning()).userSettings,
      'kandev.docker.host': dockerHost(),
      'kandev.whenClosed': 'stop',
    });
    // The window has to have taken note of it.
    await workbench.reload();
    await eventually(async () => (await window.board.cards())['To Do']).toContain('Chosen');
    await workbench.reload();
    await window.standsIn('Endless', 'To Do');
    await board.card('Endless').getByText('On hold').waitFor();
    await board.card('Endless').getByText(closed).waitFor();
    await eventually(() => window.containers()).toEqual([]);
    expect(await workbench.badge()).toBe(null);
    expect(await workbench.statusBarItem(/running|queued|waiting/).count()).toBe(0);
    expect(await workbench.notification('asks:').count()).toBe(0);
  });

  it('can be started again', async () => {
    const { board, tree } = window;
    await tree.clickAction('Endless', 'Start Agent');
    await board.card('Endless').getByText('I go on').waitFor();
    expect(await window.containers()).toHaveLength(1);
  });
});

async function expectAllToGoOn(containers: readonly string[]): Promise<void> {
  const { board, workbench } = window;
  await window.shows({
    Backlog: ['Idea'],
    'To Do': ['Chosen'],
    'In Progress': ['Endless', 'Asking'],
    Review: ['Reviewed'],
    Failed: ['Broken'],
  });
  await workbench.notification(`Asking · ${agent} asks: Go on`).waitFor();
  await board.card('Asking').getByText('Needs you').waitFor();
  await board.card('Endless').getByText('I go on').waitFor();
  await eventually(async () => (await window.containers()).toSorted()).toEqual(containers.toSorted());
}
