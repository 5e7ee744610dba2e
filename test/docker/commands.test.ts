import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Terminals, type TerminalRequest } from '../../src/acp/terminals.ts';
import type { AgentManager } from '../../src/agents/agentManager.ts';
import type { AgentProcess } from '../../src/agents/agentProcess.ts';
import { buildImage, sourceHash } from '../../src/agents/buildImage.ts';
import { containerLabels } from '../../src/agents/labels.ts';
import { makeFolder, testRunId } from '../harness/testRun.ts';
import {
  ensureTestImage,
  neverAborted,
  RecordedProgress,
  requestFor,
  testEngine,
  testImage,
  testManager,
} from './agents.ts';

let manager: AgentManager;
let folder = '';
let agent: AgentProcess;
let terminals: Terminals;
/** What is shown while it comes, by the terminal's id. */
let shown: Map<string, string>;
const watchers = new Set<() => void>();
let errors: Error[];

beforeAll(async () => {
  await ensureTestImage();
  manager = await testManager();
  folder = await makeFolder('commands');
  agent = await launch();
});

afterAll(() => agent.dispose());

beforeEach(() => {
  shown = new Map();
  errors = [];
  terminals = terminalsOf(agent);
});

function launch(image = testImage(), command: readonly string[] = ['cat']): Promise<AgentProcess> {
  const request = requestFor(folder, command, { image });
  return manager.launch(
    { ...request, environment: { SECRET: 'known' } },
    new RecordedProgress(),
    neverAborted(),
  );
}

function terminalsOf({ commands }: AgentProcess): Terminals {
  if (!commands) throw new Error('Nothing can be run beside this agent.');
  return new Terminals(
    commands,
    (_sessionId, { id, output = '' }) => {
      shown.set(id, (shown.get(id) ?? '') + output);
      for (const look of watchers) look();
    },
    (error) => errors.push(error),
  );
}

function command(program: string, args: readonly string[] = [], more: Partial<TerminalRequest> = {}) {
  return { sessionId: null, command: program, args, env: [], cwd: null, outputByteLimit: null, ...more };
}

const script = (text: string, more: Partial<TerminalRequest> = {}) => command('sh', ['-c', text], more);

/** Runs to the end, and returns all that there is to know of it. */
async function run(request: TerminalRequest, from = terminals) {
  const id = await from.create(request);
  const exit = await from.waitForExit(id);
  const { output, truncated } = from.output(id);
  await from.release(id);
  return { ...exit, output, truncated, shown: shown.get(id) };
}

/** Settles when a terminal has shown what matches. */
async function shows(id: string, pattern: RegExp): Promise<void> {
  while (!pattern.test(shown.get(id) ?? '')) {
    await new Promise<void>((resolve) => {
      const look = (): void => {
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
    });
  }
}

/** How many processes of the container have exactly this command line. */
async function running(commandLine: string): Promise<number> {
  const { output } = await run(command('ps', ['-o', 'args']));
  return output.split('\n').filter((line) => line === commandLine).length;
}

describe('a command in the container of an agent', () => {
  it('runs in the folder of the agent, as its user, with its environment', async () => {
    const result = await run(
      script('pwd; id -un; echo $HOME $SECRET $MORE', { env: [{ name: 'MORE', value: 'a b' }] }),
    );
    expect(result).toEqual({
      exitCode: 0,
      signal: null,
      truncated: false,
      output: `${folder}\nagent\n/home/agent known a b\n`,
      shown: `${folder}\nagent\n/home/agent known a b\n`,
    });
  });

  it('runs in another folder where it is told one', async () => {
    await mkdir(path.join(folder, 'ünder'), { recursive: true });
    await writeFile(path.join(folder, 'ünder', 'there'), '');
    expect((await run(command('ls', [], { cwd: path.join(folder, 'ünder') }))).output).toBe('there\n');
  });

  it('has its arguments as they are', async () => {
    const args = [
      '-e',
      'console.log(JSON.stringify(process.argv.slice(1)))',
      '',
      'a b',
      "it's",
      '$HOME',
      '*',
      '-x',
    ];
    expect((await run(command('node', args))).output).toBe(`${JSON.stringify(args.slice(2))}\n`);
  });

  it('may be a line of shell where there are no arguments', async () => {
    expect((await run(command('echo one && echo two | tr o 0'))).output).toBe('one\ntw0\n');
  });

  it('has stdout and stderr in the order in which it wrote them', async () => {
    const { output } = await run(script('for i in 1 2 3 4 5 6 7 8 9; do echo out$i; echo err$i >&2; done'));
    expect(output).toBe([1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `out${n}\nerr${n}\n`).join(''));
  });

  it('gets no input: what waits for some ends', async () => {
    expect(await run(command('cat'))).toMatchObject({ exitCode: 0, output: '' });
  });

  it.each([
    ['an exit code', 'exit 3', { exitCode: 3, signal: null }],
    ['an exit code that looks like a signal', 'exit 129', { exitCode: 129, signal: null }],
    ['SIGSEGV', 'kill -SEGV $$', { exitCode: 139, signal: 'SIGSEGV' }],
    ['SIGKILL', 'kill -KILL $$', { exitCode: 137, signal: 'SIGKILL' }],
  ])('tells how it has ended: %s', async (_what, text, exit) => {
    expect(await run(script(text))).toMatchObject(exit);
  });

  it('that is not there ends with 127, and says so', async () => {
    const result = await run(command('no-such-command', ['x']));
    expect(result).toMatchObject({
      exitCode: 127,
      output: expect.stringMatching(/no-such-command.*not found/) as string,
    });
  });

  it('can be looked at while it runs', async () => {
    const id = await terminals.create(script('echo begun; exec sleep 600'));
    await shows(id, /begun/);
    expect(terminals.output(id)).toEqual({ output: 'begun\n', truncated: false });
    await terminals.release(id);
    expect(() => terminals.output(id)).toThrow('no terminal');
  });

  it('keeps the end of its output, cut between characters', async () => {
    const text = 'process.stdout.write("ä€😀".repeat(1000))';
    for (const limit of [10, 11, 12, 13, 14, 15, 16, 17, 18]) {
      const { output, truncated } = await run(command('node', ['-e', text], { outputByteLimit: limit }));
      expect(truncated).toBe(true);
      expect('ä€😀'.repeat(1000).endsWith(output)).toBe(true);
      expect(Buffer.byteLength(output)).toBeLessThanOrEqual(limit);
      expect(Buffer.byteLength(output)).toBeGreaterThan(limit - 4);
    }
  });

  it('may print 20 MB: all of it is shown in order, and the end kept', async () => {
    const count = 2_000_000;
    const lines = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, n) => `${String(from + n).padStart(9)}\n`).join('');
    const text = `const lines = ${lines.toString()}; let i = 0; const go = () => { while (i < ${count}) { const more = lines(i, i + 500); i += 500; if (!process.stdout.write(more)) return process.stdout.once("drain", go); } }; go();`;
    const result = await run(command('node', ['-e', text], { outputByteLimit: 100 }));
    expect(result).toMatchObject({ exitCode: 0, output: lines(count - 10, count), truncated: true });
    expect(result.shown === lines(0, count)).toBe(true);
  });

  it('has ended when it has, also if it leaves a server behind', async () => {
    const begun = performance.now();
    expect(await run(script('sleep 321 & echo served'))).toMatchObject({ exitCode: 0, output: 'served\n' });
    // The engine would tell of none of these before the server has ended.
    expect(await run(script('echo next; exit 2'))).toMatchObject({ exitCode: 2, output: 'next\n' });
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(await running('sleep 321')).toBe(1);
    await run(command('pkill', ['-f', 'sleep 321']));
  });

  it('runs beside others', async () => {
    const numbers = Array.from({ length: 8 }, (_, n) => n);
    const results = await Promise.all(
      numbers.map((n) => run(script(`sleep 0.${9 - n}; echo ${n}; exit ${n}`))),
    );
    expect(results.map(({ exitCode, output }) => [exitCode, output])).toEqual(
      numbers.map((n) => [n, `${n}\n`]),
    );
  });
});

describe('ending a command', () => {
  it('ends all that it has started, and leaves the agent alone', async () => {
    const id = await terminals.create(script('sh -c "sleep 611; true" & sleep 612 & echo up; wait'));
    await shows(id, /up/);
    expect([await running('sleep 611'), await running('sleep 612')]).toEqual([1, 1]);
    await terminals.kill(id);
    expect(await terminals.waitForExit(id)).toEqual({ exitCode: 143, signal: 'SIGTERM' });
    expect(terminals.output(id)).toMatchObject({ output: 'up\n', exitStatus: { signal: 'SIGTERM' } });
    expect([await running('sleep 611'), await running('sleep 612')]).toEqual([0, 0]);
    expect(await running('cat')).toBe(1);
  });

  it('lets it clean up', async () => {
    const id = await terminals.create(
      script('trap "echo bye; exit 7" TERM; echo up; while :; do sleep 0.05; done'),
    );
    await shows(id, /up/);
    await terminals.kill(id);
    expect(await terminals.waitForExit(id)).toEqual({ exitCode: 7, signal: null });
    expect(terminals.output(id).output).toMatch(/up\n[^]*bye\n/);
  });

  it('makes one end that does not want to', async () => {
    const id = await terminals.create(
      command('node', [
        '-e',
        'process.on("SIGTERM", () => console.log("no")); setInterval(() => {}, 1000); console.log("up")',
      ]),
    );
    await shows(id, /up/);
    await terminals.kill(id);
    expect(await terminals.waitForExit(id)).toEqual({ exitCode: 137, signal: 'SIGKILL' });
    expect(terminals.output(id).output).toBe('up\nno\n');
  });

  it('makes one end that its parent has left behind', async () => {
    const id = await terminals.create(script(`sh -c "trap '' TERM; echo up; exec sleep 619" & wait`));
    await shows(id, /up/);
    await terminals.kill(id);
    expect(await terminals.waitForExit(id)).toEqual({ exitCode: 143, signal: 'SIGTERM' });
    expect(await running('sleep 619')).toBe(0);
  });

  it('works while something else holds its output open', async () => {
    const id = await terminals.create(script('setsid sleep 613 & echo up; exec sleep 614'));
    await shows(id, /up/);
    await terminals.kill(id);
    expect(await terminals.waitForExit(id)).toMatchObject({ signal: 'SIGTERM' });
    expect(await running('sleep 614')).toBe(0);
    await run(command('pkill', ['-f', 'sleep 613']));
  });

  it('comes with the release, and can be asked for twice', async () => {
    const id = await terminals.create(command('sleep', ['615']));
    await Promise.all([terminals.kill(id), terminals.release(id)]);
    expect(await running('sleep 615')).toBe(0);
  });

  it('comes with the end of the connection to the agent', async () => {
    const id = await terminals.create(command('sleep', ['616']));
    const exited = terminals.waitForExit(id);
    terminals.dispose();
    await exited;
    expect(errors).toEqual([]);
    terminals = terminalsOf(agent);
    expect(await running('sleep 616')).toBe(0);
  });
});

describe('a command that cannot be started', () => {
  it('names the folder that is not there', async () => {
    await expect(terminals.create(command('ls', [], { cwd: '/no/such/folder' }))).rejects.toMatchObject({
      name: 'RefusedError',
      message: "There is no folder /no/such/folder in the agent's container.",
    });
  });

  it('says that the image has no shell', async () => {
    const image = `kandev-test/no-shell:${testRunId()}`;
    const context = await makeFolder('no-shell');
    const label = `LABEL ${containerLabels.testRun}=${testRunId()}`;
    await writeFile(path.join(context, 'Dockerfile'), `FROM ${testImage()}\n${label}\nRUN rm /bin/sh\n`);
    const engine = await testEngine();
    await buildImage(
      { image, context, source: await sourceHash(context), base: null },
      engine.endpoint,
      () => undefined,
      neverAborted(),
    );
    const bare = await launch(image, ['node', '-e', 'setInterval(() => {}, 1000)']);
    try {
      await expect(terminalsOf(bare).create(command('ls'))).rejects.toMatchObject({
        name: 'RefusedError',
        message: expect.stringContaining('has no shell (sh)') as string,
      });
      await expect(bare.openTerminal?.({ size: { columns: 80, rows: 24 } })).rejects.toMatchObject({
        failure: { reason: 'command-missing', message: expect.stringContaining('has no shell') as string },
      });
    } finally {
      await bare.dispose();
    }
  });

  it('says that the container has ended', async () => {
    const short = await launch();
    await short.dispose();
    await expect(terminalsOf(short).create(command('ls'))).rejects.toMatchObject({
      name: 'RefusedError',
      message: "The agent's container does not run any more. Start the card again.",
    });
  });
});

describe('a command whose container ends', () => {
  it('has ended with it', async () => {
    const short = await launch();
    const own = terminalsOf(short);
    const id = await own.create(script('echo up; exec sleep 618'));
    await shows(id, /up/);
    await short.dispose();
    expect((await own.waitForExit(id)).exitCode).not.toBe(0);
    expect(own.output(id).output).toBe('up\n');
  });

  it('can be ended all the same', async () => {
    const short = await launch();
    const started = {
      terminalId: 'one',
      sessionId: null,
      command: 'sleep',
      args: ['620'],
      env: [],
      cwd: null,
    };
    const running = await short.commands?.start(started, () => undefined);
    await short.dispose();
    await running?.kill();
    expect((await running?.exited)?.exitCode).not.toBe(0);
  });
});
