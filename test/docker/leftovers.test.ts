import { beforeAll, describe, expect, it } from 'vitest';
import type { AgentManager } from '../../src/agents/agentManager.ts';
import type { LaunchRequest } from '../../src/agents/launchRequest.ts';
import { checkTaskId } from '../../src/agents/labels.ts';
import { makeFolder, testRunId } from '../harness/testRun.ts';
import {
  containersOf,
  ensureTestImage,
  neverAborted,
  RecordedProgress,
  requestFor,
  testImage,
  testManager,
  type TestManagerOptions,
} from './agents.ts';

let mine: AgentManager;
let another: AgentManager;

beforeAll(async () => {
  await ensureTestImage();
  mine = await testManager({ workspace: 'mine' });
  another = await testManager({ workspace: 'another' });
});

async function launch(
  manager: AgentManager,
  command: readonly string[],
  changes: Partial<LaunchRequest> = {},
) {
  const request = { ...requestFor(await makeFolder('leftover'), command), ...changes };
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

describe('what belongs to nobody', () => {
  const installation = `orphans-${testRunId()}`;
  const boards = ['here', 'elsewhere'];
  const unknown = (): Promise<boolean> => Promise.resolve(false);
  const managerOf = (workspace: string, more: TestManagerOptions = {}): Promise<AgentManager> =>
    testManager({ installation, workspace, boards, owner: '4194305-ended', ...more });

  it('is found and removed, and nothing that somebody has', async () => {
    const here = await managerOf('here');
    const window = await managerOf('here', { owner: `${process.pid}-lives` });
    const [lost, known, vanished, cutOff, signingIn, neighbour, foreign] = await Promise.all([
      launch(here, ['cat']),
      launch(here, ['cat']),
      launch(await managerOf('vanished'), ['cat']),
      launch(here, ['cat'], { taskId: checkTaskId }),
      launch(window, ['cat'], { taskId: checkTaskId }),
      launch(await managerOf('elsewhere'), ['cat']),
      launch(await managerOf('vanished', { installation: `${installation}-other` }), ['cat']),
    ]);
    const isKnown = (runId: string): Promise<boolean> => Promise.resolve(runId === known.runId);
    const before = Date.now();
    const found = await here.findOrphans(isKnown);
    expect(Object.fromEntries(found.map(({ runId, cause }) => [runId, cause.kind]))).toEqual({
      [lost.runId]: 'card-gone',
      [vanished.runId]: 'board-gone',
      [cutOff.runId]: 'helper',
    });
    expect(found.find(({ runId }) => runId === lost.runId)).toMatchObject({
      image: testImage(),
      containers: [`kandev-${lost.runId}`],
      volumes: [],
      isRunning: true,
      holdsWork: false,
    });
    for (const { createdAt, bytes } of found) {
      expect(Math.abs(before - (createdAt ?? 0))).toBeLessThan(60_000);
      expect(bytes).toBeGreaterThanOrEqual(0);
    }
    const everything = [lost, known, vanished, cutOff, signingIn, neighbour, foreign];
    const removed = await here.removeOrphans(
      isKnown,
      everything.map(({ runId }) => runId),
    );
    expect(removed.sort()).toEqual([lost, vanished, cutOff].map(({ runId }) => runId).sort());
    for (const { runId } of [lost, vanished, cutOff]) expect(await containersOf(runId)).toEqual([]);
    const kept = [known, signingIn, neighbour, foreign];
    for (const { runId } of kept) expect(await containersOf(runId)).toHaveLength(1);
    expect(await here.findOrphans(isKnown)).toEqual([]);
    // What a window does beside the cards is not in the way of another one that begins to lead.
    expect(await here.removeLeftovers(() => false)).toEqual([known.runId]);
    expect(await containersOf(signingIn.runId)).toHaveLength(1);
    for (const { agent } of kept) await agent.dispose();
  });

  it('of another workspace is not found where nobody can say which there are', async () => {
    const { agent, runId } = await launch(await managerOf('vanished'), ['cat']);
    const here = await testManager({ installation, workspace: 'here' });
    expect((await here.findOrphans(unknown)).map((orphan) => orphan.runId)).not.toContain(runId);
    await agent.dispose();
  });
});
