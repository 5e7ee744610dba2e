import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { PassThrough, type Duplex, type Readable, type Writable } from 'node:stream';
import Dockerode from 'dockerode';
import type { AgentManager } from '../src/agents/agentManager.ts';
import type { AgentProcess } from '../src/agents/agentProcess.ts';
import { attach } from '../src/agents/attach.ts';
import { demultiplex } from '../src/agents/demultiplex.ts';
import type { Engine } from '../src/agents/engine.ts';
import {
  ensureTestImage,
  neverAborted,
  readUntil,
  RecordedProgress,
  requestFor,
  takenOver,
  testEngine,
  testImage,
  testManager,
} from '../test/docker/agents.ts';
import { bundled } from '../test/harness/localAgents.ts';
import { dockerHost, makeFolder, testRunId } from '../test/harness/testRun.ts';
import { load } from './containers.ts';
import { median, milliseconds, printTable } from './table.ts';

const rounds = 5;
const trips = 300;
const frameBytes = 180;
const frames = 200_000;
const echo = `require('readline').createInterface({ input: process.stdin }).on('line', (line) => console.log(line));`;
const flood = `const line = 'x'.repeat(${frameBytes - 1}) + '\\n'; let left = ${frames};
  const go = () => { while (left-- > 0) if (!process.stdout.write(line)) return process.stdout.once('drain', go); process.stdout.write('', () => process.exit()); };
  process.stdin.once('data', go);`;

/** The way to an agent and back, and coming back to it, beside the docker command; and the CPU of taking its stream apart. */
export async function benchStdio(): Promise<void> {
  await ensureTestImage();
  const distFolder = dirname(dirname(await bundled('src/agents/keeper/main.ts', 'agents/keeper.js')));
  const manager = await testManager({ distFolder });
  await benchRoundTrips(manager);
  await benchDemultiplex(await testEngine());
}

async function benchRoundTrips(manager: AgentManager): Promise<void> {
  const request = { ...requestFor(await makeFolder('bench'), ['node', '-e', echo]), outlives: true };
  let agent: AgentProcess = await manager.launch(request, new RecordedProgress(), neverAborted());
  const own = await roundTrips(agent.stdin, agent.stdout);
  const cli = await throughCli(agent.containerId);
  const plain = await withoutKeeper(manager);
  const back: number[] = [];
  const exec: number[] = [];
  for (let round = 0; round < rounds; round++) {
    agent.detach();
    exec.push((await throughCli(agent.containerId, 1)).firstMs);
    const begun = performance.now();
    const from = { offset: 0, asked: [], answered: [] };
    const found = await manager.takeOver(takenOver(request.runId), from, neverAborted());
    if (found === null || !('stdin' in found)) throw new Error('The agent does not run any more.');
    agent = found;
    await roundTrips(agent.stdin, agent.stdout, 1);
    back.push(performance.now() - begun);
  }
  await agent.dispose();
  printTable(`An agent in a container, ${trips} round trips of a line, medians (${load()})`, [
    { what: 'docker exec -i, a round trip', value: `${cli.tripMs.toFixed(2)} ms` },
    { what: 'the product, without a keeper', value: `${plain.toFixed(2)} ms` },
    { what: 'ratio', value: (plain / cli.tripMs).toFixed(2), gate: 'wanted: at most 1.2' },
    { what: 'the product, with a keeper', value: `${own.tripMs.toFixed(2)} ms` },
    {
      what: 'ratio',
      value: (own.tripMs / cli.tripMs).toFixed(2),
      gate: 'one process more on the way, and nothing is lost',
    },
    { what: 'docker exec -i, from its start to the first answer', value: milliseconds(median(exec)) },
    { what: 'taking over, to the first answer', value: milliseconds(median(back)) },
    { what: 'ratio', value: (median(back) / median(exec)).toFixed(2), gate: 'wanted: at most 1.2' },
  ]);
}

/** The median of a round trip, and when the first answer was there. */
async function roundTrips(
  stdin: Writable,
  stdout: Readable,
  count = trips,
  begun = performance.now(),
): Promise<{ tripMs: number; firstMs: number }> {
  const taken: number[] = [];
  let firstMs = 0;
  for (let trip = 0; trip < count; trip++) {
    // What was said before a takeover is said again: only this line is the answer.
    const line = randomUUID();
    const sent = performance.now();
    stdin.write(`${line}\n`);
    await readUntil(stdout, new RegExp(line));
    taken.push(performance.now() - sent);
    firstMs ||= performance.now() - begun;
  }
  return { tripMs: median(taken), firstMs };
}

async function withoutKeeper(manager: AgentManager): Promise<number> {
  const request = requestFor(await makeFolder('bench'), ['node', '-e', echo]);
  const agent = await manager.launch(request, new RecordedProgress(), neverAborted());
  try {
    return (await roundTrips(agent.stdin, agent.stdout)).tripMs;
  } finally {
    await agent.dispose();
  }
}

async function throughCli(containerId: string, count = trips): Promise<{ tripMs: number; firstMs: number }> {
  const begun = performance.now();
  const args = ['-H', dockerHost(), 'exec', '-i', containerId, 'node', '-e', echo];
  const child = spawn('docker', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const result = await roundTrips(child.stdin, child.stdout, count, begun);
  child.stdin.end();
  await exited;
  return result;
}

/** From a container that floods: both have the same engine and the same stream. */
async function benchDemultiplex(engine: Engine): Promise<void> {
  const own: number[] = [];
  const theirs: number[] = [];
  const raw: number[] = [];
  for (let round = 0; round < rounds; round++) {
    raw.push(await cpuOf(engine, unread));
    theirs.push(await cpuOf(engine, throughDockerode));
    own.push(await cpuOf(engine, (socket) => demultiplex(socket, () => undefined).stdout));
  }
  const megabytes = (frames * frameBytes) / 1e6;
  printTable(`${megabytes} MB from a container in writes of ${frameBytes} bytes, CPU, medians (${load()})`, [
    { what: 'reading the socket, which both do', value: milliseconds(median(raw)) },
    { what: 'dockerode demuxStream', value: milliseconds(median(theirs)) },
    { what: 'our own', value: milliseconds(median(own)) },
    {
      what: 'ratio of what comes on top of reading',
      value: ((median(own) - median(raw)) / (median(theirs) - median(raw))).toFixed(2),
      gate: 'wanted: at most 0.5',
    },
  ]);
}

/** Takes the bytes as they come, frames and all, and says at their end that all was there. */
function unread(socket: Duplex): Readable {
  const stdout = new PassThrough();
  socket.on('data', () => undefined);
  socket.once('end', () => stdout.end(Buffer.alloc(frames * frameBytes)));
  return stdout;
}

async function cpuOf(engine: Engine, stdoutOf: (socket: Duplex) => Readable): Promise<number> {
  const container = await engine.call('creating', (docker) =>
    docker.createContainer({
      Image: testImage(),
      Cmd: ['node', '-e', flood],
      OpenStdin: true,
      Labels: { 'dev.kandev.test-run': testRunId() },
      HostConfig: { NetworkMode: 'none', LogConfig: { Type: 'none', Config: {} } },
    }),
  );
  const socket = await attach(engine, container.id, neverAborted());
  try {
    await engine.call('starting', () => container.start());
    const stdout = stdoutOf(socket);
    const before = process.cpuUsage();
    socket.write('go\n');
    let missing = frames * frameBytes;
    for await (const chunk of stdout) {
      missing -= (chunk as Buffer).length;
      if (missing <= 0) break;
    }
    const { user, system } = process.cpuUsage(before);
    if (missing !== 0) throw new Error(`${-missing} bytes too many came through.`);
    return (user + system) / 1000;
  } finally {
    socket.destroy();
    await engine.call('removing', () => container.remove({ force: true }));
  }
}

function throughDockerode(socket: Duplex): Readable {
  const stdout = new PassThrough();
  new Dockerode({ host: 'unused' }).modem.demuxStream(socket, stdout, new PassThrough());
  return stdout;
}
