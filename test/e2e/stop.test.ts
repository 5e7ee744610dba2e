import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRegistry, type TestRegistry } from '../docker/registry.ts';
import { demoAgentWith, script, type AgentSetting } from './agents.ts';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

let registry: TestRegistry;

beforeAll(async () => {
  registry = await startRegistry();
});

const window = useWindow(async () => {
  const pulled: AgentSetting = {
    id: 'pulled',
    name: 'Pulled agent',
    image: `${registry.host}/agent:1`,
    command: ['agent'],
    credentials: false,
  };
  const slow = await demoAgentWith('slow', 'Slow agent', ['--slow-initialize', '600000']);
  return { userSettings: { 'kandev.agents': [pulled, slow] } };
});

afterAll(() => registry.close());

/** Stops the agent of a card as `stop` does; the card waits in To Do then, and no container is left. */
async function expectStopped(title: string, stop: () => Promise<void>): Promise<void> {
  const { board } = window;
  const start = performance.now();
  await stop();
  await window.standsIn(title, 'To Do');
  await eventually(() => window.containers()).toEqual([]);
  // Not held to its 3 s here, where the machine is also busy with drawing VS Code.
  console.log(`Stopped “${title}” in ${Math.round(performance.now() - start)} ms`);
  await board.card(title).getByText('On hold').waitFor();
  await board.card(title).getByText('You stopped the agent.').waitFor();
  await window.workbench.statusBarItem('running').waitFor({ state: 'detached' });
}

describe('a card is stopped', () => {
  it('while its image is pulled', async () => {
    const title = 'Pulling';
    const { board, tree } = window;
    await board.createAndStart({ title, agent: 'Pulled agent' });
    await registry.layerBegun;
    await board
      .card(title)
      .getByText(/^Pulling 127\.0\.0\.1:\d+\/agent:1 …/)
      .waitFor();
    await expectStopped(title, () => tree.clickAction(title, 'Stop Agent'));
  });

  it('while its agent is getting ready', async () => {
    const title = 'Initializing';
    const { board } = window;
    await board.createAndStart({ title, agent: 'Slow agent' });
    await board.card(title).getByText('Waiting for the agent').waitFor();
    expect(await window.containers()).toHaveLength(1);
    await expectStopped(title, () => board.press(title, 'Stop (S)'));
  });

  it('in mid-turn, also when the agent does not listen', async () => {
    const title = 'Hanging';
    const { board, workbench } = window;
    await board.createAndStart({
      title,
      agent: 'Demo agent',
      description: script('message I am thinking', 'hang'),
    });
    await board.card(title).getByText('I am thinking').waitFor();
    await expectStopped(title, async () => {
      await workbench.runCommand('Kandev: Stop Agent');
      await workbench.pick(title);
    });
  });

  it('while it waits for an answer, and its question goes everywhere', async () => {
    const title = 'Asking';
    const { board, tree, workbench } = window;
    await board.createAndStart({
      title,
      agent: 'Demo agent',
      description: script('permission "Delete everything" kind=delete path=.'),
    });
    const toast = workbench.notification('Delete everything');
    await toast.waitFor();
    await tree.row('Delete everything').waitFor();
    await workbench.statusBarItem('1 waiting').waitFor();
    await eventually(() => workbench.badge()).toBe('1');
    await expectStopped(title, () => board.press(title, 'Stop (S)'));
    await toast.waitFor({ state: 'detached' });
    expect(await workbench.badge()).toBe(null);
    expect(await tree.row('Delete everything').count()).toBe(0);
    expect(await workbench.statusBarItem('waiting').count()).toBe(0);
    const log = await window.logOf(title);
    expect(log).toContain('question closed: Delete everything');
  });
});
