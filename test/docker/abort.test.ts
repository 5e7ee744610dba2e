import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AgentManager } from '../../src/agents/agentManager.ts';
import { dockerHost, makeFolder } from '../harness/testRun.ts';
import { containersOf, ensureTestImage, RecordedProgress, requestFor, testManager } from './agents.ts';
import { startEngineProxy, type EngineProxy } from './engineProxy.ts';

let proxy: EngineProxy;
let manager: AgentManager;
let folder = '';

beforeAll(async () => {
  await ensureTestImage();
  folder = await makeFolder('abort');
});

beforeEach(async () => {
  proxy = await startEngineProxy(dockerHost());
  manager = await testManager({ host: proxy.dockerHost });
});

afterEach(() => proxy.close());

describe('a launch that is aborted', () => {
  const stages: [name: string, request: RegExp][] = [
    ['asking for the engine', /^GET .*\/info/],
    ['looking for the image', /^GET .*\/images\//],
    ['creating', /^POST .*\/containers\/create/],
    ['attaching', /^POST .*\/attach/],
    ['beginning to wait', /^POST .*\/wait/],
    ['starting', /^POST .*\/start/],
  ];
  const cases = stages.flatMap(([name, request]) =>
    (['request', 'answer'] as const).map((when) => [name, when, request] as const),
  );

  it.each(cases)('while %s, at the %s, leaves no container', async (_name, when, pattern) => {
    const request = requestFor(folder, ['cat']);
    const abort = new AbortController();
    const reason = new Error('stopped by the user');
    let aborted = 0;
    proxy.once(when, pattern, () => {
      aborted = performance.now();
      abort.abort(reason);
    });
    await expect(manager.launch(request, new RecordedProgress(), abort.signal)).rejects.toBe(reason);
    expect(performance.now() - aborted).toBeLessThan(3_000);
    expect(await containersOf(request.runId)).toEqual([]);
  });

  it('before it begins does nothing at all', async () => {
    const progress = new RecordedProgress();
    const reason = new Error('too late');
    await expect(
      manager.launch(requestFor(folder, ['cat']), progress, AbortSignal.abort(reason)),
    ).rejects.toBe(reason);
    expect(progress).toMatchObject({ activities: [], started: 0 });
  });

  it('ends within 3 s though the engine hangs', async () => {
    const request = requestFor(folder, ['cat']);
    const abort = new AbortController();
    let aborted = 0;
    proxy.once('answer', /^POST .*\/containers\/create/, () => {
      aborted = performance.now();
      abort.abort(new Error('stopped'));
      return new Promise(() => undefined);
    });
    await expect(manager.launch(request, new RecordedProgress(), abort.signal)).rejects.toThrow('stopped');
    expect(performance.now() - aborted).toBeLessThan(3_000);
    // What could not be removed then is found later.
    const direct = await testManager();
    expect(await direct.removeLeftovers((runId) => runId !== request.runId)).toEqual([request.runId]);
  });
});

describe('a launch whose connection to the engine breaks for good', () => {
  it.each([
    ['attaching', /^POST .*\/attach/],
    ['starting', /^POST .*\/start/],
  ])('while %s leaves a container that is found again', async (_name, pattern) => {
    const request = requestFor(folder, ['cat']);
    let broken: Promise<void> | undefined;
    proxy.once('answer', pattern, () => {
      broken = proxy.close();
      return new Promise(() => undefined);
    });
    await expect(
      manager.launch(request, new RecordedProgress(), new AbortController().signal),
    ).rejects.toMatchObject({ failure: { reason: 'engine-not-running' } });
    await broken;
    proxy = await startEngineProxy(dockerHost());
    const direct = await testManager();
    expect(await direct.removeLeftovers((runId) => runId !== request.runId)).toEqual([request.runId]);
    expect(await containersOf(request.runId)).toEqual([]);
  });
});
