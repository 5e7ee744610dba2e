import type { FrameLocator } from 'playwright-core';
import { floodAgent } from '../test/e2e/agents.ts';
import { startEditor } from '../test/harness/editor.ts';
import { startHostProbe, type HostMeasurement } from '../test/harness/hostProbe.ts';
import { makeRepository } from '../test/harness/repository.ts';
import { openWorkbench } from '../test/harness/workbench.ts';
import { milliseconds, printTable } from './table.ts';

const updates = 50_000;

/**
 * What a flood of updates in one turn does to the extension host of a real VS Code, with the board open and the output
 * channel shown: from a container's agent to the database, the board and the log.
 */
export async function benchFlood(): Promise<void> {
  const { measured, elapsedMs } = await flood();
  printTable(`A flood of ${updates} updates in VS Code`, [
    { what: 'updates a second, all recorded and shown', value: ((updates / elapsedMs) * 1000).toFixed(0) },
    {
      what: 'CPU of the extension host per 1,000',
      value: `${((measured.cpuMs / updates) * 1000).toFixed(0)} ms`,
    },
    {
      what: 'longest that its event loop was blocked, by CPU time',
      value: milliseconds(measured.longestStretchMs),
      gate: 'wanted: under 50 ms',
    },
    {
      what: 'longest by the clock, with what other processes took',
      value: milliseconds(measured.longestDelayMs),
    },
    { what: '99 of 100 turns of it, by the clock', value: milliseconds(measured.delay99Ms) },
    {
      what: 'heap afterwards, against before',
      value: `${(measured.heapAfterMb - measured.heapBeforeMb).toFixed(1)} MB`,
      gate: 'wanted: no growth',
    },
  ]);
}

async function flood(): Promise<{ measured: HostMeasurement; elapsedMs: number }> {
  const probe = await startHostProbe();
  const editor = await startEditor({
    ...probe.editor,
    folder: await makeRepository('flood'),
    userSettings: { 'kandev.agents': [await floodAgent(updates)] },
  });
  const workbench = await openWorkbench(editor.url);
  try {
    await workbench.openKandevView();
    await workbench.titleAction('Open Board').click();
    const board = workbench.page.frameLocator('iframe.webview').frameLocator('iframe#active-frame');
    await board.getByRole('button', { name: 'New Card', exact: true }).waitFor();
    await workbench.runCommand('Kandev: Show Log');
    // The first is for the compiler, and for what is loaded once.
    await turn(board, 'Before');
    await probe.begin();
    const started = performance.now();
    await turn(board, 'Flood');
    return { elapsedMs: performance.now() - started, measured: await probe.end() };
  } finally {
    await workbench.close();
    await editor.stop();
    probe.close();
  }
}

async function turn(board: FrameLocator, title: string): Promise<void> {
  await board.getByRole('button', { name: 'New Card', exact: true }).click();
  const form = board.getByRole('form');
  await form.getByLabel('Title', { exact: true }).fill(title);
  await form.getByLabel('Agent', { exact: true }).selectOption({ label: 'Flood agent' });
  await form.getByLabel('Title', { exact: true }).press('Control+Shift+Enter');
  const review = board.getByRole('region', { name: 'Review', exact: true });
  await review.getByText(title, { exact: true }).waitFor({ timeout: 180_000 });
}
