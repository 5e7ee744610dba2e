import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { AgentManager } from '../../src/agents/agentManager.ts';
import type { AgentProcess } from '../../src/agents/agentProcess.ts';
import { bundled } from '../harness/localAgents.ts';
import { makeFolder } from '../harness/testRun.ts';
import {
  containersOf,
  ensureTestImage,
  neverAborted,
  readUntil,
  RecordedProgress,
  requestFor,
  takenOver,
  testEngine,
  testManager,
} from './agents.ts';

let manager: AgentManager;

beforeAll(async () => {
  await ensureTestImage();
  const distFolder = dirname(dirname(await bundled('src/agents/keeper/main.ts', 'agents/keeper.js')));
  manager = await testManager({ distFolder });
});

/** An agent that answers lines, with something left behind that writes into the folder all the time. */
async function launch(): Promise<{ agent: AgentProcess; runId: string; count: () => Promise<number> }> {
  const folder = await makeFolder('busy');
  const script =
    '(i=0; while true; do i=$((i+1)); echo $i > count.tmp; mv count.tmp count; done) & echo begun; exec cat';
  const request = { ...requestFor(folder, ['sh', '-c', script]), outlives: true };
  const agent = await manager.launch(request, new RecordedProgress(), neverAborted());
  await readUntil(agent.stdout, /begun/);
  const count = async (): Promise<number> =>
    Number(await readFile(join(folder, 'count'), 'utf8').catch(() => '0'));
  return { agent, runId: request.runId, count };
}

async function still<T>(agent: AgentProcess, work: () => Promise<T>): Promise<T> {
  if (!agent.whileStill) throw new Error('It cannot stand still.');
  return agent.whileStill(work);
}

const goesOn = async (count: () => Promise<number>): Promise<void> => {
  const before = await count();
  await vi.waitFor(async () => {
    expect(await count()).toBeGreaterThan(before);
  }, 5_000);
};

describe('an agent that shall stand still', () => {
  it('does nothing in its folder meanwhile, also where two ask for it, and goes on afterwards', async () => {
    const { agent, runId, count } = await launch();
    await goesOn(count);
    const seen = await still(agent, async () => {
      const first = await count();
      await still(agent, () => sleep(200));
      return [first, await count()];
    });
    expect(seen[0]).toBe(seen[1]);
    await goesOn(count);
    await expect(still(agent, () => Promise.reject(new Error('work')))).rejects.toThrow('work');
    agent.stdin.write('hello\n');
    expect(await readUntil(agent.stdout, /hello/)).toContain('hello');
    await agent.dispose();
    // Nothing to stop: what is to be done is done.
    expect(await still(agent, () => Promise.resolve('done'))).toBe('done');
    expect(await containersOf(runId)).toEqual([]);
  });

  it('can be ended, and is as fast as any other', async () => {
    const { agent, runId } = await launch();
    const begun = performance.now();
    await still(agent, () => agent.dispose());
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(await containersOf(runId)).toEqual([]);
  });

  it('goes on when the one that it stood still for has died, and another takes over', async () => {
    const { agent, runId, count } = await launch();
    const engine = await testEngine();
    await engine.call('pausing', (docker) => docker.getContainer(agent.containerId).pause());
    agent.detach();
    const position = { offset: 'begun\n'.length, asked: [], answered: [] };
    const taken = await manager.takeOver(takenOver(runId), position, neverAborted());
    await goesOn(count);
    if (taken !== null && 'dispose' in taken) await taken.dispose();
    expect(await containersOf(runId)).toEqual([]);
  });
});
