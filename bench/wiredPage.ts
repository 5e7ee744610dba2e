/** The extension's pages in a real browser, with the extension's own ends of the wire in this process. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { projectRoot } from '../scripts/paths.mts';

/** Where the pages are loaded from, as far as they know. */
const origin = 'http://page.bench/';

/** The extension's end: as `RunConnection` and `BoardConnection` have it. */
export interface WireEnd {
  receive(data: unknown): void;
  dispose(): void;
}

export interface WiredPage {
  page: Page;
  end: WireEnd;
  /** Closes the tab, as its user does. */
  close(): Promise<void>;
}

interface WiredOptions {
  name: 'board' | 'run';
  /** Of the run's card. */
  taskId?: string;
  viewport?: { width: number; height: number };
  connect(post: (message: unknown) => void): WireEnd;
}

/** Opens a page: it says `ready`, and what follows goes over the wire as in VS Code, as JSON. */
export async function openWired(browser: Browser, options: WiredOptions): Promise<WiredPage> {
  const { name, taskId = '', viewport = { width: 1000, height: 900 } } = options;
  const page = await browser.newPage({ viewport });
  const html = `<!DOCTYPE html><html><head><link rel="stylesheet" href="codicon.css"><link rel="stylesheet" href="${name}.css">
    <style>html, body { height: 100%; margin: 0; }</style></head><body>
    <div id="kandev-${name}" data-l10n="{}" data-task-id="${taskId}"></div>
    <script>
      window.longest = 0;
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
      }).observe({ type: 'longtask' });
      window.acquireVsCodeApi = () => ({ postMessage: (data) => window.toExtension(data), getState() {}, setState() {} });
    </script>
    <script src="${name}.js"></script></body></html>`;
  await page.route(`${origin}**`, async (route) => {
    const file = new URL(route.request().url()).pathname.slice(1);
    if (file === '') return route.fulfill({ contentType: 'text/html', body: html });
    return route.fulfill({ body: await readFile(path.join(projectRoot, 'dist', 'webview', file)) });
  });
  let isOpen = true;
  const end = options.connect((message) => {
    if (!isOpen) return;
    const script = `window.postMessage(${JSON.stringify(message)}, '*')`;
    // A page that is just being closed hears nothing.
    page.evaluate(script).catch(() => undefined);
  });
  await page.exposeFunction('toExtension', (data: unknown) => {
    end.receive(data);
  });
  await page.goto(origin);
  return {
    page,
    end,
    close: async () => {
      isOpen = false;
      end.dispose();
      await page.close();
    },
  };
}

/** What its frames were like while something went on, in milliseconds. */
export interface Frames {
  count: number;
  /** Between two frames, by the clock, whoever had the machine meanwhile. */
  longest: number;
  /** Of so many between two of them there were more than 50 ms. */
  long: number;
  /** The longest that the page's own thread was at work without a pause; 0 when never for 50 ms. */
  longestTask: number;
}

/** Looks at the frames of a page while something goes on. */
export async function framesDuring(page: Page, work: () => Promise<unknown>): Promise<Frames> {
  await page.evaluate('window.isDone = false; window.longest = 0');
  const recording = page.evaluate<number[]>(`(async () => {
    const frames = [];
    let last = performance.now();
    while (!window.isDone) {
      const now = await new Promise((resolve) => requestAnimationFrame(resolve));
      frames.push(now - last);
      last = now;
    }
    return frames.slice(1);
  })()`);
  await work();
  await page.evaluate('window.isDone = true');
  const frames = await recording;
  return {
    count: frames.length,
    longest: Math.max(...frames),
    long: frames.filter((frame) => frame > 50).length,
    longestTask: await page.evaluate<number>('window.longest'),
  };
}
