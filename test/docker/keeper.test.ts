import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AgentManager } from '../../src/agents/agentManager.ts';
import type { AgentProcess } from '../../src/agents/agentProcess.ts';
import { spoolLimit } from '../../src/agents/keeper/protocol.ts';
import { bundled } from '../harness/localAgents.ts';
import { dockerHost, makeFolder } from '../harness/testRun.ts';
import {
  containersOf,
  ensureTestImage,
  neverAborted,
  readUntil,
  RecordedProgress,
  requestFor,
  takenOver,
  testManager,
} from './agents.ts';
import { startEngineProxy } from './engineProxy.ts';

let manager: AgentManager;
let distFolder = '';

beforeAll(async () => {
  await ensureTestImage();
  distFolder = dirname(dirname(await bundled('src/agents/keeper/main.ts', 'agents/keeper.js')));
  manager = await testManager({ distFolder });
});

/** Answers each line with its number and the line. */
const echo = `let n = 0; require('readline').createInterface({ input: process.stdin })
  .on('line', (line) => console.log(++n + ' ' + line));`;

async function launch(script: string, via = manager) {
  const folder = await makeFolder('kept');
  const request = { ...requestFor(folder, ['node', '-e', script]), outlives: true };
  const agent = await via.launch(request, new RecordedProgress(), neverAborted());
  return { agent, runId: request.runId, folder };
}

async function takeOver(
  runId: string,
  offset: number,
  ids: { asked: string[]; answered: string[] } = { asked: [], answered: [] },
): Promise<AgentProcess> {
  const agent = await manager.takeOver(takenOver(runId), { offset, ...ids }, neverAborted());
  if (agent === null || !('stdin' in agent)) throw new Error('The agent does not run any more.');
  return agent;
}

/** Takes so many bytes of the agent's output. */
async function take(agent: AgentProcess, bytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let missing = bytes;
  while (missing > 0) {
    const part = agent.stdout.read(Math.min(missing, agent.stdout.readableLength || 1)) as Buffer | null;
    if (part === null) {
      if (agent.stdout.readableEnded) throw new Error('The agent has ended.');
      await new Promise((resolve) => agent.stdout.once('readable', resolve));
      continue;
    }
    parts.push(part);
    missing -= part.length;
  }
  return Buffer.concat(parts);
}

describe('an agent under a keeper', () => {
  it('is spoken with as if there were none', async () => {
    const { agent } = await launch(`${echo} console.error('to stderr'); console.log(process.cwd())`);
    expect(agent.connection?.attachment).toBe(1);
    agent.stdin.write('one\n');
    agent.stdin.write('two\n');
    const said = await readUntil(agent.stdout, /2 two\n/);
    expect(said).toBe(`${agent.workingDirectory}\n1 one\n2 two\n`);
    expect(agent.stderrTail()).toBe('to stderr\n');
    await agent.dispose();
    expect((await agent.exited).exitCode).toBe(143);
  });

  it('is taken over byte for byte, 10 times out of 10', async () => {
    const lines = 60_000;
    const { agent, runId } = await launch(`
      const line = (n) => 'line ' + n + ' ünïcödé ' + 'x'.repeat(n % 300) + '\\n';
      let n = 0;
      (function more() {
        while (n < ${lines}) if (!process.stdout.write(line(n++))) return void process.stdout.once('drain', more);
      })();
      process.stdin.resume();`);
    const line = (n: number): string => `line ${n} ünïcödé ${'x'.repeat(n % 300)}\n`;
    const expected = Buffer.from(Array.from({ length: lines }, (_none, n) => line(n)).join(''));
    let current = agent;
    const parts: Buffer[] = [];
    let offset = 0;
    for (let times = 1; times <= 10; times++) {
      const part = await take(current, Math.floor(expected.length / 11) + times * 7);
      parts.push(part);
      offset += part.length;
      // As a process that is killed: what it has received beyond that is lost.
      current.detach();
      current = await takeOver(runId, offset);
      expect(current.connection?.attachment).toBe(times + 1);
      expect(current.connection?.offset).toBe(offset);
      current.connection?.stored(offset);
    }
    parts.push(await take(current, expected.length - offset));
    expect(Buffer.concat(parts).equals(expected)).toBe(true);
    await current.dispose();
    expect(await containersOf(runId)).toEqual([]);
  });

  it('remembers what it was asked and what it was answered', async () => {
    const { agent, runId } = await launch(echo);
    agent.stdin.write('{"id":7,"method":"session/prompt"}\n');
    agent.stdin.write('{"id":"a","result":{}}\n');
    await readUntil(agent.stdout, /\n2 /);
    agent.detach();
    const next = await takeOver(runId, 0, { asked: ['7', '8'], answered: ['"a"', '7'] });
    expect(next.connection).toMatchObject({ asked: ['7'], answered: ['"a"'] });
    await next.dispose();
  });

  it('says how it has ended while nobody listened, and what it said last', async () => {
    const script = `setTimeout(() => { console.log('last words'); console.error('ouch'); process.exitCode = 7; }, 300)`;
    const { agent, runId } = await launch(script);
    agent.detach();
    await sleep(1_000);
    const next = await takeOver(runId, 0);
    expect(Buffer.concat((await next.stdout.toArray()) as Buffer[]).toString()).toBe('last words\n');
    expect(await next.exited).toEqual({ exitCode: 7, oomKilled: false });
    expect(next.stderrTail()).toBe('ouch\n');
    await next.dispose();
  });

  it('waits when nobody takes what it says, and loses nothing', async () => {
    const total = spoolLimit + 20 * 1024 * 1024;
    const { agent, runId, folder } = await launch(`
      const fs = require('fs'); const block = Buffer.alloc(65536, 'x'); let sent = 0;
      (function more() {
        if (sent >= ${total}) return;
        sent += block.length;
        fs.writeFileSync('sent', String(sent));
        process.stdout.write(block, more);
      })();
      process.stdin.resume();`);
    agent.detach();
    const sent = async (): Promise<number> =>
      Number(await readFile(join(folder, 'sent'), 'utf8').catch(() => '0'));
    let before = -1;
    while ((await sent()) !== before || before < spoolLimit) {
      before = await sent();
      await sleep(500);
    }
    expect(before).toBeLessThan(spoolLimit + 1024 * 1024);
    const next = await takeOver(runId, 0);
    for (let taken = 0; taken < total; taken += 1024 * 1024) {
      await take(next, Math.min(1024 * 1024, total - taken));
      next.connection?.stored(taken + 1024 * 1024);
    }
    expect(await sent()).toBeGreaterThanOrEqual(total);
    await next.dispose();
  });

  it('tells the one before that another has taken over, and takes no more from it', async () => {
    const { agent, runId } = await launch(echo);
    agent.stdin.write('first\n');
    await readUntil(agent.stdout, /1 first\n/);
    const next = await takeOver(runId, 0);
    agent.stdin.write('late\n');
    next.stdin.write('second\n');
    expect(await readUntil(next.stdout, /2 .*\n/)).toBe('1 first\n2 second\n');
    agent.detach();
    await next.dispose();
  });

  it('whose command is not there ends as in a shell', async () => {
    const folder = await makeFolder('kept');
    const request = { ...requestFor(folder, ['no-such-agent']), outlives: true };
    const agent = await manager.launch(request, new RecordedProgress(), neverAborted());
    expect(await agent.exited).toMatchObject({ exitCode: 127 });
    await agent.dispose();
  });

  it('is none where the image has no node, and works all the same', async () => {
    const folder = await makeFolder('kept');
    const request = { ...requestFor(folder, ['cat'], { variables: { PATH: '/bin' } }), outlives: true };
    const agent = await manager.launch(request, new RecordedProgress(), neverAborted());
    expect(agent.connection).toBe(null);
    agent.stdin.write('hello\n');
    expect(await readUntil(agent.stdout, /\n/)).toBe('hello\n');
    expect(await containersOf(request.runId)).toHaveLength(1);
    await agent.dispose();
  });
});

describe('a connection to the engine that breaks', () => {
  it('is made again, and neither side has lost anything', async () => {
    const proxy = await startEngineProxy(dockerHost());
    const via = await testManager({ host: proxy.dockerHost, distFolder });
    const { agent } = await launch(echo, via);
    const changes: boolean[] = [];
    agent.connection?.onChange((isUp) => changes.push(isUp));
    let expected = '';
    let said = '';
    for (let n = 1; n <= 30; n++) {
      agent.stdin.write(`line ${n}\n`);
      expected += `${n} line ${n}\n`;
      if (n % 10 === 0) proxy.cut();
      said += await readUntil(agent.stdout, new RegExp(`${n} line ${n}\\n`));
    }
    expect(said).toBe(expected);
    expect(changes).toEqual([false, true, false, true, false, true]);
    await agent.dispose();
    await proxy.close();
  });
});

describe('the program', () => {
  it('is one small file', async () => {
    const file = await bundled('src/agents/keeper/main.ts', 'keeper.js');
    expect((await stat(file)).size).toBeLessThan(40_000);
  });
});

describe('an agent that turns against its keeper, as one user in one container', () => {
  const keeper = `const keeper = '/proc/' + process.ppid; const { readFileSync, readdirSync, writeSync, openSync } = require('fs');`;

  // One that knows of no image yet that it could not be run there.
  let fresh: AgentManager;

  beforeAll(async () => {
    fresh = await testManager({ distFolder });
  });

  it('finds nothing there, nor in any other process, that it was not given itself', async () => {
    const look = `${keeper}
      const environmentOf = (pid) => { try { return readFileSync('/proc/' + pid + '/environ', 'utf8').split('\\0').filter(Boolean); } catch { return []; } };
      const pids = readdirSync('/proc').filter((name) => /^\\d+$/.test(name));
      const mine = new Set(environmentOf('self'));
      const foreign = pids.flatMap((pid) => environmentOf(pid).filter((line) => !mine.has(line)));
      const programs = pids.map((pid) => readFileSync('/proc/' + pid + '/cmdline', 'utf8').split('\\0').slice(0, 3).join(' '));
      console.log(JSON.stringify({ programs, foreign, keeper: environmentOf(process.ppid).length > 0 }));
      setInterval(() => undefined, 1000);`;
    const folder = await makeFolder('kept');
    const request = {
      ...requestFor(folder, ['node', '-e', look]),
      environment: { API_KEY: 'its own' },
      outlives: true,
    };
    const agent = await fresh.launch(request, new RecordedProgress(), neverAborted());
    const found = JSON.parse(await readUntil(agent.stdout, /\n/)) as Record<string, unknown>;
    expect(found).toMatchObject({ foreign: [], keeper: true });
    // Init, the keeper and itself: no process of another container, nor of this machine.
    expect((found.programs as string[]).map((line) => line.split(' ')[0])).toEqual([
      expect.stringMatching(/init$/),
      'node',
      'node',
    ]);
    await agent.dispose();
  });

  const forged = {
    'a frame larger than any': `Buffer.from([1, 0, 0, 0, 255, 255, 255, 255])`,
    'no JSON': `Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 0, 0, 4]), Buffer.from('{[x}')])`,
    'numbers that are none': `(() => { const text = Buffer.from('{"type":"accepted","accepted":"x"}'); return Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 0, 0, text.length]), text]); })()`,
  };
  it.each(Object.entries(forged))(
    'and speaks for it, ends its own run and nothing else: %s',
    async (_what, frame) => {
      const { agent } = await launch(
        `${keeper} const out = openSync(keeper + '/fd/1', 'w'); writeSync(out, ${frame}); setInterval(() => console.log('x'.repeat(1000)), 100);`,
        fresh,
      );
      expect(await agent.exited).toEqual({ exitCode: null, oomKilled: false });
      expect(agent.stderrTail()).toContain('What came from the container made no sense');
      await agent.dispose();
    },
  );
});
