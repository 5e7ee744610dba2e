import { once } from 'node:events';
import { symlink } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { changeSettings } from '../harness/editor.ts';
import { dockerHost, makeFolder } from '../harness/testRun.ts';
import { demoAgentWith, script, type AgentSetting } from './agents.ts';
import { eventually } from './eventually.ts';
import { useWindow, type TestWindow } from './testWindow.ts';

async function clearNotifications({ workbench }: TestWindow): Promise<void> {
  await workbench.runCommand('Notifications: Clear All Notifications');
  await workbench.notification('').first().waitFor({ state: 'hidden' });
}

describe('trouble with Docker', () => {
  const window = useWindow(async () => {
    socket = path.join(await makeFolder('engine'), 'docker.sock');
    return { userSettings: { 'kandev.docker.host': `unix://${socket}` } };
  });
  let socket = '';
  const title = 'Wait for Docker';
  const problemAt = (endpoint: string): string =>
    `Docker is not installed or not running: nothing answers at ${endpoint}. Start Docker, or name another engine in the setting kandev.docker.host.`;
  const problem = (): string => problemAt(`unix://${socket}`);

  it('an empty board says so in its welcome, and looks again when told to', async () => {
    const { board, workbench } = window;
    await workbench.sideBar.getByText('Docker does not answer').waitFor();
    await board.page.getByText(problem()).waitFor();
    await workbench.sideBar.getByRole('button', { name: 'Check Again' }).click();
    await workbench.notificationButton('Check Again', problem()).waitFor();
    await clearNotifications(window);
  });

  it('cards can be written, and the tree goes on saying it above them', async () => {
    const { board, workbench } = window;
    await board.create({ title, agent: 'Demo agent', description: script('message Here I am.') });
    await window.shows({ Backlog: [title] });
    await workbench.sideBar.getByText(problem()).waitFor();
  });

  it('a card that is started is queued with the reason on it, and a message has the button that helps', async () => {
    const { board, tree, workbench } = window;
    await tree.clickAction(title, 'Start Agent');
    const message = `${problem()} “${title}” is queued and starts when Docker answers.`;
    await workbench.notificationButton('Check Again', message).waitFor();
    await window.shows({ 'To Do': [title] });
    await board.card(title).getByText('Queued, place 1').waitFor();
    await board.card(title).getByText(problem()).waitFor();
    expect(await tree.description(title)).toBe(`Queued, 1 · ${problem()}`);
    await workbench.statusBarItem('1 queued').waitFor();
  });

  it('the card runs when Docker has been started', async () => {
    const { board, workbench } = window;
    await symlink(dockerHost().replace('unix://', ''), socket);
    await workbench.notificationButton('Check Again', title).click();
    await window.shows({ Review: [title] });
    await eventually(() => window.logOf(title)).toContain('Here I am.');
    await workbench.sideBar.getByText(problem()).waitFor({ state: 'detached' });
    expect(await board.page.getByText(problem()).count()).toBe(0);
  });

  it('another engine in the settings is looked for at once', async () => {
    const { board, workbench } = window;
    const elsewhere = `unix://${socket}.other`;
    await changeSettings(window.editor.userDataDir, { 'kandev.docker.host': elsewhere });
    await workbench.sideBar.getByText(problemAt(elsewhere)).waitFor();
    await board.page.getByText(problemAt(elsewhere)).waitFor();
    await changeSettings(window.editor.userDataDir, { 'kandev.docker.host': dockerHost() });
    await workbench.sideBar.getByText(problemAt(elsewhere)).waitFor({ state: 'detached' });
    await board.page.getByText(problemAt(elsewhere)).waitFor({ state: 'detached' });
  });
});

describe('trouble with agents and forms', () => {
  const window = useWindow(async () => {
    agents = {
      dying: await demoAgentWith('dying', 'Dying agent', [
        ...['--exit-before-initialize', '3'],
        ...['--stderr', 'looking for a licence\nno licence found'],
      ]),
      noisy: await demoAgentWith('noisy', 'Noisy agent', ['--noise']),
      unheardOf: {
        ...{ id: 'unheard-of', name: 'Unheard-of agent', command: ['agent'], credentials: false },
        image: `${await addressOfNobody()}/nobody/agent:1`,
      },
    };
    // Each failure is told of at once.
    return { userSettings: { 'kandev.agents': Object.values(agents), ...noRetries } };
  });
  let agents: Record<string, AgentSetting> = {};
  const noRetries = { 'kandev.retry.count': 0 };

  /** Gives VS Code other settings. The form shows when it has taken them. */
  async function offerAgent(
    agent: AgentSetting,
    settings: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    const { board } = window;
    await changeSettings(window.editor.userDataDir, {
      ...{ 'kandev.docker.host': dockerHost(), 'kandev.agents': [agent], ...noRetries },
      ...settings,
    });
    await board.button('New Card').click();
    const option = board.field('Agent').getByRole('option', { name: agent.name, exact: true });
    await option.waitFor({ state: 'attached' });
    await board.button('Close (Esc)').click();
  }

  /** Expects a run to have failed with these words on the card and in a notification, which has this button. */
  async function expectFailure(title: string, message: string, action: string): Promise<void> {
    const { board, tree, workbench } = window;
    await window.standsIn(title, 'Failed');
    await board.card(title).getByText(message, { exact: true }).waitFor();
    await board.card(title).getByRole('button', { name: action, exact: true }).waitFor();
    expect(await tree.description(title)).toBe(message);
    await workbench.notificationButton(action, `“${title}”: ${message}`).waitFor();
  }

  afterEach(async () => {
    // They would lie over the form.
    if (await window.workbench.notification('').first().isVisible()) await clearNotifications(window);
  });

  it('an image that nobody has is named, with what to do', async () => {
    const title = 'Ask somebody unheard of';
    await window.board.createAndStart({ title, agent: 'Unheard-of agent' });
    const image = agents.unheardOf?.image ?? '';
    const [registry] = image.split('/');
    const message = `The image ${image} is not on this machine, and Docker cannot reach ${registry}. Check the network and start the card again.`;
    await expectFailure(title, message, 'Retry');
  });

  it('an agent that ends before it is ready is told of with its exit code and its last words, and can be tried again', async () => {
    const title = 'Ask a dying agent';
    const { board, workbench } = window;
    await board.createAndStart({ title, agent: 'Dying agent' });
    const message =
      'Dying agent ended with exit code 3 before it was ready to work. It last said: no licence found';
    await expectFailure(title, message, 'Retry');
    await workbench.notificationButton('Retry', title).click();
    const attempts = async (): Promise<string[]> =>
      (await window.logOf(title)).filter((line) => line.includes('-> Failed'));
    await eventually(attempts).toHaveLength(2);
    await expectFailure(title, message, 'Retry');
    expect(await window.logOf(title)).toContain('stderr: looking for a licence');
  });

  it('an agent that crashes in the middle of its work is told of with its exit code and its last words', async () => {
    const title = 'Crash';
    await window.board.createAndStart({
      title,
      agent: 'Demo agent',
      description: script('message "I shall try."', 'stderr Thinking hard', 'crash 7 out of ideas'),
    });
    const message = 'Demo agent ended with exit code 7 in the middle of its work. It last said: out of ideas';
    await expectFailure(title, message, 'Retry');
    expect(await window.logOf(title)).toEqual(
      expect.arrayContaining(['I shall try.', 'stderr: Thinking hard', 'stderr: out of ideas']),
    );
  });

  it('lines on stdout that are no messages are noted, and disturb nothing', async () => {
    const title = 'Work in a noisy place';
    await window.board.createAndStart({
      title,
      agent: 'Noisy agent',
      description: script('message One.', 'noise Debugger attached.', 'message Two.'),
    });
    await window.standsIn(title, 'Review');
    expect(await window.logOf(title)).toEqual(
      expect.arrayContaining(['skipped a line that is not ACP: Debugger attached.', 'turn ended: Finished']),
    );
    expect(await window.logOf(title, 'Kandev ACP Trace')).toContain('not ACP: Debugger attached.');
    await window.workbench.notification(`“${title}” is ready`).waitFor();
  });

  it('an agent that is silent is given up after the time in the settings', async () => {
    const title = 'Ask a silent agent';
    const silent = await demoAgentWith('silent', 'Silent agent', ['--silent']);
    await offerAgent(silent, { 'kandev.startTimeout': 2 });
    await window.board.createAndStart({ title, agent: 'Silent agent' });
    const message = 'Silent agent did not answer within 2 seconds of being started. It was stopped.';
    await expectFailure(title, message, 'Retry');
  });

  it('a card whose agent is no longer in the settings does not start, and can be given another', async () => {
    const title = 'Ask an agent that has left';
    const { board, tree, workbench } = window;
    const leaving = await demoAgentWith('leaving', 'Leaving agent', []);
    await offerAgent(leaving);
    await board.create({ title, agent: 'Leaving agent', description: script('message Here I am.') });
    await board.card(title).getByText('Leaving agent', { exact: true }).waitFor();
    await changeSettings(window.editor.userDataDir, { 'kandev.docker.host': dockerHost() });
    await board.card(title).getByText('leaving', { exact: true }).waitFor();
    await tree.clickAction(title, 'Start Agent');
    const message = `“${title}” asks for the agent “leaving”, which is not known here.`;
    await workbench.notificationButton('Edit Card', message).click();
    await window.standsIn(title, 'Backlog');
    await eventually(() => board.field('Agent').locator('option:checked').innerText()).toBe(
      'leaving (unknown)',
    );
    await board.field('Agent').selectOption({ label: 'Demo agent' });
    await board.button('Save').click();
    await tree.clickAction(title, 'Start Agent');
    await window.standsIn(title, 'Review');
    await workbench.notification(`“${title}” is ready`).waitFor();
  });

  it('the form of the board says that a title is missing, and keeps what was typed', async () => {
    const { board } = window;
    await board.button('New Card').click();
    await board.field('Title').fill('   ');
    await board.field('Description').fill('All of it.\n\nTwice.');
    await board.button('Create').click();
    await board.page.getByText('A card needs a title.').waitFor();
    await eventually(() => board.field('Title').evaluate((field) => field.matches(':focus'))).toBe(true);
    expect(await board.field('Title').inputValue()).toBe('   ');
    expect(await board.field('Description').inputValue()).toBe('All of it.\n\nTwice.');
    await board.field('Title').fill('Do it');
    await board.page.getByText('A card needs a title.').waitFor({ state: 'detached' });
    await board.button('Create').click();
    await window.standsIn('Do it', 'Backlog');
    await board.press('Do it', 'Edit (E)');
    expect(await board.field('Description').inputValue()).toBe('All of it.\n\nTwice.');
    await board.button('Close (Esc)').click();
  });

  it('the palette says that a title is missing, and keeps what was typed', async () => {
    const { workbench } = window;
    await workbench.runCommand('Kandev: New Card…');
    await workbench.enter('   ');
    await eventually(() => workbench.quickInputMessage.innerText()).toContain('A card needs a title.');
    expect(await workbench.quickInput.inputValue()).toBe('   ');
    await workbench.enter('Do more');
    await workbench.page.getByText('New Card (2/6)').waitFor();
    await workbench.quickInput.fill('All the rest.');
    await workbench.page.getByRole('button', { name: 'Back' }).click();
    await workbench.page.getByText('New Card (1/6)').waitFor();
    expect(await workbench.quickInput.inputValue()).toBe('Do more');
    await workbench.quickInput.press('Enter');
    await workbench.page.getByText('New Card (2/6)').waitFor();
    expect(await workbench.quickInput.inputValue()).toBe('All the rest.');
    await workbench.quickInput.press('Escape');
    await workbench.quickInput.waitFor({ state: 'hidden' });
    expect(await window.board.card('Do more').count()).toBe(0);
  });
});

/** An address on this machine where nothing listens. */
async function addressOfNobody(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `127.0.0.1:${port}`;
}
