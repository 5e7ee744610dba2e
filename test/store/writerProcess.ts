import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { WorkerStoreOptions } from '../../src/store/workerStore.ts';
import { storeWorkerPath, wasmPath } from '../harness/store.ts';

const script = fileURLToPath(new URL('writer.mts', import.meta.url));

export type WriterOptions = Pick<WorkerStoreOptions, 'folder' | 'triggers'>;

/** A process that has a board open: writer.mts, and what it has said. */
export class WriterProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;
  /** Every line so far. */
  readonly said: string[] = [];
  /** The ids of the cards that it has reported as done. */
  readonly done: string[] = [];
  /** Looked at after each line. */
  readonly #watchers = new Set<() => void>();
  #ended = false;

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout });
    this.#lines.on('line', (line) => {
      this.said.push(line);
      const [, id] = /^done (.*)$/.exec(line) ?? [];
      if (id !== undefined) this.done.push(id);
      for (const look of [...this.#watchers]) look();
    });
    this.#lines.on('close', () => {
      this.#ended = true;
      for (const look of [...this.#watchers]) look();
    });
  }

  /**
   * Starts one and waits until it has opened the board.
   * @param wrapper a command to start it with, such as setpriv and its arguments
   */
  static async start(options: WriterOptions, wrapper: readonly string[] = []): Promise<WriterProcess> {
    const writer = await WriterProcess.launch(options, wrapper);
    await writer.hears((line) => line === 'open');
    return writer;
  }

  /** Starts one that is yet to open the board. */
  static async launch(options: WriterOptions, wrapper: readonly string[] = []): Promise<WriterProcess> {
    const all = { ...options, workerPath: await storeWorkerPath(), wasmPath };
    const flags = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'];
    const node = [process.execPath, ...flags, script, JSON.stringify(all)];
    const [command, ...args] = [...wrapper, ...node] as [string, ...string[]];
    return new WriterProcess(spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  tell(command: string): void {
    this.#child.stdin.write(`${command}\n`);
  }

  /** Asks for a card, and returns what came of it. */
  write(id: string): Promise<string> {
    this.tell(`write ${id}`);
    return this.hears((line) => line === `done ${id}` || line.startsWith(`refused ${id} `));
  }

  /** Has a copy of the board written to a file. */
  async export(path: string): Promise<void> {
    this.tell(`export ${path}`);
    await this.hears((line) => line === `exported ${path}`);
  }

  /** Has a snapshot taken. */
  async snapshot(): Promise<void> {
    this.tell('snapshot');
    await this.hears((line) => line === 'snapshotted');
  }

  /** The first line that is wanted, said before or still to come. */
  hears(wanted: (line: string) => boolean): Promise<string> {
    return this.#until(() => this.said.find(wanted));
  }

  /** Resolves when so many cards are done. */
  async hasDone(count: number): Promise<void> {
    await this.#until(() => (this.done.length >= count ? true : undefined));
  }

  /** Kills it with no chance of a last word, and waits until all that it had said is here. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ends();
  }

  async close(): Promise<void> {
    this.#child.stdin.end('close\n');
    await this.#ends();
  }

  async #ends(): Promise<void> {
    if (!this.#ended) await once(this.#lines, 'close');
  }

  #until<T>(look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const watcher = (): void => {
        const found = look();
        if (found === undefined && !this.#ended) return;
        this.#watchers.delete(watcher);
        if (found !== undefined) resolve(found);
        else reject(new Error(`The writer has ended. It said:\n${this.said.join('\n')}`));
      };
      this.#watchers.add(watcher);
      watcher();
    });
  }
}
