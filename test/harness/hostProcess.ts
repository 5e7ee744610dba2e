import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type {
  CommandInput,
  CommandName,
  CommandResults,
  QueryInput,
  QueryName,
  QueryResults,
} from '../../src/api/contract.ts';
import type { CardView } from '../../src/model/cardView.ts';
import type { Failure } from '../../src/model/failure.ts';
import type { TranscriptEntry } from '../../src/model/transcript.ts';
import type { HostOptions } from './host.mts';

const script = fileURLToPath(new URL('host.mts', import.meta.url));
const lookAgainMs = 50;
/** Less than the limit of a test, so that it says what it waited for. */
const patienceMs = 100_000;

interface Answer {
  open?: true;
  id?: number;
  result?: unknown;
  failure?: Failure;
}

/** A process with a board (host.mts), to be spoken with and killed. */
export class HostProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #open = Promise.withResolvers<undefined>();
  #lastId = 0;

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
    child.stdin.on('error', () => undefined);
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { open, id = 0, result, failure } = JSON.parse(line) as Answer;
      if (open) this.#open.resolve(undefined);
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (failure) waiting?.reject(new Error(failure.message));
      else waiting?.resolve(result);
    });
    child.on('exit', () => {
      const gone = new Error('The process is gone.');
      this.#open.reject(gone);
      for (const waiting of this.#waiting.values()) waiting.reject(gone);
      this.#waiting.clear();
    });
  }

  /** Starts one, and waits until it has opened the board. */
  static async start(options: HostOptions): Promise<HostProcess> {
    const flags = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'];
    const child = spawn(process.execPath, [...flags, script, JSON.stringify(options)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const host = new HostProcess(child);
    await host.#open.promise;
    return host;
  }

  execute<C extends CommandName>(command: C, input: CommandInput<C>): Promise<CommandResults[C]> {
    return this.#ask({ execute: command, input }) as Promise<CommandResults[C]>;
  }

  query<Q extends QueryName>(query: Q, input: QueryInput<Q>): Promise<QueryResults[Q]> {
    return this.#ask({ query, input }) as Promise<QueryResults[Q]>;
  }

  /** Whether it leads the board or speaks to the window that does. */
  role(): Promise<'leader' | 'follower'> {
    return this.#ask({ role: true }) as Promise<'leader' | 'follower'>;
  }

  async card(taskId: string): Promise<CardView> {
    const { cards } = await this.query('cards', { taskIds: [taskId] });
    const [card] = cards;
    if (!card) throw new Error('The card is gone.');
    return card;
  }

  /** Looks at a card again and again until it is as wanted. @throws Error that says how it is when it never becomes so */
  async until(taskId: string, wanted: (card: CardView) => boolean): Promise<CardView> {
    const end = performance.now() + patienceMs;
    for (;;) {
      const card = await this.card(taskId);
      if (wanted(card)) return card;
      if (performance.now() > end)
        throw new Error(`The card stays as it is: ${JSON.stringify(card, null, 2)}`);
      await sleep(lookAgainMs);
    }
  }

  /** All that was said in the last run of a card. */
  async transcript(taskId: string): Promise<TranscriptEntry[]> {
    const { run } = await this.card(taskId);
    return this.query('run.transcript', { runId: run?.id ?? '', limit: 1_000 });
  }

  /** As the end of the window does. */
  async close(): Promise<void> {
    await this.#ask({ close: true });
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
  }

  /** One that has ended by itself was not to. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null) throw new Error('The process has crashed.');
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  #ask(request: object): Promise<unknown> {
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.#child.stdin.write(`${JSON.stringify({ id, ...request })}\n`);
    return waiting.promise;
  }
}
