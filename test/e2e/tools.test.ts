import { describe, expect, it } from 'vitest';
import { script } from './agents.ts';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

const window = useWindow(() =>
  Promise.resolve({ userSettings: { 'terminal.integrated.gpuAcceleration': 'off' } }),
);
const agent = 'Demo agent';
const title = 'Write it down';

/** What the terminal that is shown has on its screen. */
function screen(): Promise<string> {
  return window.workbench.page.locator('.terminal-wrapper.active .xterm-rows').innerText();
}

describe('a container at work', () => {
  it('is looked into with a terminal of VS Code', async () => {
    const { board, workbench } = window;
    const description = script('write note.txt "noted\\n"', 'permission "Go on"', 'on allow message Done.');
    await board.createAndStart({ title, agent, description, worksIn: 'A clone of its own' });
    await board.card(title).getByText('Needs you').waitFor();
    await workbench.runCommand('Kandev: Open Terminal in Container');
    await workbench.pick(title);
    await eventually(screen).toMatch(/[$#]\s*$/);
    const typed = workbench.page.locator('.terminal-wrapper.active textarea');
    await eventually(() => typed.evaluate((element) => element === document.activeElement)).toBe(true);
    await workbench.page.keyboard.type('cat note.txt && hostname && echo $((40 + 2))\n');
    await eventually(screen).toMatch(/noted\s+\S+\s+42/);
    await workbench.screenshot('terminal in container');
    await workbench.runCommand('Terminal: Kill the Active Terminal Instance');
  });

  it('has a log, which opens as a document', async () => {
    const { workbench } = window;
    await workbench.runCommand('Kandev: Show Container Log');
    await workbench.pick(title);
    const text = workbench.page.locator('.editor-instance .view-lines');
    await text.getByText('of the image').first().waitFor();
    await workbench.screenshot('container log');
    // It asks nothing then.
    await workbench.runCommand('View: Close Editor');
    await text.waitFor({ state: 'detached' });
  });

  it('has limits, which the card can have otherwise from its next run on', async () => {
    const { workbench } = window;
    await workbench.runCommand('Kandev: Resources…');
    await workbench.pick(title);
    await workbench.quickPickRow().filter({ hasText: 'Memory' }).waitFor();
    await workbench.screenshot('resources');
    await workbench.quickPickRow().filter({ hasText: 'CPUs' }).click();
    await workbench.enter('none');
    await eventually(() => workbench.quickInputMessage.innerText()).toContain('It must be a number.');
    await workbench.enter('0.5');
    await workbench.quickPickRow().filter({ hasText: 'CPUs: 0.5' }).waitFor();
    await workbench.page.keyboard.press('Escape');
  });

  it('works on meanwhile', async () => {
    await window.board.press(title, 'Allow');
    await window.standsIn(title, 'Review');
  });
});

describe('workspaces', () => {
  it('are shown with what they hold, and none with work that nobody has taken is cleared', async () => {
    const { workbench } = window;
    await workbench.runCommand('Kandev: Show Workspaces…');
    // Its container waits for another message.
    await workbench.quickPickRow(title).getByText('in use').waitFor();
    await workbench.screenshot('workspaces');
    await workbench.page.keyboard.press('Escape');
    await workbench.runCommand('Kandev: Clear Workspaces That Are Safe to Remove');
    await workbench.notification('There is nothing to clear').waitFor();
  });

  it('are asked about before a card with such work is deleted', async () => {
    const { tree, workbench } = window;
    await tree.row(title).click();
    await workbench.page.keyboard.press('Delete');
    await workbench.dialogButton('Cancel').waitFor();
    await workbench.screenshot('delete with work');
    await workbench.dialogButton('Cancel').click();
    await window.shows({ Review: [title] });
  });

  it('have a default, which new cards take', async () => {
    const { board, workbench } = window;
    await workbench.runCommand('Kandev: Set Default Workspace…');
    await workbench.screenshot('default workspace');
    await workbench.pick('A clone of its own');
    await eventually(async () => {
      await board.button('New Card').click();
      const chosen = await board.field('Works in').locator('option:checked').innerText();
      await board.field('Title').press('Escape');
      return chosen;
    }).toContain('A clone of its own');
  });
});

describe('the engine', () => {
  it('is shown, with what has chosen it', async () => {
    const { workbench } = window;
    await workbench.runCommand('Kandev: Show Docker Engine…');
    await workbench.page.locator('.monaco-dialog-box').getByText('docker.sock').first().waitFor();
    await workbench.screenshot('engine');
    await workbench.dialogButton('Choose Docker Engine…').click();
    await workbench.quickPickRow().filter({ hasText: 'Enter an Address…' }).waitFor();
    await eventually(() => workbench.quickPickRow().filter({ hasText: 'in use' }).count()).toBe(1);
    await workbench.screenshot('choose engine');
    await workbench.page.keyboard.press('Escape');
  });

  it('makes an agent’s image anew', async () => {
    const { workbench } = window;
    await workbench.runCommand('Kandev: Rebuild Agent Image…');
    await workbench.quickPickRow(agent).getByText('made on').waitFor();
    await workbench.screenshot('rebuild image');
    await workbench.pick(agent);
    await workbench.notification('Its next run has it.').waitFor();
    expect(await window.containers()).toHaveLength(1);
  });
});
