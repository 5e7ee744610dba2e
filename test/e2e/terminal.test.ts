import { describe, expect, it } from 'vitest';
import { script } from './agents.ts';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

const window = useWindow(() =>
  Promise.resolve({ userSettings: { 'terminal.integrated.gpuAcceleration': 'off' } }),
);
const title = 'Count the files';

/** What the terminal that is shown has on its screen. */
function screen(): Promise<string> {
  return window.workbench.page.locator('.terminal-wrapper.active .xterm-rows').innerText();
}

describe('a command that an agent has run in its container', () => {
  it('runs in the folder, as the user, and its output stands in the log', async () => {
    const { board } = window;
    const description = script(
      'terminal style=client echo made here > made.txt; id -u; seq 3',
      'permission "Go on"',
      'on allow message Done.',
    );
    await board.createAndStart({ title, agent: 'Demo agent', description });
    await board.card(title).getByText('Needs you').waitFor();
    const log = await window.logOf(title);
    const uid = String(process.getuid?.());
    expect(log).toEqual(expect.arrayContaining([`prints: ${uid}`, 'prints: 3', 'prints: [exit code 0]']));
  });

  it('is watched in a terminal of VS Code, from its beginning', async () => {
    const { workbench } = window;
    await workbench.runCommand('Kandev: Watch Agent Terminal…');
    await workbench.pick(title);
    await eventually(screen).toMatch(/\$ .*seq 3[^]*1\s+2\s+3\s+\[exit code 0\]/);
    await workbench.runCommand('Terminal: Kill the Active Terminal Instance');
  });

  it('leaves the card as it is', async () => {
    await window.workbench.notificationButton('Allow', 'Go on').click();
    await window.shows({ Review: [title] });
  });
});
