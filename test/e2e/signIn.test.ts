import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { removeStateVolume, stateVolumeName } from '../../src/agents/stateVolume.ts';
import { engineAt, importMachineImage } from '../harness/images.ts';
import { demoAgentFile } from '../harness/localAgents.ts';
import { dockerHost, testRunId } from '../harness/testRun.ts';
import { demoAgentWith, script } from './agents.ts';
import { containersOfRun } from '../harness/containers.ts';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

const secret = 'open-sesame-5c1d77';
/** What this agent keeps is nobody else's. */
let silentImage = '';
const accountId = `account-${testRunId()}`;

describe('sign-in', () => {
  // Before the window's own, so that it comes after: a volume in use cannot be removed.
  afterAll(async () => {
    await removeStateVolume(await engineAt(dockerHost()), stateVolumeName(accountId));
  });
  const window = useWindow(async () => {
    const withKey = await demoAgentWith('with-key', 'Key agent', ['--auth-key'], ['KANDEV_DEMO_KEY']);
    const silent = await demoAgentWith('silent', 'Silent agent', ['--silent']);
    silentImage = `kandev-test/silent:${testRunId()}`;
    await importMachineImage(dockerHost(), silentImage, {
      '/opt/demo/agent.js': await readFile(await demoAgentFile()),
    });
    const account = await demoAgentWith(accountId, 'Account agent', ['--auth']);
    const [node = '', file = ''] = account.command;
    return {
      userSettings: {
        'kandev.agents': [
          withKey,
          { ...silent, image: silentImage },
          {
            ...account,
            stateFolder: '.kandev-demo',
            signIn: { hint: 'There is no account.', command: [node, file, '--login'] },
          },
        ],
      },
    };
  });

  async function signInContainers(): Promise<string[]> {
    return (await containersOfRun()).filter((name) => name.includes('sign-in'));
  }

  /** A check works in a folder of its own. */
  async function checkContainers(): Promise<string[]> {
    const engine = await engineAt(dockerHost());
    const containers = await engine.call('listing containers', (docker) => docker.listContainers());
    return containers.filter(({ Image }) => Image === silentImage).flatMap(({ Names }) => Names);
  }

  /** The files of the editor that hold this text: its log, the board's data, the settings. */
  async function filesWith(text: string): Promise<string[]> {
    const root = window.editor.userDataDir;
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => path.join(parentPath, name));
    // One that is just being replaced is written again under its name.
    const hits = files.map(async (file) =>
      (await readFile(file).catch(() => '')).includes(text) ? [file] : [],
    );
    return (await Promise.all(hits)).flat();
  }

  it('with a key: the card asks for it, and goes on by itself when it is entered', async () => {
    const { board, workbench } = window;
    const title = 'Needs a key';
    await board.create({
      title,
      agent: 'Key agent',
      // What it prints would be in the log, the trace and the board's data.
      description: script(
        'terminal style=client echo "the key: $KANDEV_DEMO_KEY"; echo >&2 $KANDEV_DEMO_KEY',
        'message Done.',
      ),
    });
    await window.tree.clickAction(title, 'Start Agent');
    await window.standsIn(title, 'Failed');
    await board.press(title, 'Sign In…');
    const enter = workbench.quickPickRow('Enter KANDEV_DEMO_KEY…');
    await enter.getByText('is not set').waitFor();
    await enter.click();
    expect(await workbench.quickInput.getAttribute('type')).toBe('password');
    await workbench.enter(secret);
    await workbench.notification(`“${title}” is started again.`).waitFor();
    await window.standsIn(title, 'Review');
    await eventually(() => window.logOf(title)).toContain('Done.');
    expect(await filesWith('the key: [redacted]')).not.toEqual([]);
    expect(await filesWith(secret)).toEqual([]);
  });

  it('with a key: it is kept, and can be taken away again', async () => {
    const { workbench } = window;
    await workbench.runCommand('Kandev: Sign In to Agent…');
    await workbench.pick('Key agent');
    await workbench.quickPickRow('Enter KANDEV_DEMO_KEY…').getByText('is set, kept in VS Code').waitFor();
    await workbench.pick('Remove KANDEV_DEMO_KEY');
    await workbench.notification('KANDEV_DEMO_KEY is no longer kept.').waitFor();
    await workbench.runCommand('Kandev: Check Agent…');
    await workbench.pick('Key agent');
    await workbench.notificationButton('Sign In…', 'wants you to sign in first').waitFor();
  });

  it('in a terminal: serves the card that waited, and its container is gone', async () => {
    const { board, workbench } = window;
    const title = 'Needs an account';
    await board.create({ title, agent: 'Account agent', description: script('message Welcome back.') });
    await window.tree.clickAction(title, 'Start Agent');
    await window.standsIn(title, 'Failed');
    await board.press(title, 'Sign In…');
    await workbench.pick('Sign in in a Terminal');
    await workbench.notification(`“${title}” is started again.`).waitFor();
    expect(await signInContainers()).toEqual([]);
    await window.standsIn(title, 'Review');
  });

  it('once serves all runs: the check says that the agent is ready, and the log what it can do', async () => {
    const { editor, workbench } = window;
    await workbench.runCommand('Kandev: Check Agent…');
    await workbench.pick('Account agent');
    await workbench.notificationButton('Show Log', 'Account agent is ready').waitFor();
    await eventually(() => editor.logs()).toMatch(/Account agent: Kandev demo agent \(kandev-demo-agent\)/);
    expect(await editor.logs()).toMatch(/protocol version: 1\n/);
  });

  it('is not asked of an agent whose check is cancelled, and nothing of the check is left', async () => {
    const { workbench } = window;
    await workbench.runCommand('Kandev: Check Agent…');
    await workbench.pick('Silent agent');
    await eventually(async () => (await checkContainers()).length).toBe(1);
    await workbench.notificationButton('Cancel', 'Starting Silent agent').click();
    await workbench.notification('Starting Silent agent').waitFor({ state: 'detached' });
    await eventually(checkContainers).toEqual([]);
    expect(await workbench.notification('Silent agent').count()).toBe(0);
  });

  it('is not needed by an agent type that is added, which can be checked at once', async () => {
    const { board, editor, workbench } = window;
    const { image, command } = await demoAgentWith('added', 'Added agent', []);
    await workbench.runCommand('Kandev: Add Agent Type…');
    await workbench.enter(accountId);
    await workbench.quickInputMessage
      .getByText(`There is an agent with the id "${accountId}" already.`)
      .waitFor();
    for (const [index, text] of ['added', 'Added agent', image, command.join(' ')].entries()) {
      await workbench.page.getByText(`Add Agent Type (${index + 1}/4)`).waitFor();
      await workbench.enter(text);
    }
    await workbench.notificationButton('Check Agent…', 'Added agent can be given cards now.').click();
    await workbench.notificationButton('Show Log', 'Added agent is ready').waitFor();
    const settings = await readFile(path.join(editor.userDataDir, 'Machine', 'settings.json'), 'utf8');
    const { 'kandev.agents': agents } = JSON.parse(settings) as Record<string, { id: string }[]>;
    expect(agents?.map(({ id }) => id)).toEqual(['with-key', 'silent', accountId, 'added']);
    await board.button('New Card').click();
    await board
      .field('Agent')
      .getByRole('option', { name: 'Added agent', exact: true })
      .waitFor({ state: 'attached' });
  });
});
