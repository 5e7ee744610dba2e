import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import type { AgentManager } from '../src/agents/agentManager.ts';
import {
  ensureTestImage,
  neverAborted,
  readUntil,
  RecordedProgress,
  requestFor,
  testImage,
  testManager,
} from '../test/docker/agents.ts';
import { dockerHost, makeFolder } from '../test/harness/testRun.ts';
import { median, milliseconds, printTable } from './table.ts';

const rounds = 7;
const parallel = 10;
const firstByte = ['node', '-e', 'process.stdout.write("x"); process.stdin.resume()'];

/** What the machine does besides: the ratios stand, the milliseconds do not. */
export function load(): string {
  return `load ${loadavg()[0]?.toFixed(1) ?? '?'}`;
}

/** Starting a container as the product does, beside `docker run` of the same image, in turn. */
export async function benchContainers(): Promise<void> {
  await ensureTestImage();
  const manager = await testManager();
  const folder = await makeFolder('bench');
  await dockerRun(testImage());
  await launch(manager, folder);
  const own: number[] = [];
  const cli: number[] = [];
  for (let round = 0; round < rounds; round++) {
    cli.push(await dockerRun(testImage()));
    own.push(await launch(manager, folder));
  }
  const { one, all } = await atOnce(() => launch(manager, folder));
  const theirs = await atOnce(() => dockerRun(testImage()));
  printTable(`Containers, ${rounds} rounds, medians (${load()})`, [
    { what: 'docker run, first byte of node', value: milliseconds(median(cli)) },
    { what: 'launch of the product, first byte', value: milliseconds(median(own)) },
    { what: 'ratio', value: (median(own) / median(cli)).toFixed(2), gate: 'wanted: at most 1.1' },
    { what: 'one, from launch to removed', value: milliseconds(one) },
    { what: `${parallel} at once, from launch to removed`, value: milliseconds(all) },
    { what: 'ratio', value: (all / one).toFixed(2), gate: 'wanted: at most 5' },
    { what: 'the same ratio of docker run --rm', value: (theirs.all / theirs.one).toFixed(2) },
  ]);
}

/** Milliseconds that a piece of work takes alone and that many of it take at once, to the end: medians. */
async function atOnce(work: () => Promise<unknown>): Promise<{ one: number; all: number }> {
  const one: number[] = [];
  const all: number[] = [];
  for (let round = 0; round < 3; round++) {
    one.push(await timed(work));
    all.push(await timed(() => Promise.all(Array.from({ length: parallel }, work))));
  }
  return { one: median(one), all: median(all) };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** Milliseconds to the first byte; the container is removed afterwards. */
async function launch(manager: AgentManager, folder: string): Promise<number> {
  const started = performance.now();
  const agent = await manager.launch(requestFor(folder, firstByte), new RecordedProgress(), neverAborted());
  try {
    await readUntil(agent.stdout, /x/);
    return performance.now() - started;
  } finally {
    await agent.dispose();
  }
}

/** Milliseconds from `docker run` to the first byte of a node process. */
export async function dockerRun(image: string): Promise<number> {
  const started = performance.now();
  const args = ['-H', dockerHost(), 'run', '--rm', image, 'node', '-e', 'process.stdout.write("x")'];
  const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  const elapsed = performance.now() - started;
  await exited;
  return elapsed;
}
