import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { projectRoot } from '../scripts/paths.mts';
import { loadGateway, type LoadOptions, type LoadOutcome } from '../test/harness/gatewayLoad.ts';
import type { HostMeasurement } from '../test/harness/hostProbe.ts';
import { milliseconds, printTable, type Row } from './table.ts';

const rounds = 3;
const load: LoadOptions = { clients: 200, streams: 50, pauseMs: 500 };

/** What the process with the board goes through while 200 programs ask and 50 follow ten agents at work. */
export async function benchGatewayLoad(): Promise<void> {
  const host = new GatewayHost();
  const { url, token } = await host.opened();
  const rows: Row[] = [];
  for (let round = 1; round <= rounds; round++) {
    await host.ask('begin');
    const taskIds = await host.ask<string[]>('cards');
    const outcome = await loadGateway({ url, token, taskIds }, load);
    const measured = await host.ask<HostMeasurement & { rssMb: number }>('end');
    await host.ask('cards-end');
    const problems = [...outcome.problems, ...(await host.ask<string[]>('problems'))];
    if (problems.length > 0) throw new Error(problems.slice(0, 5).join('\n'));
    rows.push(...rowsOf(round, outcome, measured));
  }
  printTable(
    `API gateway: ${load.clients} clients and ${load.streams} streams while 10 agents work, 3 times`,
    rows,
  );
  await host.close();
}

function rowsOf(round: number, outcome: LoadOutcome, host: HostMeasurement & { rssMb: number }): Row[] {
  const what = (text: string): string => `${round}: ${text}`;
  return [
    {
      what: what('requests, frames, connections lost'),
      value: `${outcome.requests}, ${outcome.frames}, ${outcome.reconnects}`,
      gate: 'nothing lost or doubled',
    },
    { what: what('slowest answer'), value: milliseconds(outcome.slowestMs) },
    {
      what: what('the loop waited, longest and 99 %'),
      value: `${milliseconds(host.longestDelayMs)}, ${milliseconds(host.delay99Ms)}`,
      gate: 'with whatever else the machine did',
    },
    {
      what: what('longest stretch by CPU time'),
      value: milliseconds(host.longestStretchMs),
      gate: 'at most 50 ms',
    },
    { what: what('CPU time of the process'), value: milliseconds(host.cpuMs) },
    {
      what: what('heap after a collection, before and after'),
      value: `${host.heapBeforeMb.toFixed(1)} MB, ${host.heapAfterMb.toFixed(1)} MB`,
    },
  ];
}

/** test/harness/gatewayHost.mts as a process. */
class GatewayHost {
  readonly #child = spawn(process.execPath, [path.join(projectRoot, 'test/harness/gatewayHost.mts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  });
  readonly #lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();

  opened(): Promise<{ url: string; token: string }> {
    return this.#next();
  }

  ask<T = null>(word: string): Promise<T> {
    this.#child.stdin.write(`${word}\n`);
    return this.#next<T>();
  }

  async close(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.stdin.write('close\n');
    await closed;
  }

  async #next<T>(): Promise<T> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error('The process with the gateway has ended.');
    return JSON.parse(line.value) as T;
  }
}
