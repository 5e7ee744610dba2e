import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CardView } from '../../src/model/cardView.ts';
import { makeDist, openBoard, type TestBoard } from '../agents/board.ts';
import { engineAt, importMachineImage } from '../harness/images.ts';
import { demoAgentFile } from '../harness/localAgents.ts';
import { startPodman, type Podman } from '../harness/podman.ts';
import { makeFolder, testRunId } from '../harness/testRun.ts';

let podman: Podman;
let board: TestBoard;
const cards: string[] = [];

beforeAll(async () => {
  podman = await startPodman();
  const image = `localhost/kandev-test/podman-demo:${testRunId()}`;
  const agentFile = await readFile(await demoAgentFile());
  await importMachineImage(podman.dockerHost, image, { '/opt/kandev/agent.js': agentFile });
  const demo = ['node', '/opt/kandev/agent.js'];
  const resources = { cpus: 0.5, memoryMb: 128 };
  board = await openBoard(await makeDist(), {
    folder: await makeFolder('project'),
    host: podman.dockerHost,
    environment: {},
    agents: [
      { id: 'demo-there', image, command: demo, files: true, terminals: true, ...resources },
      { id: 'no-command', image, command: ['no-such-command'], ...resources },
      { id: 'greedy', image, command: ['node', '-e', eatMemory], ...resources },
    ],
  });
});

afterAll(async () => {
  await board.close();
  await podman.stop();
});

const eatMemory =
  'const all = []; process.stdin.once("data", () => { for (;;) all.push(Buffer.alloc(1 << 20, 1)); });';

async function start(agentTypeId: string, ...script: readonly string[]): Promise<string> {
  const { id } = await board.kandev.execute('task.create', {
    title: agentTypeId,
    description: ['```kandev-script', ...script, '```'].join('\n'),
    agentTypeId,
    workspaceMode: 'copy',
  });
  cards.push(id);
  await board.kandev.execute('task.start', { taskId: id });
  return id;
}

const hasFailed = ({ task }: CardView): boolean => task.state === 'FAILED';

describe('Podman at its socket', () => {
  it('is told from Docker', async () => {
    const { engine, failure } = await (await engineAt(podman.dockerHost)).status();
    expect(failure).toBeNull();
    expect(engine?.name).toMatch(/podman/i);
  });

  it('takes a card to Review: questions, files and commands of the agent', async () => {
    const id = await start(
      'demo-there',
      'permission "Go on"',
      'on allow write made.txt made',
      'terminal style=client echo from a command > command.txt',
    );
    const { permissions } = await board.until(id, (card) => card.permissions.length > 0);
    const [request] = permissions;
    const option = request?.options.find(({ kind }) => kind === 'allow_once');
    await board.kandev.execute('permission.answer', {
      requestId: request?.id ?? '',
      optionId: option?.optionId ?? '',
    });
    const { run } = await board.until(id, ({ task }) => task.state === 'REVIEW');
    const root = run?.workspace?.root ?? '';
    expect(await readFile(path.join(root, 'made.txt'), 'utf8')).toContain('made');
    expect(await readFile(path.join(root, 'command.txt'), 'utf8')).toBe('from a command\n');
    expect(run?.changes).toMatchObject({ files: 2 });
  });

  it('says which command is missing', async () => {
    const { run } = await board.until(await start('no-command', 'message never'), hasFailed);
    expect(run?.failure).toMatchObject({ reason: 'command-missing' });
    expect(run?.failure?.message).toContain('no-such-command');
  });

  it('says that the memory was too little', async () => {
    const { run } = await board.until(await start('greedy', 'message never'), hasFailed);
    expect(run?.failure).toMatchObject({ reason: 'out-of-memory', action: { kind: 'editResources' } });
    expect(run?.failure?.message).toContain('128 MB');
  });

  it('has nothing left in the end', async () => {
    for (const taskId of cards) await board.kandev.execute('task.delete', { taskId });
    const engine = await engineAt(podman.dockerHost);
    const left = await engine.call('listing', (docker) => docker.listContainers({ all: true }));
    expect(left.flatMap(({ Names }) => Names)).toEqual([]);
  });
});
