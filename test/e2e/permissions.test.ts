import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { script } from './agents.ts';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

const window = useWindow(() => Promise.resolve({ userSettings: { 'kandev.maxConcurrentRuns': 2 } }));

/** Starts a card whose agent asks before it writes a file. */
function startAsking(title: string): Promise<void> {
  const description = script(
    `permission "Write ${title}.txt" kind=edit`,
    `on allow write ${title}.txt "${title}\\n"`,
  );
  // Beside each other: in the folder there is one at a time.
  return window.board.createAndStart({
    ...{ title, agent: 'Demo agent', description },
    worksIn: 'A clone of its own',
  });
}

/** What the agent of a card has written, in whichever of the clones; null when there is no such file. */
async function written(title: string): Promise<string | null> {
  const files = await readdir(window.editor.userDataDir, { recursive: true });
  const file = files.find((name) => path.basename(name) === `${title}.txt`);
  return file === undefined ? null : readFile(path.join(window.editor.userDataDir, file), 'utf8');
}

/** The text of Kandev's item in the status bar, without its icons. */
async function statusBar(): Promise<string> {
  const text = await window.workbench.statusBarItem(/running|queued|waiting/).innerText();
  return text.replaceAll(/\s+/g, ' ').trim();
}

describe('several agents', () => {
  it('ask at the same time: one notification, and every question in the tree, on the board and in the badge', async () => {
    const { board, tree, workbench } = window;
    await startAsking('First');
    await workbench.notification('Write First.txt').waitFor();
    await startAsking('Second');
    await board.card('Second').getByText('Needs you').waitFor();
    await tree.row('Write First.txt').waitFor();
    await tree.row('Write Second.txt').waitFor();
    await eventually(() => workbench.badge()).toBe('2');
    await eventually(statusBar).toBe('2 running 2 waiting');
    // Toasts hide themselves after a while; the list of notifications keeps them.
    await workbench.runCommand('Notifications: Show Notifications');
    await workbench.listedNotification('Write First.txt').waitFor();
    expect(await workbench.listedNotification('asks:').count()).toBe(1);
    await workbench.runCommand('Notifications: Hide Notifications');
  });

  it('are no more than the setting allows; the next card waits and says why', async () => {
    const { board, tree } = window;
    await startAsking('Third');
    await board.card('Third').getByText('Queued, place 1').waitFor();
    await board.card('Third').getByText('Waits for a place: 2 agents are at work').waitFor();
    await eventually(() => tree.description('Third')).toBe(
      'Queued, 1 · Waits for a place: 2 agents are at work',
    );
    await eventually(statusBar).toBe('2 running 1 queued 2 waiting');
    await window.shows({ 'To Do': ['Third'], 'In Progress': ['First', 'Second'] });
  });

  it('are answered on the board; then the next one asks with a notification, and the queue moves on', async () => {
    const { board, workbench } = window;
    await board.press('First', 'Allow');
    await workbench.notification('Write Second.txt').waitFor();
    await window.shows({ 'In Progress': ['Second', 'Third'], Review: ['First'] });
    expect(await written('First')).toBe('First\n');
    await eventually(() => workbench.badge()).toBe('2');
    await eventually(statusBar).toBe('2 running 2 waiting');
  });

  it('are answered in the tree', async () => {
    const { tree, workbench } = window;
    await tree.clickAction('Second', 'Answer Permission Request…');
    await workbench.pick('Allow');
    await workbench.notification('Write Third.txt').waitFor();
    await window.standsIn('Second', 'Review');
    expect(await written('Second')).toBe('Second\n');
    expect(await tree.row('Write Second.txt').count()).toBe(0);
    await eventually(() => workbench.badge()).toBe('1');
    await eventually(statusBar).toBe('1 running 1 waiting');
  });

  it('are answered behind “Details…”, and then nothing is left of the questions', async () => {
    const { board, tree, workbench } = window;
    await workbench.notificationButton('Details…', 'Write Third.txt').click();
    await workbench.pick('Reject');
    await window.shows({ Review: ['First', 'Second', 'Third'] });
    expect(await written('Third')).toBe(null);
    await workbench.notification('asks:').waitFor({ state: 'detached' });
    await eventually(() => workbench.badge()).toBe(null);
    expect(await tree.row('Write Third.txt').count()).toBe(0);
    expect(await board.page.getByText('Needs you').count()).toBe(0);
    await workbench.statusBarItem(/running|queued|waiting/).waitFor({ state: 'detached' });
  });

  it('each hear one answer', async () => {
    for (const title of ['First', 'Second', 'Third']) {
      const trace = await window.logOf(title, 'Kandev ACP Trace');
      const answers = trace.filter((line) => line.startsWith('-> ') && line.includes('"outcome":"selected"'));
      expect(answers).toHaveLength(1);
      const told = (await window.logOf(title)).filter((line) => line.startsWith('answered by'));
      expect(told).toHaveLength(1);
    }
  });
});

describe('an answer for good', () => {
  const always = 'options=allow_once:once:Allow,allow_always:always:Always,reject_once:no:Reject';
  const test = `kind=execute command="npm test" ${always}`;

  it('becomes a rule, which answers the next request and can be tested and taken back', async () => {
    const { board, tree, workbench } = window;
    const description = script(
      `permission "Test" ${test}`,
      `permission "Test again" ${test}`,
      'permission "Clean up"',
    );
    await board.createAndStart({
      title: 'Fourth',
      agent: 'Demo agent',
      description,
      worksIn: 'A clone of its own',
    });
    await board.card('Fourth').getByText('No rule matches.').waitFor();
    await board.press('Fourth', 'Always');
    const short = 'Allow the command “npm test”';
    const rule = `${short}, on card “Fourth”`;
    await workbench.notification(`From now on: ${rule}.`).waitFor();
    await board.card('Fourth').getByText('Clean up').waitFor();
    await eventually(async () =>
      (await window.logOf('Fourth')).filter((line) => line.startsWith('answered')),
    ).toEqual([
      expect.stringMatching(/^answered by (?!the rule).*: Allow$/),
      `answered by the rule “${rule}”: Allow`,
    ]);
    await workbench.notificationButton('Show Rules', 'From now on').click();
    await eventually(() => tree.description(short)).toBe('1× · Fourth');
    await workbench.runCommand('Kandev: Test Permission Rule…');
    await workbench.pick(rule);
    await workbench.quickPickRow('Test again').waitFor();
    await workbench.page.keyboard.press('Escape');
    // By a key, where the list has the focus.
    await tree.row(short).click();
    await workbench.page.keyboard.press('Delete');
    await tree.row(short).waitFor({ state: 'detached' });
    await workbench.notificationButton('Undo', 'was deleted').click();
    await tree.row(short).waitFor();
  });
});
