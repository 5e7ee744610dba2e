/** A VS Code window in a browser, in the words of its users. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { chromium, type Browser, type Frame, type Locator, type Page } from 'playwright-core';
import { projectRoot } from '../../scripts/paths.mts';
import { ensureBrowser } from '../../scripts/setup/browser.mts';

/** Built-in themes by what they are for: the name in the picker, and the class that the workbench then has. */
const themes = {
  light: { label: 'Light Modern', class: 'vs' },
  dark: { label: 'Dark Modern', class: 'vs-dark' },
  'hc-dark': { label: 'Dark High Contrast', class: 'hc-black' },
  'hc-light': { label: 'Light High Contrast', class: 'hc-light' },
} as const;

export type Theme = keyof typeof themes;

export interface WorkbenchOptions {
  theme?: Theme;
  /** CSS pixels. Default 1400 × 900. */
  viewport?: { width: number; height: number };
}

const startWithinMs = 60_000;

/** Opens a window on a server's URL in a browser of its own. */
export async function openWorkbench(url: string, options: WorkbenchOptions = {}): Promise<Workbench> {
  const browser = await chromium.launch({
    executablePath: await ensureBrowser(),
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  });
  try {
    const page = await browser.newPage({ viewport: options.viewport ?? { width: 1400, height: 900 } });
    await page.addInitScript({ content: withoutServersWorker });
    await page.goto(url);
    const workbench = new Workbench(browser, page);
    await workbench.ready();
    if (options.theme) await workbench.setTheme(options.theme);
    return workbench;
  } catch (error) {
    await browser.close();
    throw error;
  }
}

/**
 * Keeps code-server's own service worker out, which only makes it an app that can be installed: with it in control, the
 * first webview of a page waits more than two seconds for a worker of its own.
 */
const withoutServersWorker = `
  if (window === window.top) navigator.serviceWorker.register = () => Promise.reject(new Error('Not in tests.'));
`;

/**
 * Does again what a user would: VS Code loses a key, a click or the palette itself while something that had the keyboard
 * is just being closed or drawn anew. The last try has the usual time.
 *
 * @param attempt gets how long each of its steps may take, in milliseconds
 */
export async function patiently(attempt: (timeout: number) => Promise<unknown>): Promise<void> {
  for (let tries = 1; tries < 4; tries += 1) {
    try {
      await attempt(4000);
      return;
    } catch {
      // Once more.
    }
  }
  await attempt(30_000);
}

export class Workbench {
  /** For whatever this class has no word for. */
  readonly page: Page;
  readonly #browser: Browser;

  constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.page = page;
  }

  /** Resolves when the window is drawn and extensions have added themselves to it. */
  async ready(): Promise<void> {
    await this.page.locator('.monaco-workbench .statusbar-item').first().waitFor({ timeout: startWithinMs });
    await this.#kandevTab.waitFor({ timeout: startWithinMs });
  }

  get #kandevTab(): Locator {
    return this.page.locator('.activitybar').getByRole('tab', { name: 'Kandev' });
  }

  /** Shows Kandev's side bar, if it is not shown. */
  async openKandevView(): Promise<void> {
    if ((await this.#kandevTab.getAttribute('aria-selected')) !== 'true') await this.#kandevTab.click();
    await this.sideBar.getByRole('heading', { name: 'Kandev' }).first().waitFor();
  }

  /** The number on Kandev's icon; null without one. */
  async badge(): Promise<string | null> {
    const badge = this.#kandevTab.locator('.badge-content');
    return (await badge.isVisible()) ? badge.innerText() : null;
  }

  get sideBar(): Locator {
    return this.page.locator('.part.sidebar');
  }

  /** The rows of the side bar's trees whose text contains this. */
  treeRow(text: string | RegExp): Locator {
    return this.sideBar.getByRole('treeitem').filter({ hasText: text });
  }

  /** Clicks an inline action of a tree row, which shows only while the pointer is on the row. */
  async clickAction(row: Locator, label: string): Promise<void> {
    const action = row.locator(`.action-label[aria-label="${label}"]`);
    // A tree that is drawn anew leaves the pointer on nothing, so that it has to come again.
    for (let tries = 1; ; tries += 1) {
      await row.hover();
      const clicked = await action.click({ timeout: 1000 }).then(
        () => true,
        (error: unknown) => {
          if (tries === 10) throw error;
          return false;
        },
      );
      if (clicked) return;
    }
  }

  /** An action in the side bar's title. */
  titleAction(label: string): Locator {
    return this.sideBar.locator(`.title-actions .action-label[aria-label="${label}"]`);
  }

  /** Runs a command by its full name in the palette, such as "Kandev: Open Board". */
  async runCommand(name: string): Promise<void> {
    await patiently(async (timeout) => {
      await this.#openPalette(timeout);
      await this.quickInput.fill(`>${name}`, { timeout });
      const row = this.quickPickRow(name).first();
      await row.click({ timeout }).catch(async (error: unknown) => {
        // It lists what there was when it was opened.
        await this.page.keyboard.press('Escape');
        throw error;
      });
    });
  }

  async openPalette(): Promise<void> {
    await patiently((timeout) => this.#openPalette(timeout));
  }

  async #openPalette(timeout: number): Promise<void> {
    await this.page.keyboard.press('F1');
    await this.quickInput.waitFor({ timeout });
  }

  /** The text field of whatever quick pick, input box or palette is open. */
  get quickInput(): Locator {
    return this.page.locator('.quick-input-widget:visible .quick-input-box input');
  }

  /** What an input box says about its text: the prompt or the validation message. */
  get quickInputMessage(): Locator {
    return this.page.locator('.quick-input-widget:visible .quick-input-message');
  }

  /** The open quick pick's rows whose label is exactly this, or all. */
  quickPickRow(label?: string): Locator {
    const rows = this.page.locator('.quick-input-list .monaco-list-row');
    if (label === undefined) return rows;
    const exactly = this.page
      .locator('.quick-input-list-label .label-name')
      .getByText(label, { exact: true });
    return rows.filter({ has: exactly });
  }

  /** Chooses a row of the open quick pick. */
  async pick(label: string): Promise<void> {
    await this.quickPickRow(label).first().click();
  }

  /** Fills the open input box in and accepts it. */
  async enter(text: string): Promise<void> {
    await this.quickInput.fill(text);
    await this.quickInput.press('Enter');
  }

  /** Answers an open file dialog. It fills in a path of its own when it has read a folder, over whatever stands there. */
  async acceptPath(path: string, accept: string): Promise<void> {
    const dialog = this.page.locator('.quick-input-widget:visible');
    await this.quickPickRow().first().waitFor();
    for (let tries = 1; await dialog.isVisible(); tries += 1) {
      if (tries === 20) throw new Error(`The dialog does not take ${path}.`);
      await this.quickInput.fill(path).catch(() => undefined);
      const button = dialog.getByText(accept, { exact: true });
      await button.click({ timeout: 1000 }).catch(() => undefined);
      await dialog.waitFor({ state: 'hidden', timeout: 1000 }).catch(() => undefined);
    }
  }

  /** Notifications on the screen that contain this text. */
  notification(text: string | RegExp): Locator {
    return this.page.locator('.notifications-toasts .notification-list-item').filter({ hasText: text });
  }

  notificationButton(label: string, text: string | RegExp = ''): Locator {
    return this.notification(text).getByRole('button', { name: label, exact: true });
  }

  /** Notifications in the open list of them that contain this text. */
  listedNotification(text: string | RegExp): Locator {
    return this.page.locator('.notifications-center .notification-list-item').filter({ hasText: text });
  }

  /** A button of the open modal dialog. */
  dialogButton(label: string): Locator {
    return this.page.locator('.monaco-dialog-box').getByRole('button', { name: label, exact: true });
  }

  /** Items of the status bar that contain this text. */
  statusBarItem(text: string | RegExp): Locator {
    return this.page.locator('.statusbar-item').filter({ hasText: text });
  }

  /** The entries of the open context menu with this text. */
  menuItem(label: string): Locator {
    return this.page.getByRole('menuitem', { name: label, exact: true });
  }

  /** Chooses an entry of the open context menu, by way of its submenus. */
  async chooseFromMenu(...labels: readonly string[]): Promise<void> {
    for (const submenu of labels.slice(0, -1)) await this.menuItem(submenu).hover();
    const item = this.menuItem(labels.at(-1) ?? '');
    await item.waitFor();
    // A menu is deaf to clicks while it has just opened, and closes on one that it hears.
    for (let tries = 1; await item.isVisible(); tries += 1) {
      if (tries === 20) throw new Error(`The menu does not close on "${labels.join(', ')}".`);
      await item.click({ timeout: 1000 }).catch(() => undefined);
      await item.waitFor({ state: 'detached', timeout: 300 }).catch(() => undefined);
    }
  }

  /** The innermost frame of the board's webview, once the board is drawn in it. */
  boardFrame(): Promise<Frame> {
    return this.webviewFrame('#kandev-board');
  }

  /** The innermost frame of the webview that holds an element, once that is drawn. */
  async webviewFrame(selector: string): Promise<Frame> {
    const deadline = Date.now() + startWithinMs;
    while (Date.now() < deadline) {
      for (const frame of this.page.frames()) {
        const element = frame.locator(selector);
        // A frame that is just being replaced cannot be asked.
        if (await element.isVisible().catch(() => false)) return frame;
      }
      await this.page.waitForTimeout(100);
    }
    throw new Error(`No webview holds ${selector}.`);
  }

  async setTheme(theme: Theme): Promise<void> {
    await this.runCommand('Preferences: Color Theme');
    const { label, class: themeClass } = themes[theme];
    await this.quickInput.fill(label);
    await this.pick(label);
    await this.page.locator(`.monaco-workbench.${themeClass}`).waitFor();
    await this.quickInput.waitFor({ state: 'hidden' });
  }

  /** Loads the window anew, as "Developer: Reload Window" does. */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.ready();
  }

  /** Writes out/screenshots/<name>.png. */
  async screenshot(name: string): Promise<void> {
    const folder = path.join(projectRoot, 'out', 'screenshots');
    await mkdir(folder, { recursive: true });
    await this.page.screenshot({ path: path.join(folder, `${name}.png`), animations: 'disabled' });
  }

  /** The browser dies without a goodbye, so that the window's extension host waits for it to come back. */
  async crash(): Promise<void> {
    const session = await this.#browser.newBrowserCDPSession();
    const gone = new Promise((resolve) => this.#browser.once('disconnected', resolve));
    await Promise.race([gone, session.send('Browser.crash').catch(() => gone)]);
  }

  /** Closes the window and its browser. */
  async close(): Promise<void> {
    await this.#browser.close();
  }
}
