import type { Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { script } from './agents.ts';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

const window = useWindow(() => Promise.resolve({ userSettings: { 'kandev.maxConcurrentRuns': 2 } }));
const agent = 'Demo agent';
/** Beside each other: in the folder there is one at a time. */
const worksIn = 'A clone of its own';

function item(): Locator {
  return window.workbench.page.locator('.statusbar-item[id="kandev.kandev.kandev.runs"]');
}

/** Expects the item to show these counts, or to be hidden when there are none. */
async function shows(...counts: readonly string[]): Promise<void> {
  await eventually(async () => {
    if (!(await item().isVisible())) return [];
    return (await item().innerText()).match(/\d+ \w+/g);
  }).toEqual(counts);
}

/** Opens the list of runs with a click. */
async function openRuns(): Promise<void> {
  await item().click();
  await window.workbench.quickInput.waitFor();
}

/** Presses a button of a run in the list. */
async function press(title: string, button: string): Promise<void> {
  const row = window.workbench.quickPickRow(title);
  await row.hover();
  await row.getByRole('button', { name: button, exact: true }).click();
}

describe('the status bar', () => {
  it('shows nothing while nothing runs', async () => {
    await window.board.create({ title: 'Rest', agent, worksIn, description: script('delay 30m') });
    await window.shows({ Backlog: ['Rest'] });
    await shows();
  });

  it('counts what runs, what is queued and what waits for the user, which is marked', async () => {
    const { board } = window;
    await board.createAndStart({ title: 'Work', agent, worksIn, description: script('delay 30m') });
    await shows('1 running');
    await expect(item().getAttribute('class')).resolves.not.toContain('warning-kind');
    const description = script('permission "Look around"', 'on allow message I have looked.');
    await board.createAndStart({ title: 'Ask', agent, worksIn, description });
    await shows('2 running', '1 waiting');
    await expect(item().getAttribute('class')).resolves.toContain('warning-kind');
    await board.press('Rest', 'Run (R)');
    await shows('2 running', '1 queued', '1 waiting');
  });

  it('opens the list of the runs, with what each is at', async () => {
    const { workbench } = window;
    await openRuns();
    await eventually(() => workbench.quickPickRow().allInnerTexts()).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/Work\s*Running\s*Working/),
        expect.stringMatching(/Ask\s*Needs you\s*Look around/),
        expect.stringMatching(/Rest\s*Queued, 1\s*Waits for a place: 2 agents are at work/),
      ]),
    );
    expect(await workbench.quickPickRow().count()).toBe(3);
    await workbench.quickInput.press('Escape');
  });

  it('stops a run that is queued from there', async () => {
    await openRuns();
    await press('Rest', 'Stop');
    await shows('2 running', '1 waiting');
    await window.standsIn('Rest', 'To Do');
    await window.board.card('Rest').getByText('You took it out of the queue.').waitFor();
  });

  it('answers a request from there', async () => {
    const { workbench } = window;
    await openRuns();
    await press('Ask', 'Answer Permission Request');
    await workbench.page.getByText('Ask · Demo agent asks: Look around').last().waitFor();
    await workbench.pick('Allow');
    await window.standsIn('Ask', 'Review');
    await shows('1 running');
    await eventually(() => window.logOf('Ask')).toContain('I have looked.');
  });

  it('sends a message to an agent that is done from there', async () => {
    const { workbench } = window;
    await openRuns();
    await press('Ask', 'Send Message to Agent');
    await workbench.page.getByText('Message to the agent of “Ask”').waitFor();
    await workbench.enter('/help');
    await eventually(() => window.logOf('Ask')).toContain('prompt: /help');
    await window.standsIn('Ask', 'Review');
  });

  it('shows the card of a run that is chosen there', async () => {
    const { board, workbench } = window;
    await board.card('Rest').click();
    await openRuns();
    await workbench.pick('Work');
    await eventually(() => board.card('Work').evaluate((card) => card.matches(':focus'))).toBe(true);
  });

  it('stops a run that is at work from there, and is hidden when that was the last', async () => {
    await openRuns();
    await press('Work', 'Stop');
    await window.standsIn('Work', 'To Do');
    await shows();
  });
});
