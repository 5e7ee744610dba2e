import { beforeAll, describe, expect, it } from 'vitest';
import type { AgentManager } from '../../src/agents/agentManager.ts';
import { makeFolder } from '../harness/testRun.ts';
import {
  containersOf,
  ensureTestImage,
  neverAborted,
  RecordedProgress,
  requestFor,
  testManager,
} from './agents.ts';

let mine: AgentManager;
let another: AgentManager;

beforeAll(async () => {
  await ensureTestImage();
  mine = await testManager({ workspace: 'mine' });
  another = await testManager({ workspace: 'another' });
});

async function launch(manager: AgentManager, command: readonly string[]) {
  const request = requestFor(await makeFolder('leftover'), command);
  const agent = await manager.launch(request, new RecordedProgress(), neverAborted());
  return { agent, runId: request.runId };
}

describe('removeLeftovers', () => {
  it('removes what this workspace has left, running or not, and nothing else', async () => {
    const running = await launch(mine, ['cat']);
    const exited = await launch(mine, ['true']);
    await exited.agent.exited;
    const kept = await launch(mine, ['cat']);
    const foreign = await launch(another, ['cat']);

    const removed = await mine.removeLeftovers((runId) => runId === kept.runId);

    expect(removed.sort()).toEqual([running.runId, exited.runId].sort());
    expect(await containersOf(running.runId)).toEqual([]);
    expect(await containersOf(exited.runId)).toEqual([]);
    expect(await containersOf(kept.runId)).toHaveLength(1);
    expect(await containersOf(foreign.runId)).toHaveLength(1);
    expect(await mine.removeLeftovers((runId) => runId === kept.runId)).toEqual([]);
    for (const { agent } of [running, kept, foreign]) await agent.dispose();
  });
});
