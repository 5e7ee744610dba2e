import { describe, expect, it } from 'vitest';
import { writeMachineSettings } from '../harness/editor.ts';
import { dockerHost } from '../harness/testRun.ts';
import { demoAgentWith, script, type AgentSetting } from './agents.ts';
import { testContainers } from './containers.ts';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

/** Its registry is a port where nobody listens. */
const missing: AgentSetting = {
  id: 'missing',
  name: 'Missing agent',
  image: '127.0.0.1:9/agents/none:1',
  command: ['agent'],
};

const window = useWindow(async () => {
  const agents = [
    missing,
    { ...missing, id: 'forgotten', name: 'Forgotten agent' },
    await demoAgentWith('leaves', 'Leaving agent', [
      ...['--exit-before-initialize', '3'],
      ...['--stderr', 'no licence found'],
    ]),
    await demoAgentWith('silent', 'Silent agent', ['--silent']),
    await demoAgentWith('noisy', 'Noisy agent', ['--noise']),
  ];
  return { userSettings: { 'kandev.agents': agents, 'kandev.startTimeout': 2 } };
});

/** Expects a card to have failed, and its tree row, its card on the board and a notification to say why. */
async function expectFailed(title: string, why: string | RegExp): Promise<void> {
  const { board, tree, workbench } = window;
  await workbench.notification(`“${title}”`).filter({ hasText: why }).waitFor();
  await window.standsIn(title, 'Failed');
  await board.card(title).getByText(why).waitFor();
  await eventually(() => tree.description(title)).toMatch(why);
  await eventually(testContainers).toEqual([]);
}

describe('an agent that cannot work', () => {
  it('has an image that is not there, and no registry that would give it', async () => {
    const title = 'Without an image';
    await window.board.createAndStart({ title, agent: 'Missing agent' });
    await expectFailed(
      title,
      /The image 127\.0\.0\.1:9\/agents\/none:1 is not on this machine, and Docker cannot reach 127\.0\.0\.1:9/,
    );
  });

  it('leaves before it says a word: its exit code and its last words are told', async () => {
    const title = 'Without a licence';
    await window.board.createAndStart({ title, agent: 'Leaving agent' });
    await expectFailed(title, /ended with exit code 3 before it was ready to work\. .*no licence found/);
  });

  it('says nothing at all for as long as the setting allows', async () => {
    const title = 'Without a word';
    await window.board.createAndStart({ title, agent: 'Silent agent' });
    await expectFailed(title, 'Silent agent did not answer within 2 seconds');
  });

  it('crashes in the middle of its work: its exit code and its last words are told, and “Retry” tries again', async () => {
    const title = 'Without luck';
    const { board, workbench } = window;
    await board.createAndStart({
      title,
      agent: 'Demo agent',
      description: script('fail 1 times counter=.failures exit=3 error="out of ideas"', 'message Better'),
    });
    await expectFailed(title, /ended with exit code 3 in the middle of its work\. .*out of ideas/);
    await workbench.notificationButton('Retry', title).click();
    await window.standsIn(title, 'Review');
    await board.card(title).getByText('Ready for review').waitFor();
  });

  it('prints lines that are no messages, which disturb nobody', async () => {
    const title = 'With noise';
    await window.board.createAndStart({
      title,
      agent: 'Noisy agent',
      description: script('noise Debugger attached.', 'message All the same'),
    });
    await window.standsIn(title, 'Review');
    const log = await window.logOf(title);
    expect(log).toContain('All the same');
    expect(log).toContain('skipped a line that is not ACP: Debugger attached.');
  });

  it('is not known any more: the card stays where it is and says what to do', async () => {
    const title = 'Without an agent';
    const { board, workbench } = window;
    await board.create({ title, agent: 'Forgotten agent' });
    await writeMachineSettings(window.editor.userDataDir, {
      'kandev.docker.host': dockerHost(),
      'kandev.agents': [missing],
    });
    // The name is the setting's; without it the card shows the id.
    await board.card(title).getByText('forgotten', { exact: true }).waitFor();
    await board.press(title, 'Run (R)');
    const text = `“${title}” asks for the agent “forgotten”, which is not known here.`;
    await board.page.getByText(text).first().waitFor();
    await window.standsIn(title, 'Backlog');
    await board.button('Edit Card').click();
    expect(await board.field('Title').inputValue()).toBe(title);
    await board.field('Agent').selectOption({ label: 'Demo agent' });
    await board.field('Title').press('Control+Enter');
    await board.card(title).getByText('Demo agent').waitFor();
    expect(await workbench.notification(text).count()).toBe(0);
  });
});

describe('a card without a title', () => {
  it('is refused by the palette, which keeps what was typed', async () => {
    const { workbench, board } = window;
    const { page } = workbench;
    await workbench.runCommand('Kandev: New Card…');
    await page.getByText('New Card (1/5)').waitFor();
    await workbench.enter('   ');
    await workbench.quickInputMessage.getByText('A card needs a title.').waitFor();
    expect(await workbench.quickInput.inputValue()).toBe('   ');
    await workbench.enter('Half written');
    await page.getByText('New Card (2/5)').waitFor();
    await workbench.quickInput.fill('Its description');
    await page.getByRole('button', { name: 'Back' }).click();
    await page.getByText('New Card (1/5)').waitFor();
    expect(await workbench.quickInput.inputValue()).toBe('Half written');
    await workbench.quickInput.press('Enter');
    await page.getByText('New Card (2/5)').waitFor();
    expect(await workbench.quickInput.inputValue()).toBe('Its description');
    await workbench.quickInput.press('Escape');
    await workbench.quickInput.waitFor({ state: 'hidden' });
    expect(await board.card('Half written').count()).toBe(0);
  });

  it('is refused by the board’s form, which keeps what was typed', async () => {
    const { board } = window;
    await board.fillIn({ title: '  ', description: 'A long story', priority: 'High' });
    await board.field('Title').press('Control+Enter');
    await board.page.getByText('A card needs a title.').waitFor();
    expect(await board.field('Description').inputValue()).toBe('A long story');
    await board.field('Description').press('Escape');
    await board.button('Continue Card').click();
    expect(await board.field('Description').inputValue()).toBe('A long story');
    await board.field('Title').fill('The long story');
    await board.field('Title').press('Control+Enter');
    await window.standsIn('The long story', 'Backlog');
    await board.card('The long story').getByText('High').waitFor();
  });
});
