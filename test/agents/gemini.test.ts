import { chown, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/agents/engine.ts';
import { ensureImage } from '../../src/agents/images.ts';
import { builtInAgentTypes } from '../../src/agents/registry.ts';
import { removeStateVolume, stateVolumeName } from '../../src/agents/stateVolume.ts';
import type { CardView } from '../../src/model/cardView.ts';
import { engineAt } from '../harness/images.ts';
import { dockerHost, makeFolder } from '../harness/testRun.ts';
import { addressForContainers, copyOf, makeDist, openBoard, type TestBoard } from './board.ts';
import { startModelServer, type ModelServer } from './modelServer.ts';

/** The real Gemini CLI in the image that Kandev builds for it; only the model behind it is written down here. */
const gemini = builtInAgentTypes.find(({ id }) => id === 'gemini');

let engine: Engine;
let distFolder = '';
let agent: { id: string };
let folder = '';
let model: ModelServer;
let board: TestBoard;

beforeAll(async () => {
  if (!gemini) throw new Error('There is no agent type "gemini".');
  engine = await engineAt(dockerHost());
  distFolder = await makeDist();
  agent = copyOf(gemini, distFolder);
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const { signal } = new AbortController();
  await ensureImage({
    engine,
    agentType: gemini,
    distFolder,
    progress: { activity: log, log },
    signal,
  }).catch((error: unknown) => {
    throw new Error(lines.join('\n'), { cause: error });
  });
}, 300_000);

afterAll(() => removeStateVolume(engine, stateVolumeName(agent.id)));

beforeEach(async () => {
  folder = await makeFolder('gemini');
  // As the user of a machine would own it: not as the root that tests may run as.
  if (process.getuid?.() === 0) await chown(folder, 1000, 1000);
  model = await startModelServer(await addressForContainers(engine));
  const environment = { GEMINI_API_KEY: 'not-a-real-key', GOOGLE_GEMINI_BASE_URL: model.url };
  board = await openBoard(distFolder, { folder, agents: [agent], environment });
});

afterEach(async () => {
  await board.close();
  await model.close();
});

async function start(title: string): Promise<string> {
  const { id } = await board.kandev.execute('task.create', { title, agentTypeId: agent.id });
  await board.kandev.execute('task.start', { taskId: id });
  return id;
}

const asking = ({ permissions }: CardView): boolean => permissions.length > 0;
const inReview = ({ task }: CardView): boolean => task.state === 'REVIEW';

/** Waits for the card's question and answers it with the option of that kind. */
async function answer(taskId: string, kind: string): Promise<CardView['permissions'][number]> {
  const { permissions } = await board.until(taskId, asking);
  const [request] = permissions;
  const option = request?.options.find((candidate) => candidate.kind === kind);
  if (!request || !option) throw new Error(`No option ${kind} in ${JSON.stringify(permissions)}`);
  await board.kandev.execute('permission.answer', { requestId: request.id, optionId: option.optionId });
  return request;
}

async function transcript(card: CardView): Promise<string[]> {
  const entries = await board.kandev.query('run.transcript', { runId: card.run?.id ?? '' });
  return entries.map(({ kind, text }) => `${kind}: ${text}`);
}

describe('Gemini CLI', () => {
  it('works on a card until it is to be reviewed, and asks before it writes', async () => {
    model.answer(
      { call: 'write_file', args: { file_path: 'hello.txt', content: 'Hello from a card\n' } },
      { call: 'run_shell_command', args: { command: 'cp hello.txt copy.txt' } },
      { text: 'I have written hello.txt.' },
    );
    const taskId = await start('Greet');
    const request = await answer(taskId, 'allow_once');
    expect(request.title).toContain('hello.txt');
    await board.until(taskId, ({ permissions }) => permissions.some(({ id }) => id !== request.id));
    expect((await answer(taskId, 'allow_once')).title).toContain('cp hello.txt copy.txt');
    const card = await board.until(taskId, inReview);

    expect(await readFile(path.join(folder, 'hello.txt'), 'utf8')).toBe('Hello from a card\n');
    expect(await readFile(path.join(folder, 'copy.txt'), 'utf8')).toBe('Hello from a card\n');
    // What is made in the container belongs to whoever owns the folder.
    expect((await stat(path.join(folder, 'copy.txt'))).uid).toBe((await stat(folder)).uid);
    expect(await transcript(card)).toEqual(
      expect.arrayContaining([
        'user: Greet',
        expect.stringMatching(/^tool.*hello\.txt/),
        'message: I have written hello.txt.',
      ]),
    );
    expect(card.run).toMatchObject({ state: 'READY', stopReason: 'end_turn', turns: 1 });
    expect(model.conversations[0]?.at(-1)).toContain('Greet');
    expect(JSON.parse(model.conversations[1]?.at(-1) ?? '')).toMatchObject({
      parts: [
        { functionResponse: { name: 'write_file', id: expect.stringContaining('write_file') as string } },
      ],
    });
    expect(model.requests.every(({ key }) => key === 'not-a-real-key')).toBe(true);
    expect(board.log.lines.join('\n')).not.toContain('not-a-real-key');

    // The same conversation goes on.
    model.answer({ text: 'You are welcome.' });
    await board.kandev.execute('task.prompt', { taskId, text: 'Thank you' });
    const again = await board.until(taskId, (now) => inReview(now) && now.run?.turns === 2);
    expect(await transcript(again)).toContain('message: You are welcome.');
  });

  it('does not run what the user has refused', async () => {
    model.answer(
      { call: 'run_shell_command', args: { command: 'touch made-by-a-shell' } },
      { text: 'Then not.' },
    );
    const taskId = await start('Touch');
    expect((await answer(taskId, 'reject_once')).title).toContain('touch made-by-a-shell');
    await board.until(taskId, inReview);
    await expect(stat(path.join(folder, 'made-by-a-shell'))).rejects.toThrow('ENOENT');
  });

  it('asks no more once the user has said always', async () => {
    const write = (name: string) => ({ call: 'write_file', args: { file_path: name, content: name } });
    model.answer(write('one'), write('two'), { text: 'Both are there.' });
    const taskId = await start('Two files');
    await answer(taskId, 'allow_always');
    await board.until(taskId, inReview);
    expect(await readFile(path.join(folder, 'one'), 'utf8')).toBe('one');
    expect(await readFile(path.join(folder, 'two'), 'utf8')).toBe('two');
  });

  // It cannot load a session in the minute in which it has made it, so this one waits for the next.
  it('goes on with its conversation in another container', { timeout: 180_000 }, async () => {
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
    // The model is told what was said in the first container, by the CLI itself.
    expect(model.conversations.at(-1)?.join('\n')).toMatch(
      /Say a word[^]*The word is marzipan\.[^]*Which word was it\?/,
    );
  });

  it('says what the provider refused', async () => {
    model.answer({ error: { status: 400, message: 'API key not valid. Please pass a valid API key.' } });
    const taskId = await start('Refused');
    const { run } = await board.until(taskId, ({ task }) => task.state === 'FAILED');
    expect(run?.failure?.message).toContain('API key not valid');
  });

  it('says that it needs a sign-in where there is no key', async () => {
    await board.close();
    board = await openBoard(distFolder, { folder, agents: [agent], environment: {} });
    const taskId = await start('Nobody');
    const { run } = await board.until(taskId, ({ task }) => task.state === 'FAILED');
    expect(run?.failure).toMatchObject({
      reason: 'sign-in-needed',
      detail: expect.stringContaining('API key') as string,
    });
  });
});
