import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import { startEditor, type Editor, type EditorOptions } from '../harness/editor.ts';
import { makeRepository } from '../harness/repository.ts';
import { openWorkbench, type Workbench } from '../harness/workbench.ts';
import { BoardPage } from './boardPage.ts';
import { CardTree, type CardsByColumn } from './cardTree.ts';
import { containersOfRun, removeContainersOfRun } from '../harness/containers.ts';
import { eventually } from './eventually.ts';

interface Opened {
  folder: string;
  editor: Editor;
  workbench: Workbench;
}

/** A window on a repository of its own, with Kandev's side bar and board open, that the tests of a file share. */
export class TestWindow {
  #opened: Opened | null = null;

  async open(options: EditorOptions): Promise<void> {
    const folder = options.folder ?? (await makeRepository('project'));
    const editor = await startEditor({ ...options, folder });
    try {
      this.#opened = { folder, editor, workbench: await openWorkbench(editor.url) };
    } catch (error) {
      await editor.stop();
      throw error;
    }
    await this.workbench.openKandevView();
    await this.board.open();
  }

  /** Ends everything without a goodbye, as when the machine is switched off, and opens the same folder again. */
  async restart(options: EditorOptions = {}): Promise<void> {
    const { folder, editor, workbench } = this.#current;
    await workbench.close();
    await editor.stop();
    this.#opened = null;
    await this.open({
      ...options,
      folder,
      userDataDir: editor.userDataDir,
      port: Number(new URL(editor.url).port),
    });
  }

  /** Closes the window as its user does, who wants no agent to outlive it. No container may be left then. */
  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    if (!opened) return;
    try {
      await opened.workbench.page.goto('about:blank');
      await vi.waitFor(
        async () => {
          expect(await containersOfRun()).toEqual([]);
        },
        { timeout: 20_000, interval: 50 },
      );
    } finally {
      await opened.workbench.close();
      await opened.editor.stop();
      await removeContainersOfRun();
    }
  }

  get folder(): string {
    return this.#current.folder;
  }

  get editor(): Editor {
    return this.#current.editor;
  }

  get workbench(): Workbench {
    return this.#current.workbench;
  }

  get board(): BoardPage {
    return new BoardPage(this.workbench);
  }

  get tree(): CardTree {
    return new CardTree(this.workbench);
  }

  get #current(): Opened {
    if (!this.#opened) throw new Error('The window is not open.');
    return this.#opened;
  }

  /** The names of the containers of its agents. */
  containers(): Promise<string[]> {
    return containersOfRun();
  }

  /** Expects the cards to stand so in the tree and on the board. */
  async shows(cards: CardsByColumn): Promise<void> {
    await eventually(() => this.board.cards()).toEqual(cards);
    await eventually(() => this.tree.cards()).toEqual(cards);
  }

  /** Expects a card to stand in a column, in the tree and on the board. */
  async standsIn(title: string, column: string): Promise<void> {
    await eventually(async () => (await this.board.cards())[column]).toContain(title);
    await eventually(async () => (await this.tree.cards())[column]).toContain(title);
  }

  /** The lines about a card in one of Kandev's output channels, without their time stamps. */
  async logOf(card: string, channel: 'Kandev' | 'Kandev ACP Trace' = 'Kandev'): Promise<string[]> {
    const logs = path.join(this.editor.userDataDir, 'logs');
    const files = (await readdir(logs, { recursive: true })).filter(
      (file) => path.basename(file) === `${channel}.log`,
    );
    const texts = await Promise.all(files.sort().map((file) => readFile(path.join(logs, file), 'utf8')));
    const prefix = `[${card}] `;
    return texts
      .flatMap((text) => text.split('\n'))
      .map((line) => line.replace(/^\S+ \S+ \[\w+\] /, ''))
      .filter((line) => line.startsWith(prefix))
      .map((line) => line.slice(prefix.length));
  }
}

/**
 * Opens a window before the tests of a file and closes it after them. A failed test leaves a picture in
 * out/screenshots, and fails those after it at once: they are the next steps of the same journey.
 */
export function useWindow(options: () => Promise<EditorOptions> = () => Promise.resolve({})): TestWindow {
  const window = new TestWindow();
  let failed: string | null = null;
  beforeAll(async () => {
    await window.open(await options());
  });
  beforeEach(() => {
    if (failed !== null) throw new Error(`The journey has ended at “${failed}”.`);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail' || failed !== null) return;
    failed = task.name;
    await window.workbench.screenshot(`failed ${task.name}`.replaceAll(/[^\w]+/g, '-'));
  });
  afterAll(async () => {
    await window.close();
  });
  return window;
}
