import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { seeded, type Random } from '../../store/simulatedDisk.ts';

export interface LockReport {
  /** How often a process has led. */
  led: number;
  /** How many processes were killed while they led, and while they wanted to. */
  killedLeaders: number;
  killedOthers: number;
  /** How often two led at once. */
  overlaps: number;
  /** Of processes that nobody killed, and that ended in an error. */
  faults: string[];
}

interface Stress {
  folder: string;
  /** Whoever leads takes it; only one can have it. */
  port: number;
  random: Random;
  report: LockReport;
}

const contender = fileURLToPath(new URL('../../harness/contender.mts', import.meta.url));
const contenders = 4;

/** So many leaders are killed in any case, however slow the machine is. */
const leastKilled = 3;

/**
 * Several processes contend for the lead of a folder; whoever has led ends or is killed, and another one comes.
 * @param folder an empty one
 */
export async function lockStress(folder: string, seconds: number): Promise<LockReport> {
  const report: LockReport = { led: 0, killedLeaders: 0, killedOthers: 0, overlaps: 0, faults: [] };
  const stress: Stress = { folder, port: await freePort(), random: seeded(31), report };
  const end = performance.now() + seconds * 1000;
  const comeAndGo = async (): Promise<void> => {
    while (performance.now() < end || report.killedLeaders < leastKilled) await contend(stress);
  };
  await Promise.all(Array.from({ length: contenders }, comeAndGo));
  return report;
}

/** The life of one process. Of six, three are killed: two while they lead, one whenever it may be. */
async function contend({ folder, port, random, report }: Stress): Promise<void> {
  const flags = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'];
  const child = spawn(process.execPath, [...flags, contender, folder, String(port)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const fate = random() * 6;
  const timer = fate < 1 ? killAfter(child, random() * 500) : undefined;
  const life = { leads: false };
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'overlap') report.overlaps++;
    if (line !== 'leading') return;
    life.leads = true;
    report.led++;
    if (fate >= 1 && fate < 3) killAfter(child, random() * 20);
  });
  const errors: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  if (signal === 'SIGKILL') report[life.leads ? 'killedLeaders' : 'killedOthers']++;
  else if (code !== 0) report.faults.push(Buffer.concat(errors).toString());
}

function killAfter(child: ChildProcess, milliseconds: number): NodeJS.Timeout {
  return setTimeout(() => child.kill('SIGKILL'), milliseconds);
}

/** Not one of those that the system gives to whoever asks for any: it must stay free when nobody leads. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const server = createServer().listen(port, '127.0.0.1');
    const free = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    server.close();
    if (free) return port;
  }
}
