import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder } from '../harness/testRun.ts';
import { demoAgentWith, script } from './agents.ts';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

const title = 'Commit it';

describe('credentials', () => {
  const window = useWindow(async () => {
    const home = await makeFolder('home');
    await mkdir(path.join(home, '.ssh'));
    await writeFile(path.join(home, '.ssh', 'known_hosts'), 'git.example.org ssh-ed25519 AAAA\n');
    const agent = { ...(await demoAgentWith('sharing', 'Sharing agent', [])), credentials: true };
    return { env: { HOME: home, SSH_AUTH_SOCK: undefined }, userSettings: { 'kandev.agents': [agent] } };
  });

  const ticked = (label: string): Promise<boolean> =>
    window.workbench
      .quickPickRow(label)
      .locator('input[type="checkbox"], .monaco-checkbox')
      .first()
      .isChecked();

  it('are asked for when the first card is started, with nothing ticked', async () => {
    const { board, workbench } = window;
    await board.createAndStart({ title, agent: 'Sharing agent', description: script('message Done.') });
    const identity = workbench.quickPickRow('Git identity');
    await identity.getByText('Test <test@example.invalid>').waitFor();
    await workbench.quickPickRow('Known hosts').getByText('1 host key').waitFor();
    expect(await ticked('Git identity')).toBe(false);
    await workbench.screenshot('credentials-asked');
    await workbench.quickInput.fill('ssh-agent');
    await workbench.page.getByText('nothing to share: no ssh-agent runs where VS Code was started').waitFor();
    await workbench.quickInput.fill('');
  });

  it('put off, hold the card, which says so and asks again', async () => {
    const { board, workbench } = window;
    await workbench.quickInput.press('Escape');
    await workbench.notification(`“${title}” waits until you say what agents may have of yours.`).waitFor();
    await board.card(title).getByText('Waits for you: say what agents may have of yours').waitFor();
    await workbench.screenshot('credentials-held');
    await board.press(title, 'Choose…');
    await workbench.pick('Git identity');
    await eventually(() => ticked('Git identity')).toBe(true);
    await workbench.quickInput.press('Enter');
    await window.standsIn(title, 'Review');
  });

  it('show who has them, and are taken back', async () => {
    const { workbench } = window;
    await workbench.runCommand('Kandev: Credentials…');
    await workbench.quickPickRow('Git identity').getByText('1 running container has it').waitFor();
    expect(await ticked('Git identity')).toBe(true);
    await workbench.screenshot('credentials-used');
    await workbench.pick('Git identity');
    await workbench.quickInput.press('Enter');
    await workbench
      .notificationButton('Stop Them', `The agents of “${title}” still have: Git identity.`)
      .click();
    await eventually(() => window.containers()).toEqual([]);
    await workbench.runCommand('Kandev: Credentials…');
    await workbench.quickPickRow('Git identity').waitFor();
    expect(await ticked('Git identity')).toBe(false);
    await workbench.quickInput.press('Escape');
  });
});
