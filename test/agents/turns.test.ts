/** Each agent that Kandev brings along, for real, working on cards; only the model behind it is written down. */
import { chown, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/agents/engine.ts';
import { ensureImage } from '../../src/agents/images.ts';
import { builtInAgentTypes } from '../../src/agents/registry.ts';
import { removeStateVolume, stateVolumeName } from '../../src/agents/stateVolume.ts';
import type { AgentType } from '../../src/model/agentType.ts';
import type { CardView } from '../../src/model/cardView.ts';
import { engineAt } from '../harness/images.ts';
import { dockerHost, makeFolder } from '../harness/testRun.ts';
import { addressForContainers, copyOf, makeDist, openBoard, type TestBoard } from './board.ts';
import { modelAgents, type ModelAgent } from './modelAgents.ts';
import { startModelServer, type ModelServer } from './modelServer.ts';

const key = 'not-a-real-key-7f3a';
/** KANDEV_TEST_AGENTS=codex,qwen: only these, for they are large. */
const wanted = process.env.KANDEV_TEST_AGENTS?.split(',');

let engine: Engine;
let distFolder = '';

beforeAll(async () => {
  engine = await engineAt(dockerHost());
  distFolder = await makeDist();
});

const inReview = ({ task }: CardView): boolean => task.state === 'REVIEW';
const hasFailed = ({ task }: CardView): boolean => task.state === 'FAILED';

describe.each(modelAgents.filter(({ id }) => wanted?.includes(id) ?? true))('$id', (agent) => {
  const type = builtInType(agent);
  let entry: { id: string };
  let folder = '';
  let model: ModelServer;
  let board: TestBoard;

  beforeAll(async () => {
    entry = copyOf(type, distFolder);
    const lines: string[] = [];
    const log = (line: string): void => void lines.push(line);
    const progress = { activity: log, log };
    const { signal } = new AbortController();
    await ensureImage({ engine, agentType: type, distFolder, progress, signal }).catch((error: unknown) => {
      throw new Error(lines.join('\n'), { cause: error });
    });
  }, 600_000);

  afterAll(() => removeStateVolume(engine, stateVolumeName(entry.id)));

  beforeEach(async () => {
    folder = await makeFolder('turns');
    // As the user of a machine would own it: not as the root that tests may run as.
    if (process.getuid?.() === 0) await chown(folder, 1000, 1000);
    model = await startModelServer(await addressForContainers(engine), agent.besideWork);
    await open(agent.environment(model.url, key));
  });

  afterEach(async () => {
    await board.close();
    await model.close();
  });

  async function open(environment: Readonly<Record<string, string>>): Promise<void> {
    board = await openBoard(distFolder, { folder, agents: [entry], environment });
  }

  async function start(title: string): Promise<string> {
    const { id } = await board.kandev.execute('task.create', { title, agentTypeId: entry.id });
    await board.kandev.execute('task.start', { taskId: id });
    if (agent.asksFirst) await answer(id, 'reject_once', agent.asksFirst);
    return id;
  }

  /** Waits for a question that is like this, and answers it with the option of that kind. */
  async function answer(taskId: string, kind: string, title = /./): Promise<CardView['permissions'][number]> {
    const asked = ({ permissions }: CardView) => permissions.find((request) => title.test(request.title));
    const request = asked(await board.until(taskId, (card) => asked(card) !== undefined));
    const option = request?.options.find((candidate) => candidate.kind === kind);
    if (!request || !option) throw new Error(`No option ${kind} in ${JSON.stringify(request)}`);
    await board.kandev.execute('permission.answer', { requestId: request.id, optionId: option.optionId });
    await board.until(taskId, ({ permissions }) => permissions.every(({ id }) => id !== request.id));
    return request;
  }

  async function transcript(card: CardView): Promise<string[]> {
    const entries = await board.kandev.query('run.transcript', { runId: card.run?.id ?? '' });
    return entries.map(({ kind, text }) => `${kind}: ${text.trim()}`);
  }

  it('works on a card until it is to be reviewed, asks before it acts, and goes on in the same session', async () => {
    const file = path.join(folder, 'hello.txt');
    model.answer(agent.write(file, 'Hello from a card\n'), agent.run('cp hello.txt copy.txt'), {
      text: 'I have written it.',
    });
    const taskId = await start('Greet');
    const toWrite = await answer(taskId, 'allow_once');
    expect([toWrite.title, ...toWrite.paths].join()).toContain('hello.txt');
    const toRun = await answer(taskId, 'allow_once');
    expect(toRun.command).toContain('cp hello.txt copy.txt');
    const card = await board.until(taskId, inReview);

    expect(card.run).toMatchObject({ state: 'READY', stopReason: 'end_turn', turns: 1, failure: null });
    for (const made of ['hello.txt', 'copy.txt']) {
      expect(await readFile(path.join(folder, made), 'utf8')).toBe('Hello from a card\n');
      // Whoever has made it, it belongs to whoever owns the folder.
      expect((await stat(path.join(folder, made))).uid).toBe((await stat(folder)).uid);
    }
    const said = await transcript(card);
    expect(said).toEqual(expect.arrayContaining(['user: Greet', 'message: I have written it.']));
    expect(said.filter((line) => line.startsWith('tool_call') && line.includes('(failed)'))).toEqual([]);
    expect(model.requests.filter(({ tools }) => tools.length > 0).every((asked) => asked.key === key)).toBe(
      true,
    );
    expect(board.log.lines.join('\n')).not.toContain(key);

    model.answer({ text: 'You are welcome.' });
    await board.kandev.execute('task.prompt', { taskId, text: 'Thank you' });
    const again = await board.until(taskId, (now) => inReview(now) && now.run?.turns === 2);
    expect(await transcript(again)).toContain('message: You are welcome.');
    expect(model.conversations.at(-1)?.join('\n')).toMatch(/Greet[^]*I have written it\.[^]*Thank you/);
  });

  it('does not do what its user has refused', async () => {
    model.answer(agent.run('touch made-by-a-shell'), { text: 'Then not.' });
    const taskId = await start('Touch');
    expect((await answer(taskId, 'reject_once')).command).toContain('touch made-by-a-shell');
    await board.until(taskId, inReview);
    await expect(stat(path.join(folder, 'made-by-a-shell'))).rejects.toThrow('ENOENT');
  });

  it('stops in the middle of an answer', async () => {
    model.answer({ endless: 'I am working on it' });
    const taskId = await start('Work');
    await board.until(taskId, ({ run }) => (run?.activity ?? '').includes('working on it'));
    await board.kandev.execute('task.stop', { taskId });
    const { run } = await board.until(taskId, ({ task }) => task.state === 'TODO');
    expect(run).toMatchObject({ state: 'STOPPED', containerId: null });
  });

  it('goes on with its conversation in another container', { timeout: 240_000 }, async () => {
    model.answer({ text: 'The word is marzipan.' });
    const taskId = await start('Say a word');
    const first = await board.until(taskId, inReview);
    await board.kandev.execute('task.stop', { taskId });

    model.answer({ text: 'It was marzipan.' });
    await board.kandev.execute('task.prompt', { taskId, text: 'Which word was it?' });
    const second = await board.until(taskId, (card) => inReview(card) && card.run?.id !== first.run?.id);
    expect(second.run?.sessionId).toBe(first.run?.sessionId);
    const said = await transcript(second);
    expect(said).toContain('message: It was marzipan.');
    expect(said.join('\n')).not.toContain('The word is marzipan.');
    // The model is told what was said in the first container, by the agent itself.
    expect(model.conversations.at(-1)?.join('\n')).toMatch(
      /Say a word[^]*The word is marzipan\.[^]*Which word was it\?/,
    );
  });

  it('wants a sign-in when its key is not taken', async () => {
    model.refuse({ status: 401, message: 'Incorrect API key provided.' });
    const taskId = await start('Refused');
    const { run } = await board.until(taskId, hasFailed);
    expect(run?.failure).toMatchObject({ reason: 'sign-in-needed', action: { kind: 'signIn' } });
  });

  it.skipIf(agent.keepsTrying)('says that its provider gives no more', async () => {
    model.refuse({ status: 429, message: 'Rate limit reached for requests.' });
    const taskId = await start('Limited');
    const { run } = await board.until(taskId, hasFailed);
    expect(run?.failure).toMatchObject({
      reason: 'quota',
      message: expect.stringContaining(type.name) as string,
    });
  });

  it.runIf(agent.withoutKey)('says that it needs a sign-in where there is no key', async () => {
    await board.close();
    await open({});
    const { id: taskId } = await board.kandev.execute('task.create', {
      title: 'Nobody',
      agentTypeId: entry.id,
    });
    await board.kandev.execute('task.start', { taskId });
    const { run } = await board.until(taskId, hasFailed);
    expect(run?.failure).toMatchObject({ reason: 'sign-in-needed', action: { kind: 'signIn' } });
  });

  it('offers what can be chosen, and begins in its first mode', async () => {
    model.answer({ text: 'Here I am.' });
    const taskId = await start('Say something');
    await board.until(taskId, inReview);
    const session = await board.kandev.query('run.session', { taskId });
    const options = session?.options.filter(({ choices }) => choices.length > 1) ?? [];
    expect(options).not.toEqual([]);
    if (type.firstMode !== null) {
      const mode = session?.options.find(({ category, id }) => category === 'mode' || id === 'mode');
      expect(mode?.currentValue).toBe(type.firstMode);
    }
    for (const { id: optionId, choices, currentValue } of options.slice(0, 2)) {
      const other = choices.find(({ id }) => id !== currentValue);
      if (!other) continue;
      await board.kandev.execute('run.setOption', { taskId, optionId, value: other.id });
      const now = await board.kandev.query('run.session', { taskId });
      expect(now?.options.find(({ id }) => id === optionId)?.currentValue).toBe(other.id);
    }
  });
});

function builtInType({ id }: ModelAgent): AgentType {
  const type = builtInAgentTypes.find((candidate) => candidate.id === id);
  if (!type) throw new Error(`There is no agent type ${id}.`);
  return type;
}
