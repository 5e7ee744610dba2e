import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CardView } from '../../src/model/cardView.ts';
import type { TranscriptEntry } from '../../src/model/transcript.ts';
import { makeDist } from '../agents/board.ts';
import { removeContainersOfRun } from '../harness/containers.ts';
import type { HostOptions } from '../harness/host.mts';
import { HostProcess } from '../harness/hostProcess.ts';
import { importMachineImage } from '../harness/images.ts';
import { bundled, demoAgentFile } from '../harness/localAgents.ts';
import { dockerHost, makeFolder, testRunId } from '../harness/testRun.ts';

// Each starts a process, its board and containers.
vi.setConfig({ testTimeout: 60_000 });

const image = `kandev-test/cards:${testRunId()}`;
let distFolder = '';
let host: HostProcess;
let options: HostOptions;

beforeAll(async () => {
  await importMachineImage(dockerHost(), image, { '/agent.js': await readFile(await demoAgentFile()) });
  distFolder = await makeDist();
  await cp(await bundled('src/egress/main.ts', 'egress.js'), join(distFolder, 'egress.js'));
});

afterEach(async () => {
  await host.kill().catch(() => undefined);
  await removeContainersOfRun();
});

/** A board with the demo agent, in containers without a network, and with the tools of its cards or without. */
async function begin(
  installation: string,
  agentCards: HostOptions['agentCards'] = { perCard: 2, depth: 1, mayStart: false },
): Promise<void> {
  const agent = { image, command: ['node', '/agent.js'], cpus: 0.5, memoryMb: 256, network: 'none' };
  options = {
    storageFolder: await makeFolder('storage'),
    folder: await makeFolder('folder'),
    distFolder,
    dockerHost: dockerHost(),
    installation: `${testRunId()}-${installation}`,
    agents: [
      { ...agent, id: 'demo-one', name: 'Demo one' },
      { ...agent, id: 'plain', name: 'Plain one', cardTools: false },
      { ...agent, id: 'listed', name: 'Listed one', network: ['example.org'] },
    ],
    maxConcurrentRuns: 3,
    whenClosed: 'keepRunning',
    agentCards,
  };
  host = await HostProcess.start(options);
  await host.execute('credentials.share', { ids: [] });
}

async function start(script: readonly string[], agentTypeId = 'demo-one'): Promise<string> {
  const description = ['```kandev-script', ...script, '```'].join('\n');
  const { id } = await host.execute('task.create', { title: 'Own card', description, agentTypeId });
  await host.execute('task.start', { taskId: id });
  return id;
}

const isOver = ({ task }: CardView): boolean => task.state === 'REVIEW' || task.state === 'FAILED';
const asks = ({ questions, run }: CardView): boolean => questions.length > 0 && run?.state === 'WAITING';

async function saidIn(taskId: string): Promise<string> {
  const entries: TranscriptEntry[] = await host.transcript(taskId);
  return entries.flatMap(({ kind, text }) => (kind === 'message' ? [text] : [])).join('');
}

async function createdFrom(taskId: string): Promise<CardView[]> {
  const { cards } = await host.query('boards', {});
  return cards.filter(({ task }) => task.createdFrom === taskId);
}

async function answer(taskId: string, content: Record<string, string>): Promise<void> {
  const questions = await host.query('questions', {});
  const question = questions.find((each) => each.taskId === taskId);
  await host.execute('question.answer', {
    questionId: question?.id ?? '',
    answer: { action: 'accept', content },
  });
}

describe('an agent in a container without a network', () => {
  it('creates cards and finishes them, as many as its user allows, and touches no others', async () => {
    await begin('creates');
    const other = await host.execute('task.create', { title: 'Another card' });
    const taskId = await start([
      'tools',
      'call report_progress {"text":"Half way"}',
      'call create_card {"title":"For later","description":"**All** of it"}',
      'call create_card {"title":"By myself","agent":null}',
      'call finish_card {"card":"$card","summary":"Wrote it down"}',
      'call create_card {"title":"One too many"}',
      'on refused message (refused) ',
      `call finish_card {"card":"${other.id}","summary":"Not mine"}`,
      'on refused message (refused) ',
      'call create_card {"title":"","surprise":1}',
      'on refused message (refused) ',
      'call answer_permission {"request":"x","option":"y"}',
      'on refused message (refused) ',
      'call list_cards',
      'call finish_card {"summary":"All is written down"}',
    ]);
    await host.until(taskId, isOver);
    const said = await saidIn(taskId);
    expect(said).toContain('tools: report_progress, ask_user, create_card, list_cards, finish_card');
    expect(said.split('(refused)')).toHaveLength(5);
    expect(said).toContain('From your card 2 cards were created already');
    expect(said).toContain('This card is not yours');
    const created = await createdFrom(taskId);
    expect(created.map(({ task }) => [task.title, task.state, task.agentTypeId, task.createdBy])).toEqual([
      ['For later', 'BACKLOG', 'demo-one', 'Demo one'],
      ['By myself', 'REVIEW', null, 'Demo one'],
    ]);
    const { task } = await host.card(other.id);
    expect(task.state).toBe('BACKLOG');
    const own = await host.card(taskId);
    expect(own.task.state).toBe('REVIEW');
    const [last] = (await host.query('task.history', { taskId })).toReversed();
    expect(last).toMatchObject({ to: 'REVIEW', why: 'The agent has finished: All is written down' });
    const texts = (await host.transcript(taskId)).map(({ text }) => text);
    expect(texts).toContain('Half way');

    // What an agent has created is started by its user, and its agent creates no further ones.
    const [later] = created;
    const childId = later?.task.id ?? '';
    const description = ['```kandev-script', 'tools', 'call create_card {"title":"Deeper"}', '```'].join(
      '\n',
    );
    await host.execute('task.update', { taskId: childId, description });
    await host.execute('task.start', { taskId: childId });
    await host.until(childId, isOver);
    expect(await saidIn(childId)).toMatch(
      /^tools: report_progress, ask_user, list_cards, finish_card.*does not let its agent create further ones/s,
    );
    expect(await createdFrom(childId)).toEqual([]);
    await host.close();
  });

  it('has the tools with a list of hosts too, none where its type goes without, and no question when it is stopped', async () => {
    await begin('which');
    const listed = await start(['call create_card {"title":"Over the list"}'], 'listed');
    const plain = await start(['session', 'tools'], 'plain');
    const stopped = await start(['call ask_user {"question":"Anybody there?"}']);
    await host.until(listed, isOver);
    expect((await createdFrom(listed)).map(({ task }) => task.title)).toEqual(['Over the list']);
    await host.until(plain, isOver);
    expect(await saidIn(plain)).toContain('"mcpServers":[]}tools: ');
    await host.until(stopped, asks);
    await host.execute('task.stop', { taskId: stopped });
    expect(await host.query('questions', {})).toEqual([]);
    await host.close();
  });
});

describe('an agent whose window goes', () => {
  it('waits for its answer from the next one, and asks nothing twice', async () => {
    await begin('taken');
    const taskId = await start([
      'call ask_user {"question":"Which?","options":["Red","Blue"]}',
      'delay 1500ms',
      'call create_card {"title":"While nobody was there"}',
      'call ask_user {"question":"And why?"}',
      'call finish_card {"summary":"Knows enough"}',
    ]);
    const { questions } = await host.until(taskId, asks);
    await host.kill();
    host = await HostProcess.start(options);
    const again = await host.until(taskId, asks);
    expect(again.questions).toEqual(questions);
    await answer(taskId, { answer: 'Blue', more: 'Light blue' });
    await vi.waitFor(async () => {
      expect(await saidIn(taskId)).toContain('ask_user: ');
    });
    await host.kill();
    // Meanwhile it asks for a card.
    await sleep(2_500);
    host = await HostProcess.start(options);
    const last = await host.until(taskId, asks);
    expect(last.questions.map(({ message }) => message)).toEqual(['And why?']);
    expect((await createdFrom(taskId)).map(({ task }) => task.title)).toEqual(['While nobody was there']);
    await answer(taskId, { answer: 'Because' });
    await host.until(taskId, isOver);
    const said = await saidIn(taskId);
    expect(said).toContain('ask_user: {"answer":"Blue","more":"Light blue"}');
    expect(said).toContain('ask_user: {"answer":"Because"}');
    expect(said.match(/create_card: /g)).toHaveLength(1);
    await host.close();
  });
});
