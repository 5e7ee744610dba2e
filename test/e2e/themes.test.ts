import { describe, expect, it } from 'vitest';
import { makeRepository } from '../harness/repository.ts';
import type { Theme } from '../harness/workbench.ts';
import { accessibilityProblems } from './accessibility.ts';
import { demoAgentWith, script } from './agents.ts';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

const agent = 'Small agent';
const window = useWindow(async () => ({
  folder: await makeRepository('project', { 'src/search/index.ts': 'export const index = new Map();\n' }),
  userSettings: {
    'kandev.maxConcurrentRuns': 3,
    // So small that three have room on whatever machine this is.
    'kandev.agents': [{ ...(await demoAgentWith('small', agent, [])), cpus: 0.25, memoryMb: 512 }],
    // What is tried again waits for that until the window is closed.
    'kandev.retry.pauseSeconds': 3600,
    'kandev.stallMinutes': 0.5,
  },
}));
/** Beside each other: in the folder there is one at a time. */
const worksIn = 'A clone of its own';

/** The themes, with the class that VS Code then gives to the page of the board. */
const themes = {
  light: 'vscode-light',
  dark: 'vscode-dark',
  'hc-dark': 'vscode-high-contrast',
  'hc-light': 'vscode-high-contrast-light',
} as const satisfies Record<Theme, string>;
const everyTheme = Object.entries(themes) as [Theme, string][];

const wide = { width: 1400, height: 900 };
/** Leaves some 300 pixels for the board. */
const narrow = { width: 650, height: 900 };

const cards = {
  Backlog: ['Write the release notes'],
  'To Do': [
    ...['Order new keyboards', 'Resize the icons', 'Translate the settings', 'Update the dependencies'],
    // Blocked: it waits for another card.
    'Announce the release',
  ],
  'In Progress': ['Migrate the database', 'Speed up the search', 'Rename the option --fast'],
  Review: ['Explain the cache'],
  Done: ['Choose a licence'],
  Failed: ['Compress the pictures'],
  Cancelled: ['Support the old format'],
};

async function moveCard(title: string, to: string): Promise<void> {
  const { workbench } = window;
  await workbench.runCommand('Kandev: Move Card…');
  await workbench.pick(title);
  await workbench.pick(to);
  await eventually(() => window.board.cards()).toMatchObject({ [to]: [title] });
}

async function dependOn(title: string, other: string): Promise<void> {
  const { workbench } = window;
  await workbench.runCommand('Kandev: Depends On…');
  await workbench.pick(title);
  await workbench.page.getByText(`“${title}” depends on`).waitFor();
  await workbench.quickPickRow(other).click();
  await workbench.page.locator('.quick-input-widget').getByText('OK', { exact: true }).click();
}

async function start(title: string): Promise<void> {
  await window.board.press(title, 'Run (R)');
}

/** Cards that are done with, one way or the other. */
async function showSettledCards(): Promise<void> {
  const { board } = window;
  await board.create({ title: 'Write the release notes', description: 'What is *new* since 1.2.', agent });
  await board.create({ title: 'Order new keyboards', priority: 'Low', column: 'To Do' });
  await board.create({
    title: 'Explain the cache',
    description: script('write docs/cache.md "# The cache\\n"', 'message The page is written.'),
    agent,
    worksIn,
  });
  await board.create({
    title: 'Compress the pictures',
    // What has changed something is not tried again by itself.
    description: script('write pictures/logo.avif "AVIF"', 'crash 3 no space left on device'),
    agent,
    worksIn,
    priority: 'High',
  });
  await board.create({
    title: 'Resize the icons',
    description: script('message "I shall try."', 'crash 1 connection lost'),
    agent,
    worksIn,
  });
  await board.create({ title: 'Choose a licence' });
  await moveCard('Choose a licence', 'Done');
  await board.create({ title: 'Support the old format', agent });
  await moveCard('Support the old format', 'Cancelled');
  await start('Explain the cache');
  await start('Compress the pictures');
  await start('Resize the icons');
  const { Review, Failed } = cards;
  await eventually(() => board.cards()).toMatchObject({ Review, Failed });
  await board.card('Resize the icons').getByText('Retry 1 of 3').waitFor();
  await window.workbench.runCommand('Notifications: Clear All Notifications');
}

/** Cards that stay as they are until the window is closed. */
async function showBusyCards(): Promise<void> {
  const { board, workbench } = window;
  await board.create({ title: 'Translate the settings', agent, worksIn });
  await board.create({ title: 'Update the dependencies', agent, worksIn, priority: 'High' });
  await board.createAndStart({
    title: 'Migrate the database',
    description: script('message "The tables are next."', 'delay 30m'),
    agent,
    worksIn,
  });
  await board.createAndStart({
    title: 'Speed up the search',
    description: script(
      'plan [x] Measure | [~] Build an index | Measure again',
      'tool read src/search/index.ts line=1 title="Read src/search/index.ts"',
      // It goes on saying something, and so is not taken to be standing still.
      ...Array.from({ length: 180 }, () => ['delay 10s', 'usage 1200 200000']).flat(),
    ),
    agent,
    worksIn,
    priority: 'Urgent',
  });
  await board.card('Speed up the search').getByText('Read src/search/index.ts').waitFor();
  await board.createAndStart({
    title: 'Rename the option --fast',
    description: script(
      'permission "Edit src/cli.ts" kind=edit path=src/cli.ts old="--fast" new="--quick" background',
      'permission "Run the tests" kind=execute command="npm test -- --grep options" background',
      'wait',
    ),
    agent,
    worksIn,
  });
  await board.card('Rename the option --fast').getByText('1 of 2').waitFor();
  await start('Translate the settings');
  await start('Update the dependencies');
  await board
    .card('Translate the settings')
    .getByText(/^Queued, place \d$/)
    .waitFor();
  await board.create({ title: 'Announce the release', agent });
  await dependOn('Announce the release', 'Explain the cache');
  await start('Announce the release');
  await board.card('Announce the release').getByText('Waits for “Explain the cache”').waitFor();
  await board.card('Migrate the database').getByText('Silent', { exact: true }).waitFor({ timeout: 60_000 });
  await workbench.runCommand('Notifications: Clear All Notifications');
  // The second question comes up when the first is put aside.
  await workbench.notification('Run the tests').waitFor();
  await workbench.runCommand('Notifications: Clear All Notifications');
}

describe('the board in every theme', () => {
  it('has cards in every state', async () => {
    await showSettledCards();
    await showBusyCards();
    await window.shows(cards);
  });

  describe.each(everyTheme)('%s', (theme, pageClass) => {
    it('shows the whole board', async () => {
      const { workbench, board } = window;
      await workbench.setTheme(theme);
      await board.page.locator(`body.${pageClass}`).waitFor();
      await board.card('Write the release notes').focus();
      await screenshot(`board ${theme}`);
      await board.card('Speed up the search').focus();
      await screenshot(`board ${theme}, middle`);
      await board.card('Support the old format').focus();
      await screenshot(`board ${theme}, right end`);
      await expectNoProblems();
    });

    it('shows the form and the keys', async () => {
      const { board } = window;
      await board.button('New Card').click();
      await board.button('Create').click();
      await board.page.getByText('A card needs a title.').waitFor();
      await screenshot(`form ${theme}`);
      await expectNoProblems();
      await board.button('Close (Esc)').click();

      await board.button('Keyboard Shortcuts (?)').click();
      await board.page.getByRole('dialog').waitFor();
      await screenshot(`keys ${theme}`);
      await expectNoProblems();
      await board.button('Close (Esc)').click();
    });

    it('fits into a narrow window', async () => {
      const { workbench, board } = window;
      await workbench.page.setViewportSize(narrow);
      await eventually(async () => (await board.page.locator('body').boundingBox())?.width).toBeLessThan(340);
      for (const title of [
        ...['Write the release notes', 'Resize the icons', 'Announce the release'],
        ...['Migrate the database', 'Rename the option --fast', 'Compress the pictures'],
      ]) {
        await board.card(title).focus();
        await screenshot(`narrow ${theme}, ${title}`);
      }
      await expectNoProblems();
      await board.button('New Card').click();
      await screenshot(`narrow form ${theme}`);
      await expectNoProblems();
      await board.button('Close (Esc)').click();
      await workbench.page.setViewportSize(wide);
    });
  });
});

/** Takes a picture when the board has drawn what has just come into view. */
async function screenshot(name: string): Promise<void> {
  const frame = await window.workbench.boardFrame();
  await frame.evaluate(async () => {
    for (let frames = 0; frames < 2; frames += 1) await new Promise(requestAnimationFrame);
  });
  await window.workbench.screenshot(name);
}

/** Expects that assistive technology can use what is shown, and that only parts of the page scroll, never the page. */
async function expectNoProblems(): Promise<void> {
  const frame = await window.workbench.boardFrame();
  expect(await accessibilityProblems(frame)).toEqual([]);
  const overflow = await frame.evaluate(() => {
    const { scrollWidth, clientWidth } = document.body;
    return scrollWidth - clientWidth;
  });
  expect(overflow, 'pixels that the page is wider than its window').toBe(0);
}
