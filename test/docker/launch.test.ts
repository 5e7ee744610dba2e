import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentManager } from '../../src/agents/agentManager.ts';
import { containerLabels } from '../../src/agents/labels.ts';
import { dockerHost, makeFolder } from '../harness/testRun.ts';
import {
  containersOf,
  ensureTestImage,
  neverAborted,
  readUntil,
  RecordedProgress,
  requestFor,
  testEngine,
  testManager,
  withAgent,
} from './agents.ts';
import { startEngineProxy, type EngineProxy } from './engineProxy.ts';

let manager: AgentManager;
let folder = '';

beforeAll(async () => {
  await ensureTestImage();
  manager = await testManager();
  folder = await makeFolder('launch');
});

function launch(command: readonly string[], memoryMb = 256, progress = new RecordedProgress()) {
  const request = requestFor(folder, command, {
    resources: { cpus: 1, memoryMb, pids: 512, network: 'bridge' },
  });
  return manager.launch(request, progress, neverAborted());
}

/** Runs until it is made to stop: SIGTERM does not. */
const stubborn = [
  'node',
  '-e',
  'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("up")',
];

describe('the streams of an agent', () => {
  it('carry what it is told and what it says, both ways, and end with it', async () => {
    await withAgent(launch(['cat']), async (agent) => {
      agent.stdin.write('häl');
      agent.stdin.write('lo\n');
      expect(await readUntil(agent.stdout, /\n/)).toBe('hällo\n');
      await (
        await testEngine()
      ).call('killing the agent', (docker) => docker.getContainer(agent.containerId).kill());
      expect(await agent.stdout.toArray()).toEqual([]);
      expect(await agent.exited).toEqual({ exitCode: 137, oomKilled: false });
    });
  });

  it('lose nothing of what it says first and last', async () => {
    await withAgent(launch(['sh', '-c', 'echo first; echo last']), async (agent) => {
      expect(Buffer.concat(await agent.stdout.toArray()).toString()).toBe('first\nlast\n');
      expect(await agent.exited).toEqual({ exitCode: 0, oomKilled: false });
    });
  });

  it('carry 5 MB of small writes in their order', async () => {
    const count = 500_000;
    const script = `let i = 0; const go = () => { while (i < ${count}) if (!process.stdout.write(String(i++).padStart(9) + "\\n")) return process.stdout.once("drain", go); }; go();`;
    await withAgent(launch(['node', '-e', script]), async (agent) => {
      let next = 0;
      let rest = '';
      for await (const chunk of agent.stdout) {
        const lines = (rest + String(chunk)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          if (Number(line) !== next) throw new Error(`${line} came in the place of ${next}`);
          next += 1;
        }
      }
      expect(next).toBe(count);
    });
  });

  it('keep the end of stderr, and tell all of it', async () => {
    const progress = new RecordedProgress();
    const script = 'process.stderr.write("ä".repeat(10000) + "the end"); process.exitCode = 3';
    await withAgent(launch(['node', '-e', script], 256, progress), async (agent) => {
      expect(await agent.exited).toEqual({ exitCode: 3, oomKilled: false });
      expect(progress.stderrText).toBe(`${'ä'.repeat(10000)}the end`);
      expect(agent.stderrTail()).toBe(`${'ä'.repeat((8192 - 8) / 2)}the end`);
    });
  });
});

describe('the signal of a launch', () => {
  it('has no say any more once the agent runs', async () => {
    const abort = new AbortController();
    const launching = manager.launch(requestFor(folder, ['cat']), new RecordedProgress(), abort.signal);
    await withAgent(launching, async (agent) => {
      abort.abort();
      agent.stdin.write('still there\n');
      expect(await readUntil(agent.stdout, /\n/)).toBe('still there\n');
    });
  });
});

describe('the end of an agent', () => {
  it('is told when it comes before anything was said', async () => {
    await withAgent(launch(['sh', '-c', 'exit 5']), async (agent) => {
      expect(await agent.exited).toEqual({ exitCode: 5, oomKilled: false });
      expect(await agent.stdout.toArray()).toEqual([]);
    });
  });

  it.each([
    ['no-such-command', 127, /no-such-command.*No such file or directory/],
    ['/etc/passwd', 126, /\/etc\/passwd.*Permission denied/],
  ])('is told of the command %s that cannot be run', async (command, exitCode, stderr) => {
    await withAgent(launch([command]), async (agent) => {
      expect(await agent.exited).toEqual({ exitCode, oomKilled: false });
      expect(agent.stderrTail()).toMatch(stderr);
    });
  });

  const hog = 'const all = []; for (;;) all.push(Buffer.alloc(1e6, 1))';
  it.each([
    ['the agent itself', ['node', '-e', hog], 137],
    ['one of its tools', ['sh', '-c', `node -e '${hog}'; exit 0`], 0],
  ])('says when %s was out of memory', async (_what, command, exitCode) => {
    await withAgent(launch(command, 64), async (agent) => {
      expect(await agent.exited).toEqual({ exitCode, oomKilled: true });
    });
  });
});

describe('disposing of an agent', () => {
  it.each([
    ['listens to SIGTERM', ['cat'], /^/],
    ['ignores SIGTERM', stubborn, /up/],
    ['writes without end, unread', ['cat', '/dev/zero'], /^/],
  ])('that %s takes less than 3 s, and leaves no container', async (_what, command, ready) => {
    const request = requestFor(folder, command);
    const agent = await manager.launch(request, new RecordedProgress(), neverAborted());
    await readUntil(agent.stdout, ready);
    const begun = performance.now();
    const disposing = agent.dispose();
    await agent.dispose();
    await disposing;
    expect(performance.now() - begun).toBeLessThan(3_000);
    expect(await containersOf(request.runId)).toEqual([]);
    expect((await agent.exited).exitCode).toBeGreaterThan(0);
  });

  it('that has ended, or whose container somebody removed, is fine', async () => {
    const ended = await launch(['true']);
    await ended.exited;
    await ended.dispose();
    const removed = await launch(['cat']);
    await (
      await testEngine()
    ).call('removing the agent', (docker) =>
      docker.getContainer(removed.containerId).remove({ force: true }),
    );
    await removed.exited;
    await removed.dispose();
  });

  it('fails no writer with more than an error of its own', async () => {
    const agent = await launch(['cat']);
    await agent.dispose();
    const failed = await new Promise<unknown>((resolve) => agent.stdin.write('too late', resolve));
    expect(failed).toBeInstanceOf(Error);
  });
});

describe('an engine that is stuck', () => {
  let proxy: EngineProxy;

  beforeAll(async () => {
    proxy = await startEngineProxy(dockerHost());
  });

  afterAll(() => proxy.close());

  it('is named, soon enough, when it does not remove the container', async () => {
    const stuckManager = await testManager({ host: proxy.dockerHost });
    const request = requestFor(folder, ['cat']);
    const agent = await stuckManager.launch(request, new RecordedProgress(), neverAborted());
    proxy.once('request', /^DELETE/, () => new Promise(() => undefined));
    const begun = performance.now();
    await expect(agent.dispose()).rejects.toMatchObject({
      failure: {
        reason: 'engine-stuck',
        message: expect.stringContaining('stuck on removing container') as string,
      },
    });
    expect(performance.now() - begun).toBeLessThan(4_000);
    await manager.removeLeftovers((runId) => runId !== request.runId);
    expect(await containersOf(request.runId)).toEqual([]);
  });

  it('does not keep the end of the agent a secret', async () => {
    const stuckManager = await testManager({ host: proxy.dockerHost });
    const agent = await stuckManager.launch(
      requestFor(folder, ['cat']),
      new RecordedProgress(),
      neverAborted(),
    );
    // What the connection carries ends, and the engine says no word about the rest.
    proxy.once('request', /^GET .*\/json/, () => new Promise(() => undefined));
    const ended = once(agent.stdout.resume(), 'end');
    await (
      await testEngine()
    ).call('killing the agent', (docker) => docker.getContainer(agent.containerId).kill());
    await ended;
    expect(await agent.exited).toEqual({ exitCode: 137, oomKilled: false });
    await agent.dispose();
  });
});

describe('a container that has the name already', () => {
  it('is replaced when it is left over from the same run', async () => {
    const request = requestFor(folder, ['cat']);
    const first = await manager.launch(request, new RecordedProgress(), neverAborted());
    await withAgent(manager.launch(request, new RecordedProgress(), neverAborted()), async (second) => {
      expect(second.containerId).not.toBe(first.containerId);
      await first.exited;
      expect(await containersOf(request.runId)).toEqual([`/kandev-${request.runId}`]);
    });
    await first.dispose();
  });

  it('is left alone when it is somebody else’s', async () => {
    const request = requestFor(folder, ['cat']);
    const engine = await testEngine();
    const Labels = { [containerLabels.testRun]: process.env.KANDEV_TEST_RUN ?? '' };
    const foreign = await engine.call('creating a container', (docker) =>
      docker.createContainer({ name: `kandev-${request.runId}`, Image: request.agentType.image, Labels }),
    );
    try {
      await expect(manager.launch(request, new RecordedProgress(), neverAborted())).rejects.toMatchObject({
        failure: { reason: 'refused', message: expect.stringContaining(`kandev-${request.runId}`) as string },
      });
      expect((await foreign.inspect()).State.Status).toBe('created');
    } finally {
      await foreign.remove({ force: true });
    }
  });
});
