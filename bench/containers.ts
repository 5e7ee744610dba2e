import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { PassThrough, Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import Dockerode from 'dockerode';
import { demultiplex } from '../src/agents/demultiplex.ts';
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
  const begun = performance.now();
  await Promise.all(Array.from({ length: parallel }, () => launch(manager, folder)));
  const all = performance.now() - begun;
  const alone = performance.now();
  await launch(manager, folder);
  const one = performance.now() - alone;
  printTable(`Containers, ${rounds} rounds, medians (${load()})`, [
    { what: 'docker run, first byte of node', value: milliseconds(median(cli)) },
    { what: 'launch of the product, first byte', value: milliseconds(median(own)) },
    { what: 'ratio', value: (median(own) / median(cli)).toFixed(2), gate: 'wanted: at most 1.1' },
    { what: 'one, from launch to removed', value: milliseconds(one) },
    { what: `${parallel} at once, from launch to removed`, value: milliseconds(all) },
    { what: 'ratio', value: (all / one).toFixed(2), gate: 'wanted: at most 5' },
  ]);
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

const frameBytes = 180;
const frames = 400_000;
/** As a socket hands it out: 64 KB, in which frames begin and end anywhere. */
const chunkBytes = 64 * 1024;

/** The CPU that taking a container's stream apart costs, beside dockerode's own way. */
export async function benchDemultiplex(): Promise<void> {
  const own: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    theirs.push(await cpuOf(throughDockerode));
    own.push(await cpuOf(throughOwn));
  }
  const megabytes = (frames * frameBytes) / 1e6;
  printTable(`Demultiplexing ${megabytes} MB in frames of ${frameBytes} bytes, CPU, medians (${load()})`, [
    { what: 'dockerode demuxStream', value: milliseconds(median(theirs)) },
    { what: 'our own', value: milliseconds(median(own)) },
    { what: 'ratio', value: (median(own) / median(theirs)).toFixed(2), gate: 'wanted: at most 0.5' },
  ]);
}

async function cpuOf(work: (source: Readable) => Promise<number>): Promise<number> {
  const source = Readable.from(chunks(), { objectMode: false });
  const before = process.cpuUsage();
  const taken = await work(source);
  const { user, system } = process.cpuUsage(before);
  if (taken !== frames * frameBytes) throw new Error(`${taken} bytes came through.`);
  return (user + system) / 1000;
}

function* chunks(): Generator<Buffer> {
  const frame = Buffer.alloc(8 + frameBytes, 'x');
  frame.writeUInt32BE(0x01000000, 0);
  frame.writeUInt32BE(frameBytes, 4);
  // A whole number of frames, cut at places that are not theirs.
  const pattern = Buffer.concat(Array.from({ length: 4000 }, () => frame));
  for (let sent = 0; sent < frames; sent += 4000) {
    for (let at = 0; at < pattern.length; at += chunkBytes) yield pattern.subarray(at, at + chunkBytes);
  }
}

/** Counts what it is given. */
function counter(): { sink: Writable; count: () => number } {
  let count = 0;
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      count += chunk.length;
      done();
    },
  });
  return { sink, count: () => count };
}

async function throughOwn(source: Readable): Promise<number> {
  const { sink, count } = counter();
  const { stdout } = demultiplex(source, () => undefined);
  await finished(stdout.pipe(sink));
  return count();
}

async function throughDockerode(source: Readable): Promise<number> {
  const { sink, count } = counter();
  const stdout = new PassThrough();
  new Dockerode({ host: 'unused' }).modem.demuxStream(source, stdout, new PassThrough());
  source.on('end', () => stdout.end());
  await finished(stdout.pipe(sink));
  return count();
}
