import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { demoAgentWith } from './agents.ts';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

const window = useWindow(async () => ({
  userSettings: {
    'kandev.agents': [await demoAgentWith('quick', 'Quick demo', [], ['KANDEV_DEMO_SPEED'])],
  },
  env: { KANDEV_DEMO_SPEED: '50' },
}));
const title = 'Write an overview';
const overview = (): Promise<string> => readFile(path.join(window.folder, 'KANDEV-OVERVIEW.md'), 'utf8');

/** Presses keys one after the other. */
async function press(...keys: readonly string[]): Promise<void> {
  for (const key of keys) await window.workbench.page.keyboard.press(key);
}

/** Types into the step of a palette with this title, and goes on. */
async function answerStep(step: string, text: string): Promise<void> {
  const { page } = window.workbench;
  await page.locator('.quick-input-title').getByText(step).waitFor();
  await page.keyboard.type(text);
  await press('Enter');
}

async function runCommand(name: string): Promise<void> {
  const { page, quickPickRow } = bound();
  await press('F1');
  await page.keyboard.type(name);
  await quickPickRow(name).first().waitFor();
  await press('Enter');
}

function bound() {
  const { workbench } = window;
  return { page: workbench.page, quickPickRow: workbench.quickPickRow.bind(workbench) };
}

/** The text of whatever has the focus. */
function focused(): Promise<string> {
  return window.workbench.page.evaluate(() => document.activeElement?.textContent ?? '');
}

describe('with the keyboard alone', () => {
  it('a card is created in the palette, step by step', async () => {
    await runCommand('Kandev: New Card…');
    await answerStep('New Card (1/5)', title);
    await answerStep('New Card (2/5)', 'What is here, and where to begin.');
    await answerStep('New Card (3/5)', 'Quick');
    await answerStep('New Card (4/5)', 'Urgent');
    await answerStep('New Card (5/5)', '');
    await window.shows({ Backlog: [title] });
    await window.board.card(title).getByText('Quick demo').waitFor();
    await window.board.card(title).getByText('Urgent').waitFor();
  });

  it('it is started on the board', async () => {
    await runCommand('Kandev: Open Board');
    await window.board.card(title).waitFor();
    // From wherever the focus is on the board, an arrow leads to the first card.
    await press('ArrowDown', 'r');
    await window.shows({ 'In Progress': [title] });
  });

  it('its question is answered in the notification', async () => {
    const { workbench } = window;
    await workbench.notification(`${title} · Quick demo asks`).waitFor();
    await runCommand('Notifications: Focus Notification Toast');
    for (let tabs = 0; (await focused()) !== 'Allow'; tabs += 1) {
      expect(tabs, 'no way to the button').toBeLessThan(10);
      await press('Tab');
    }
    await press('Enter');
    await window.shows({ Review: [title] });
    expect(await overview()).toContain('# ');
  });

  it('the agent is sent a message, and goes on in the same session', async () => {
    await runCommand('Kandev: Send Message to Agent…');
    await window.workbench.quickPickRow().first().waitFor();
    await press('Enter');
    await answerStep('Message to the agent of', '/extend with more details');
    await window.shows({ 'In Progress': [title] });
    const { workbench } = window;
    await workbench.notification(`${title} · Quick demo asks`).waitFor();
    const sent = (await window.logOf(title, 'Kandev ACP Trace')).filter((line) =>
      line.includes('"session/prompt"'),
    );
    const sessions = sent.map((line) => /"sessionId":"([^"]+)"/.exec(line)?.[1]);
    expect(sessions).toEqual([sessions[0], sessions[0]]);
  });

  it('its question is answered with the command, where Enter alone decides nothing', async () => {
    const before = await overview();
    await runCommand('Kandev: Answer Permission Request…');
    await window.workbench.quickPickRow().first().waitFor();
    await press('Enter');
    await window.workbench.quickInput.waitFor({ state: 'hidden' });
    await window.board.card(title).getByText('Needs you').waitFor();

    await runCommand('Kandev: Answer Permission Request…');
    await window.workbench.quickPickRow().first().waitFor();
    await press('ArrowDown', 'Enter');
    await window.shows({ Review: [title] });
    expect((await overview()).length).toBeGreaterThan(before.length);
    const answers = (await window.logOf(title)).filter((line) => line.startsWith('answered by'));
    expect(answers).toHaveLength(2);
  });

  it('the card is moved on the board and in the palette', async () => {
    await runCommand('Kandev: Open Board');
    await press('ArrowDown', 'Alt+ArrowRight');
    await window.shows({ Done: [title] });
    await runCommand('Kandev: Move Card…');
    await window.workbench.quickPickRow().first().waitFor();
    await press('Enter');
    await eventually(() => window.workbench.quickPickRow('Backlog').count()).toBe(1);
    await window.workbench.page.keyboard.type('Backlog');
    await press('Enter');
    await window.shows({ Backlog: [title] });
  });
});
