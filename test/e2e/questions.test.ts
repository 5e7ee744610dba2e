import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { script } from './agents.ts';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

const window = useWindow();
const answerCommand = "Kandev: Answer Agent's Question…";

/** Starts a card whose agent asks, and then says what it was answered. */
function startAsking(title: string, question: string): Promise<void> {
  return window.board.createAndStart({ title, agent: 'Demo agent', description: script(question) });
}

/** What the card's agent was answered, as it went over the wire. */
async function answers(title: string): Promise<unknown[]> {
  const trace = await window.logOf(title, 'Kandev ACP Trace');
  return trace
    .filter((line) => line.startsWith('-> '))
    .map((line) => JSON.parse(line.slice('-> '.length)) as { result?: { action?: string } })
    .flatMap(({ result }) => (result?.action === undefined ? [] : [result]));
}

describe('questions with a form', () => {
  it('shows in a notification, in the tree, on the board, in the badge and in the status bar', async () => {
    const { board, tree, workbench } = window;
    await startAsking('Paint', 'elicit form "Which paint?" colour:red|blue! count:integer=3 why:string!');
    await workbench.notification('Paint · Demo agent asks: Which paint?').waitFor();
    await tree.row('Which paint?').waitFor();
    await board.card('Paint').getByText('Needs you').waitFor();
    await board.card('Paint').getByText('Which paint?').waitFor();
    await workbench.statusBarItem('1 waiting').waitFor();
    await eventually(() => workbench.badge()).toBe('1');
  });

  it('is filled in step by step, with defaults, a way back, and problems in plain words', async () => {
    const { board, workbench } = window;
    await board.press('Paint', 'Answer…');
    await workbench.quickPickRow('blue').waitFor();
    await workbench.pick('blue');
    await eventually(() => workbench.quickInput.inputValue()).toBe('3');
    await workbench.enter('many');
    await eventually(() => workbench.quickInputMessage.innerText()).toContain('This is not a number.');
    await workbench.enter('12');
    await eventually(() => workbench.quickInput.inputValue()).toBe('');
    await workbench.page.locator('.quick-input-widget:visible').getByRole('button', { name: 'Back' }).click();
    await eventually(() => workbench.quickInput.inputValue()).toBe('12');
    await workbench.quickInput.press('Enter');
    await eventually(() => workbench.quickInput.inputValue()).toBe('');
    await workbench.quickInput.press('Enter');
    await eventually(() => workbench.quickInputMessage.innerText()).toContain(
      'The agent needs this to go on.',
    );
  });

  it('is put off by Escape, and what was typed is offered again', async () => {
    const { tree, workbench } = window;
    await workbench.quickInput.fill('Because');
    await workbench.quickInput.press('Escape');
    await workbench.quickInput.waitFor({ state: 'hidden' });
    expect(await answers('Paint')).toEqual([]);
    await tree.row('Which paint?').click();
    await eventually(() => workbench.quickInput.inputValue()).toBe('Because');
  });

  it('is sent with the last step, and then nothing is left of it', async () => {
    const { board, tree, workbench } = window;
    await workbench.quickInput.press('Enter');
    await window.standsIn('Paint', 'Review');
    expect(await answers('Paint')).toEqual([
      { action: 'accept', content: { colour: 'blue', count: 12, why: 'Because' } },
    ]);
    await tree.row('Which paint?').waitFor({ state: 'detached' });
    expect(await board.page.getByText('Needs you').count()).toBe(0);
    await eventually(() => workbench.badge()).toBe(null);
  });

  it('is declined from the notification', async () => {
    const { workbench } = window;
    await startAsking('Doubt', 'elicit form "Sure?" sure:boolean!');
    await workbench.notificationButton('Decline', 'Sure?').click();
    await window.standsIn('Doubt', 'Review');
    expect(await answers('Doubt')).toEqual([{ action: 'decline' }]);
  });

  it('closes its input when the agent is stopped', async () => {
    const { workbench } = window;
    await startAsking('Short', 'elicit form "How long?" length:integer');
    await workbench.notificationButton('Answer…', 'How long?').click();
    await workbench.quickInput.waitFor();
    await window.tree.clickAction('Short', 'Stop Agent');
    await workbench.quickInput.waitFor({ state: 'hidden' });
    await workbench.notification('The agent no longer waits for this answer.').waitFor();
  });
});

describe('questions with an address', () => {
  const address = 'https://example.org/sign-in?to=a%26b&state=x+y';

  it('shows the whole address and its host before anything is opened', async () => {
    const { workbench } = window;
    await startAsking('Enter', `elicit url "Sign in" ${address}`);
    await workbench.notification('Enter · Demo agent asks: Sign in').waitFor();
    await workbench.runCommand(answerCommand);
    const dialog = workbench.page.locator('.monaco-dialog-box');
    await dialog.getByText('Enter · Demo agent asks: Sign in').waitFor();
    await dialog.getByText('this address on example.org').waitFor();
    await dialog.getByText(address).waitFor();
    await workbench.dialogButton('Decline').click();
    await window.standsIn('Enter', 'Review');
    expect(await answers('Enter')).toEqual([{ action: 'decline' }]);
  });

  it('is opened by hand, where its user copies it and says so', async () => {
    const { workbench } = window;
    await workbench.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await startAsking('By hand', `elicit url "Sign in" ${address}`);
    await workbench.notification('By hand · Demo agent asks: Sign in').waitFor();
    await workbench.runCommand(answerCommand);
    const dialog = workbench.page.locator('.monaco-dialog-box');
    await dialog.getByText(address).waitFor();
    expect(await workbench.dialogButton('I Have Opened It').count()).toBe(0);
    await workbench.dialogButton('Copy').click();
    await dialog.getByText('It is copied. Open it in your browser, and then say so here.').waitFor();
    expect(await workbench.page.evaluate(() => navigator.clipboard.readText())).toBe(address);
    // By the keyboard, as everything.
    await workbench.dialogButton('I Have Opened It').focus();
    await workbench.page.keyboard.press('Enter');
    await window.standsIn('By hand', 'Review');
    expect(await answers('By hand')).toEqual([{ action: 'accept' }]);
  });

  it('is put off by Escape, and asked again', async () => {
    const { tree, workbench } = window;
    await startAsking('Later', `elicit url "Sign in" ${address}`);
    await tree.row('Sign in').click();
    const dialog = workbench.page.locator('.monaco-dialog-box');
    await dialog.getByText(address).waitFor();
    await workbench.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await tree.row('Sign in').click();
    await workbench.dialogButton('Decline').click();
    await window.standsIn('Later', 'Review');
    expect(await answers('Later')).toEqual([{ action: 'decline' }]);
  });
});

describe('what agents offer, beside their questions,', () => {
  it('can be chosen for a run, and made the default', async () => {
    const { workbench, editor } = window;
    await workbench.runCommand('Kandev: Choose Mode, Model or Option…');
    await workbench.quickPickRow().filter({ hasText: 'Enter' }).first().click();
    await workbench.quickPickRow('Model').click();
    const row = workbench.quickPickRow().filter({ hasText: /brisk/i });
    await row.hover();
    await row.locator('.action-label[aria-label="Set as default for Demo agent"]').click();
    await workbench.notification('Demo agent now begins its runs with').waitFor();
    const settings = path.join(editor.userDataDir, 'Machine', 'settings.json');
    await eventually(async () => readFile(settings, 'utf8')).toMatch(/"model": "brisk"/);
    await row.click();
    await eventually(async () => (await window.logOf('Enter', 'Kandev ACP Trace')).join('\n')).toMatch(
      /-> .*session\/set_config_option.*"brisk"/,
    );
  });

  it('is run as a command', async () => {
    const { workbench } = window;
    await workbench.runCommand('Kandev: Run Agent Command…');
    await workbench.quickPickRow().filter({ hasText: 'Enter' }).first().click();
    await workbench.quickPickRow('/help').click();
    await eventually(async () => (await window.logOf('Enter', 'Kandev ACP Trace')).join('\n')).toMatch(
      /-> .*session\/prompt.*"\/help"/,
    );
  });
});
