import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { demoAgentWith } from './agents.ts';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

const window = useWindow(async () => ({
  userSettings: {
    'kandev.agents': [
      { ...(await demoAgentWith('quick', 'Quick demo', [])), variables: { KANDEV_DEMO_SPEED: '50' } },
    ],
  },
}));
const title = 'Write an overview';
const overview = (): Promise<string> => readFile(path.join(window.folder, 'KANDEV-OVERVIEW.md'), 'utf8');

/** Presses keys one after the other. */
async function press(...keys: readonly string[]): Promise<void> {
  for (const key of keys) await window.workbench.page.keyboard.press(key);
}

async function type(text: string): Promise<void> {
  await window.workbench.page.keyboard.type(text);
}

async function runCommand(name: string): Promise<void> {
  const { workbench } = window;
  await workbench.openPalette();
  await type(name);
  await workbench.quickPickRow(name).first().waitFor();
  await press('Enter');
}

/** Types into a step of a dialog with this title, and goes on. */
async function answerStep(step: string, text: string): Promise<void> {
  await window.workbench.page.locator('.quick-input-title').getByText(step).waitFor();
  await type(text);
  await press('Enter');
}

/** Waits for a picker that asks this. */
async function asked(placeholder: string): Promise<void> {
  await window.workbench.page.getByPlaceholder(placeholder).waitFor();
}

/** Waits until keys go to the board. */
async function boardHasFocus(): Promise<void> {
  const body = window.board.page.locator('body');
  await eventually(() => body.evaluate(() => document.hasFocus())).toBe(true);
}

/** The text of whatever has the focus. */
function focused(): Promise<string> {
  return window.workbench.page.evaluate(() => document.activeElement?.textContent ?? '');
}

describe('with the keyboard alone', () => {
  it('a card is created in the palette, step by step', async () => {
    await runCommand('Kandev: New Card…');
    await answerStep('New Card (1/6)', title);
    await answerStep('New Card (2/6)', 'What is here, and where to begin.');
    await answerStep('New Card (3/6)', 'Quick');
    await answerStep('New Card (4/6)', 'The open folder');
    await answerStep('New Card (5/6)', 'Urgent');
    await answerStep('New Card (6/6)', '');
    await window.shows({ Backlog: [title] });
    await window.board.card(title).getByText('Quick demo').waitFor();
    await window.board.card(title).getByText('Urgent').waitFor();
  });

  it('it is started on the board', async () => {
    await runCommand('Kandev: Open Board');
    await boardHasFocus();
    // From wherever the focus is on the board, an arrow leads to the first card.
    await press('ArrowDown', 'r');
    await window.shows({ 'In Progress': [title] });
  });

  it('its question is answered in the notification', async () => {
    const { workbench } = window;
    await workbench.notification(`${title} · Quick demo asks`).waitFor();
    await runCommand('Notifications: Focus Notification Toast');
    for (let tabs = 0; (await focused()) !== 'Allow'; tabs += 1) {
      expect(tabs, 'Tab does not lead to the button').toBeLessThan(10);
      await press('Tab');
    }
    await press('Enter');
    await window.shows({ Review: [title] });
    expect(await overview()).toContain('# ');
  });

  it('the agent is sent a message, and goes on in the same session', async () => {
    await runCommand('Kandev: Send Message to Agent…');
    await asked('Which agent do you want to send a message?');
    await press('Enter');
    await answerStep('Message to the agent of', '/extend with more details');
    await window.shows({ 'In Progress': [title] });
    await window.workbench.notification(`${title} · Quick demo asks`).waitFor();
    const trace = await window.logOf(title, 'Kandev ACP Trace');
    const sent = trace.filter((line) => line.includes('"method":"session/prompt"'));
    const sessions = sent.map((line) => /"sessionId":"([^"]+)"/.exec(line)?.[1]);
    expect(sessions).toHaveLength(2);
    expect(new Set(sessions).size).toBe(1);
  });

  it('its question is answered with the command, where Enter alone decides nothing', async () => {
    const before = await overview();
    await runCommand('Kandev: Answer Permission Request…');
    await asked('Choose an answer for the agent');
    await press('Enter');
    await window.workbench.quickInput.waitFor({ state: 'hidden' });
    await window.board.card(title).getByText('Needs you').waitFor();

    await runCommand('Kandev: Answer Permission Request…');
    await asked('Choose an answer for the agent');
    await press('ArrowDown', 'Enter');
    await window.shows({ Review: [title] });
    expect((await overview()).length).toBeGreaterThan(before.length);
    const answers = (await window.logOf(title)).filter((line) => line.startsWith('answered by'));
    expect(answers).toHaveLength(2);
  });

  it('the card is moved on the board and in the palette', async () => {
    await runCommand('Kandev: Open Board');
    await boardHasFocus();
    await press('ArrowDown', 'Alt+ArrowRight');
    await window.shows({ Done: [title] });
    await runCommand('Kandev: Move Card…');
    await asked('Which card do you want to move?');
    await press('Enter');
    await asked(`Move “${title}” from Done to…`);
    await type('Backlog');
    await press('Enter');
    await window.shows({ Backlog: [title] });
  });
});
