import { expect, it, vi } from 'vitest';
import { UsageWatch } from '../../src/agents/usageWatch.ts';
import { makeFolder } from '../harness/testRun.ts';
import {
  ensureTestImage,
  neverAborted,
  RecordedProgress,
  requestFor,
  testEngine,
  testManager,
  withAgent,
} from './agents.ts';

it('what a container uses is measured while somebody asks, and no longer', async () => {
  await ensureTestImage();
  const [manager, engine] = [await testManager(), await testEngine()];
  const request = requestFor(await makeFolder('usage'), ['node', '-e', 'for (;;);']);
  await withAgent(manager.launch(request, new RecordedProgress(), neverAborted()), async (agent) => {
    const watch = new UsageWatch();
    const busy = (): void => {
      const used = watch.look(engine, [agent.containerId]).get(agent.containerId);
      expect(used?.cpus).toBeGreaterThan(0.05);
      expect(used?.memoryMb).toBeGreaterThan(1);
      expect(used?.memoryLimitMb).toBe(request.agentType.resources.memoryMb);
    };
    await vi.waitFor(busy, { timeout: 20_000, interval: 200 });
    expect(watch.size).toBe(1);
    await vi.waitFor(
      () => {
        expect(watch.size).toBe(0);
      },
      { timeout: 20_000, interval: 200 },
    );
  });
});
