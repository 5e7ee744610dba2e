import { fork, type ChildProcess } from 'node:child_process';
import { on, once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NativeLibrary, NativeRequest } from './nativeProcess.ts';
import { sampleFile, type SampleSize } from './sampleBoard.ts';

const script = fileURLToPath(new URL('nativeProcess.ts', import.meta.url));

/** A sample board in a native SQLite, asked and changed with the statements of the store. */
export class NativeBoard {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #answers: AsyncIterator<[number[]]>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = once(child, 'exit').then(() => undefined);
    this.#answers = on(child, 'message')[Symbol.asyncIterator]() as AsyncIterator<[number[]]>;
  }

  static async open(library: NativeLibrary, place: string, size: SampleSize): Promise<NativeBoard> {
    const file = join(place, `native-${Math.random().toString(36).slice(2)}.db`);
    await writeFile(file, sampleFile(size));
    const execArgv = [
      '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON',
      '--disable-warning=ExperimentalWarning',
    ];
    return new NativeBoard(fork(script, [library, file], { execArgv }));
  }

  /** Adds rows of 300 bytes one after the other, each on the disk before the next; how long each took, in ms. */
  commit(count: number): Promise<number[]> {
    return this.#ask({ method: 'commit', count });
  }

  /** Asks what opening a board asks first; how long each time took, in ms. */
  readBoard(count: number): Promise<number[]> {
    return this.#ask({ method: 'readBoard', count });
  }

  async close(): Promise<void> {
    this.#child.disconnect();
    await this.#ended;
  }

  async #ask(request: NativeRequest): Promise<number[]> {
    this.#child.send(request);
    const answer = await Promise.race([this.#answers.next(), this.#ended]);
    if (!answer || answer.done) throw new Error('The native database has ended; what it said is above.');
    return answer.value[0];
  }
}
