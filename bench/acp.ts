import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Readable, Writable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { client, ndJsonStream } from '@agentclientprotocol/sdk';
import { openConnection } from '../src/acp/connection.ts';
import { projectRoot } from '../scripts/paths.mts';
import { median, printTable } from './table.ts';

const updates = 50_000;
const rounds = 9;

interface Flood {
  updatesPerSecond: number;
  /** Milliseconds of CPU that the client took for a thousand updates; the agent is a process of its own. */
  cpuPerThousand: number;
  /** Milliseconds. */
  longestPause: number;
}

/** Sends the prompt, and resolves when its turn has ended. */
type Prompt = () => Promise<unknown>;

interface BenchedClient {
  open(agent: { stdin: Writable; stdout: Readable }, onUpdate: () => void): Promise<Prompt>;
}

/**
 * A flood of updates in one turn over a plain pipe: our client beside the SDK's own, on the same stream, one after
 * the other in turn, so that both have the same machine.
 */
export async function benchAcp(): Promise<void> {
  // The first of each is for the compiler.
  await flood(sdk);
  await flood(ours);
  const theirs: Flood[] = [];
  const own: Flood[] = [];
  const before = heapMegabytes();
  for (let round = 0; round < rounds; round++) {
    theirs.push(await flood(sdk));
    own.push(await flood(ours));
  }
  const grown = heapMegabytes() - before;
  const speed = ratio(own, theirs, perSecond);
  const cpu = ratio(own, theirs, perThousand);
  const stretch = await longestStretch();
  const pauseOf = (floods: readonly Flood[]) => `${median(floods.map(pause)).toFixed(1)} ms`;
  const cpuOf = (floods: readonly Flood[]) => `${median(floods.map(perThousand)).toFixed(2)} ms`;
  printTable(`A flood of ${updates} ACP updates in one turn, ${rounds} rounds, medians`, [
    { what: 'updates a second, SDK', value: median(theirs.map(perSecond)).toFixed(0) },
    { what: 'updates a second, ours', value: median(own.map(perSecond)).toFixed(0) },
    { what: 'ratio', value: speed.toFixed(2), gate: 'wanted: at least 1' },
    { what: 'CPU per 1,000 updates, SDK', value: cpuOf(theirs) },
    { what: 'CPU per 1,000 updates, ours', value: cpuOf(own) },
    { what: 'ratio', value: cpu.toFixed(2), gate: 'wanted: at most 1' },
    { what: 'longest pause of the event loop, SDK', value: pauseOf(theirs) },
    { what: 'longest pause of the event loop, ours', value: pauseOf(own), gate: 'wanted: under 50 ms' },
    {
      what: 'the longest by CPU time, ours',
      value: `${stretch.toFixed(1)} ms`,
      gate: 'without other processes',
    },
    { what: 'heap afterwards, against before', value: `${grown.toFixed(1)} MB`, gate: 'wanted: no growth' },
  ]);
}

const perSecond = ({ updatesPerSecond }: Flood): number => updatesPerSecond;
const perThousand = ({ cpuPerThousand }: Flood): number => cpuPerThousand;
const pause = ({ longestPause }: Flood): number => longestPause;

const ours: BenchedClient = {
  async open({ stdin, stdout }, onUpdate) {
    const connection = openConnection({
      stdin,
      stdout,
      clientInfo: { name: 'bench', version: '0' },
      handlers: { requestPermission: () => Promise.resolve({ outcome: 'cancelled' }) },
    });
    await connection.initialize();
    const session = await connection.newSession({ cwd: '/', mcpServers: [] });
    session.onEvent(onUpdate);
    return () => session.prompt([{ type: 'text', text: 'Go' }]);
  },
};

const sdk: BenchedClient = {
  async open({ stdin, stdout }, onUpdate) {
    const output = Readable.toWeb(stdout) as ReadableStream<Uint8Array>;
    const { agent } = client({ name: 'bench' })
      .onNotification('session/update', onUpdate)
      .connect(ndJsonStream(Writable.toWeb(stdin), output));
    await agent.request('initialize', { protocolVersion: 1, clientCapabilities: {} });
    const { sessionId } = await agent.request('session/new', { cwd: '/', mcpServers: [] });
    return () => agent.request('session/prompt', { sessionId, prompt: [{ type: 'text', text: 'Go' }] });
  },
};

/**
 * Milliseconds of CPU that the thread took at most between two turns of its event loop, in several floods: unlike the
 * clock's time, it has no part of what other processes took of the machine.
 */
async function longestStretch(): Promise<number> {
  let longest = 0;
  let last = process.threadCpuUsage();
  let isOver = false;
  const probe = (): void => {
    const { user, system } = process.threadCpuUsage(last);
    longest = Math.max(longest, (user + system) / 1000);
    last = process.threadCpuUsage();
    if (!isOver) setImmediate(probe);
  };
  const probed: BenchedClient = {
    async open(agent, onUpdate) {
      const prompt = await ours.open(agent, onUpdate);
      return async () => {
        last = process.threadCpuUsage();
        isOver = false;
        setImmediate(probe);
        await prompt();
        isOver = true;
      };
    },
  };
  for (let round = 0; round < 3; round++) await flood(probed);
  return longest;
}

async function flood(benched: BenchedClient): Promise<Flood> {
  const script = join(projectRoot, 'test/agents/flood-agent.mts');
  const child = spawn(process.execPath, [script, String(updates), 'mixed'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    let arrived = 0;
    const prompt = await benched.open(child, () => (arrived += 1));
    collectGarbage();
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const cpuBefore = process.cpuUsage();
    const started = performance.now();
    await prompt();
    const elapsed = performance.now() - started;
    const { user, system } = process.cpuUsage(cpuBefore);
    delay.disable();
    if (arrived !== updates) throw new Error(`${arrived} of ${updates} updates arrived.`);
    return {
      updatesPerSecond: (updates / elapsed) * 1000,
      cpuPerThousand: (user + system) / updates,
      longestPause: delay.max / 1e6,
    };
  } finally {
    child.kill('SIGKILL');
  }
}

/** The median of the ratios of neighbouring rounds: what the machine did meanwhile, it did to both. */
function ratio(own: readonly Flood[], theirs: readonly Flood[], of: (flood: Flood) => number): number {
  return median(own.map((flood, round) => of(flood) / of(theirs[round] ?? flood)));
}

function heapMegabytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 1024 / 1024;
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
}
