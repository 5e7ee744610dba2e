/** What the board's page costs in a browser: how long it takes to open, and how smoothly cards are dragged on it. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { buildAll } from '../scripts/build.mts';
import { projectRoot } from '../scripts/paths.mts';
import { ensureBrowser } from '../scripts/setup/browser.mts';
import { noFilter } from '../src/model/cardFilter.ts';
import type { TaskState } from '../src/model/task.ts';
import { toBoardCard } from '../src/webview/host/diffSummary.ts';
import type { HostMessage } from '../src/webview/protocol.ts';
import { aCard, aRun, board } from '../test/unit/webview/cards.ts';
import { median, milliseconds, printTable, type Row } from './table.ts';

const sizes = [100, 500, 2000];
const rounds = 3;
const dragged = 500;
const states: readonly TaskState[] = ['BACKLOG', 'BACKLOG', 'TODO', 'REVIEW', 'COMPLETED', 'COMPLETED'];
/** Where the page is loaded from, as far as it knows. */
const origin = 'http://board.bench/';

/** Every board has three live runs, whose times are counted on. */
function messagesFor(count: number): HostMessage[] {
  const cards = Array.from({ length: count }, (_, index) =>
    index < 3
      ? aCard(`live-${index}`, { state: 'IN_PROGRESS', position: index }, { run: aRun(`live-${index}`) })
      : aCard(`card-${index}`, {
          title: `Card ${index} of a board that has been used for a while`,
          description: 'What is to be done, and how it is known to be done. '.repeat(10),
          state: states[index % states.length] ?? 'BACKLOG',
          position: index,
          labels: index % 3 === 0 ? ['bug', 'later'] : [],
        }),
  );
  return [
    { type: 'drafts', drafts: {} },
    {
      type: 'snapshot',
      ...{ revision: 1, now: Date.now(), board, filter: noFilter, queuePause: null, engine: null },
      cards: cards.map((card) => toBoardCard(card)),
      workspaceModes: ['folder'],
      agentTypes: [],
    },
  ];
}

export async function benchBoardPage(): Promise<void> {
  await buildAll({ production: true });
  const browser = await chromium.launch({
    executablePath: await ensureBrowser(),
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    const rows: Row[] = [];
    for (const size of sizes) {
      const times: number[] = [];
      for (let round = 0; round < rounds; round++) times.push(await openingTime(browser, size));
      rows.push({ what: `opening ${size} cards, until they are drawn`, value: milliseconds(median(times)) });
    }
    const frames = await dragFrames(browser);
    rows.push({
      what: `longest frame while a card is dragged over ${dragged}`,
      value: milliseconds(Math.max(...frames)),
      gate: 'wanted: at most 50 ms',
    });
    printTable(`The board's page, medians of ${rounds}`, rows);
  } finally {
    await browser.close();
  }
}

/** A page with VS Code's end of the wire, which keeps what it is to say until it is asked. */
async function openPage(browser: Browser): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  const html = `<!DOCTYPE html><html><head><link rel="stylesheet" href="board.css"></head><body>
    <div id="kandev-board" data-l10n="{}"></div>
    <script>window.acquireVsCodeApi = () => ({ postMessage() {}, getState() {}, setState() {} });</script>
    <script src="board.js"></script></body></html>`;
  await page.route(`${origin}**`, async (route) => {
    const name = new URL(route.request().url()).pathname.slice(1);
    if (name === '') return route.fulfill({ contentType: 'text/html', body: html });
    return route.fulfill({ body: await readFile(path.join(projectRoot, 'dist', 'webview', name)) });
  });
  await page.goto(origin);
  return page;
}

/** Milliseconds from the arrival of the cards to the end of the frame that has drawn them. */
async function show(page: Page, count: number): Promise<number> {
  return page.evaluate<number>(`(async () => {
    const messages = ${JSON.stringify(messagesFor(count))};
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const start = performance.now();
    for (const message of messages) window.postMessage(message, '*');
    while (document.querySelectorAll('kandev-card > .card').length < ${count}) await frame();
    await frame();
    return performance.now() - start;
  })()`);
}

async function openingTime(browser: Browser, count: number): Promise<number> {
  const page = await openPage(browser);
  const time = await show(page, count);
  await page.close();
  return time;
}

/** Milliseconds between the frames of a drag across the columns. */
async function dragFrames(browser: Browser): Promise<number[]> {
  const page = await openPage(browser);
  await show(page, dragged);
  const box = await page.locator('kandev-card').first().boundingBox();
  if (!box) throw new Error('No card is drawn.');
  await page.mouse.move(box.x + 30, box.y + 10);
  const recording = page.evaluate<number[]>(`(async () => {
    const frames = [];
    let last = performance.now();
    while (!window.isDone) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const now = performance.now();
      frames.push(now - last);
      last = now;
    }
    return frames;
  })()`);
  await page.mouse.down();
  for (let step = 0; step < 150; step++) {
    await page.mouse.move(box.x + 30 + step * 7, box.y + 10 + (step % 40) * 12);
  }
  if ((await page.locator('kandev-column[data-over]').count()) === 0) throw new Error('Nothing is dragged.');
  await page.mouse.up();
  await page.evaluate('window.isDone = true');
  const frames = await recording;
  await page.close();
  return frames;
}
