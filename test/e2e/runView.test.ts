import { beforeAll, describe, expect, it } from 'vitest';
import { makeRepository } from '../harness/repository.ts';
import { accessibilityProblems } from './accessibility.ts';
import { script } from './agents.ts';
import { eventually } from './eventually.ts';
import { RunPage } from './runPage.ts';
import { useWindow } from './testWindow.ts';

const window = useWindow(async () => ({
  folder: await makeRepository('project', {
    'src/search.ts': 'export const limit = 10;\n',
    'README.md': '# Project\n',
  }),
}));
let run: RunPage;
const title = 'Speed up the search';

const markdown = [
  '## What I found\\n',
  'The search reads **every** file. See `src/search.ts` and [the index](src/search.ts#L1).\\n\\n',
  '```ts\\nexport const limit = 100; // was 10\\nfunction find(text: string) {\\n  return text;\\n}\\n```\\n\\n',
  '| file | time |\\n| --- | --- |\\n| a.ts | 12 ms |\\n\\n- one\\n- two\\n\\n<img src=x onerror=alert(1)>',
].join('');

beforeAll(async () => {
  run = new RunPage(window.workbench);
  await window.board.create({
    title,
    agent: 'Demo agent',
    description: script(
      'thought I should look at the index first.',
      'plan [x] Read the code | [~] Write an index | Measure',
      'tool read src/search.ts line=1',
      `message "${markdown}"`,
      'terminal echo searching',
      'tool edit src/search.ts old="limit = 10" new="limit = 100"',
      'usage 12000 200000 cost=0.04',
      'permission "Write the index" kind=edit path=src/index.ts old="" new="export {};\\n"',
      'write src/index.ts "export {};\\n"',
      'message Done.',
    ),
  });
});

describe('the run of a card', () => {
  it('is opened by Enter on its card', async () => {
    await window.board.card(title).press('Enter');
    await run.heading(title).waitFor();
    await run.page.getByText('Demo agent has not worked on this card yet. Run it to start.').waitFor();
  });

  it('is started there, and shows what the agent says and does as it comes', async () => {
    await run.button('Run').click();
    await run.page.getByText('Write the index').first().waitFor();
    await run.page.getByRole('heading', { level: 2, name: 'What I found' }).waitFor();
    await run.page.locator('.code .hljs-keyword', { hasText: 'export' }).waitFor();
    expect(await run.page.locator('.markdown img').count()).toBe(0);
    await run.tool('read src/search.ts').waitFor();
    await run.page.getByRole('group', { name: 'Plan' }).getByText('1 of 3 done').waitFor();
    await run.page.getByText('12K of 200K tokens · 0.04 USD').waitFor();
    await window.workbench.screenshot('run-waiting');
  });

  it('asks for the permission in place, and goes on with the answer', async () => {
    await run.page
      .getByRole('group', { name: 'Needs you' })
      .getByRole('button', { name: 'Allow', exact: true })
      .click();
    await run.page.getByText('Ready for review').waitFor();
    await run.page.getByText('Finished ·').waitFor();
  });

  it('opens the diff of a tool call in the editor', async () => {
    await run.tool('edit src/search.ts').getByTitle('Show the change of src/search.ts').click();
    await window.workbench.page.locator('.monaco-diff-editor').waitFor();
    await window.workbench.runCommand('View: Close Editor');
    await run.heading(title).waitFor();
    await run.page.getByText('Ready for review').waitFor();
  });

  it('takes a picture that is pasted, shows it with the message, and hands a mentioned file over', async () => {
    await pastePicture('shot.png');
    await run.page.getByRole('img', { name: 'shot.png' }).waitFor();
    await pastePicture('notes.bmp');
    await run.page
      .getByRole('group', { name: 'Message', exact: true })
      .getByText('“notes.bmp” is no picture')
      .waitFor();
    await run.button('Dismiss').click();
    await window.workbench.screenshot('run-picture-draft');
    await run.composer.fill(`See @src/search.ts\n\n${script('prompt')}`);
    await run.button('Send').click();
    const said = run.page.getByRole('article', { name: 'The agent said' });
    await said.filter({ hasText: /prompt: file .*src\/search.ts.*; picture image\/png/ }).waitFor();
    const picture = run.page
      .getByRole('article', { name: 'You said' })
      .getByRole('button', { name: 'Show shot.png large' });
    await picture.click();
    const image = run.page.getByRole('article', { name: 'You said' }).getByRole('img', { name: 'shot.png' });
    expect(await image.evaluate((element: HTMLImageElement) => element.naturalWidth)).toBe(240);
    expect(await run.page.getByRole('list', { name: 'Pictures' }).count()).toBe(1);
    await window.workbench.screenshot('run-picture-sent');
  });

  it('takes another message, sent with Enter', async () => {
    await run.composer.fill('Now explain it');
    await run.composer.press('Enter');
    await run.page.getByRole('article', { name: 'You said' }).filter({ hasText: 'Now explain it' }).waitFor();
    await eventually(() => run.composer.inputValue()).toBe('');
  });

  it('completes files after an @', async () => {
    await run.composer.pressSequentially('see @sear');
    await run.page.getByRole('option', { name: 'src/search.ts' }).waitFor();
    await run.composer.press('Enter');
    expect(await run.composer.inputValue()).toBe('see @src/search.ts ');
    await run.composer.fill('');
  });

  it('finds text in the transcript', async () => {
    await run.transcript.press('Control+f');
    await run.page.getByRole('textbox', { name: 'Find in transcript' }).fill('every');
    await run.page.getByText('2 of 2', { exact: true }).waitFor();
    await run.page.getByRole('textbox', { name: 'Find in transcript' }).press('Escape');
  });

  it('has nothing that keeps people with disabilities out', async () => {
    for (const theme of ['light', 'dark', 'hc-dark', 'hc-light'] as const) {
      await window.workbench.setTheme(theme);
      await window.workbench.screenshot(`run-${theme}`);
      expect(await accessibilityProblems(await window.workbench.webviewFrame('#kandev-run'))).toEqual([]);
    }
  });

  it('has a timeline beside the statistics of all, in every theme', async () => {
    const { workbench } = window;
    await workbench.runCommand('Kandev: Statistics');
    await workbench.webviewFrame('kandev-statistics h1');
    await workbench.runCommand('Kandev: Show Timeline');
    await workbench.pick(title);
    await workbench.webviewFrame('kandev-timeline h1');
    await workbench.runCommand('View: Move Editor into Next Group');
    for (const theme of ['light', 'dark', 'hc-dark', 'hc-light'] as const) {
      await workbench.setTheme(theme);
      const timeline = await workbench.webviewFrame('kandev-timeline h1');
      await timeline.getByText('Demo agent waits for you').waitFor();
      const statistics = await workbench.webviewFrame('kandev-statistics h1');
      await workbench.screenshot(`insight-${theme}`);
      expect(await accessibilityProblems(statistics)).toEqual([]);
      expect(await accessibilityProblems(timeline)).toEqual([]);
    }
  });
});

/** As from the clipboard: a picture of 240 × 120 pixels, whatever its name says. */
async function pastePicture(name: string): Promise<void> {
  await run.composer.evaluate(async (field, file) => {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width: 240, height: 120 });
    const context = canvas.getContext('2d');
    for (let x = 0; context && x < 240; x += 20) {
      context.fillStyle = `hsl(${x} 60% 50%)`;
      context.fillRect(x, 0, 20, 120);
    }
    const drawn = await new Promise<Blob | null>((resolve) => {
      canvas.toBlob(resolve);
    });
    const isPicture = file.endsWith('.png');
    const content = isPicture && drawn ? drawn : new Blob(['BM']);
    const transfer = new DataTransfer();
    transfer.items.add(new File([content], file, { type: isPicture ? 'image/png' : 'image/bmp' }));
    field.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true }),
    );
  }, name);
}
