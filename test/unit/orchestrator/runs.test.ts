import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CardView } from '../../../src/model/cardView.ts';
import { startServices, type TestServices } from '../../harness/services.ts';

let services: TestServices;

beforeEach(async () => {
  services = await startServices();
});

afterEach(async () => {
  await services.close();
  expect(services.agents.running.size).toBe(0);
});

const inState = (state: string) => (card: CardView) => card.task.state === state;
const asks = (card: CardView) => card.permissions.length > 0;
const start = (taskId: string) => services.kandev.execute('task.start', { taskId });

async function transcriptOf(card: CardView): Promise<string[]> {
  const entries = await services.kandev.query('run.transcript', { runId: card.run?.id ?? '' });
  return entries.map(({ kind, text }) => `${kind}: ${text}`);
}

describe('a run', () => {
  it('takes a card from To Do through In Progress to Review, and the agent’s file is there', async () => {
    const taskId = await services.card(['message Hello', 'write notes.md "# Notes\\n"', 'message Done']);
    await start(taskId);
    const card = await services.until(taskId, inState('REVIEW'));
    expect(await readFile(join(services.folder, 'notes.md'), 'utf8')).toBe('# Notes\n');
    expect(card.run).toMatchObject({ state: 'READY', turns: 1, stopReason: 'end_turn' });
    const history = await services.kandev.query('task.history', { taskId });
    expect(history.map(({ to }) => to)).toEqual(['BACKLOG', 'TODO', 'IN_PROGRESS', 'REVIEW']);
    expect(await transcriptOf(card)).toEqual(
      expect.arrayContaining(['message: Hello', 'message: Done', 'turn_end: Finished']),
    );
  });

  it('tells what it has changed, also after another turn', async () => {
    const taskId = await services.card(['write one.md "a\\nb\\n"']);
    await start(taskId);
    const { run } = await services.until(taskId, inState('REVIEW'));
    expect(run?.changes).toEqual({ files: 1, added: 2, removed: 0 });
    const { folder } = services;
    expect(run?.workspace).toEqual({
      kind: 'folder',
      root: folder,
      workingFolder: folder,
      branch: null,
      hasRepository: false,
    });
    const text = '```kandev-script\nwrite two.md "c\\n"\n```';
    await services.kandev.execute('task.prompt', { taskId, text });
    const again = await services.until(taskId, ({ run: next }) => next?.changes?.files === 2);
    expect(again.run).toMatchObject({ id: run?.id, changes: { files: 2, added: 3, removed: 0 } });
  });

  it('that is stopped tells what it has changed until then', async () => {
    const taskId = await services.card(['write one.md "a\\n"', 'message Written', 'hang']);
    await start(taskId);
    await services.until(taskId, ({ run }) => run?.activity === 'Written');
    await services.kandev.execute('task.stop', { taskId });
    const { run } = await services.until(taskId, inState('TODO'));
    expect(run).toMatchObject({ state: 'STOPPED', changes: { files: 1, added: 1, removed: 0 } });
  });

  it('records when it was prepared, started, at work and ready', async () => {
    const taskId = await services.card(['message Hello']);
    await start(taskId);
    const { run } = await services.until(taskId, inState('REVIEW'));
    expect(Object.keys(run?.times ?? {})).toEqual(['PENDING', 'PREPARING', 'STARTING', 'RUNNING', 'READY']);
  });

  it('joins the chunks of a message into one entry of the transcript', async () => {
    const taskId = await services.card(['stream 200 chunks every 1ms']);
    await start(taskId);
    const card = await services.until(taskId, inState('REVIEW'));
    const messages = (await transcriptOf(card)).filter((line) => line.startsWith('message: '));
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatch(/200/);
  });

  it('gives a follow-up to the same session as a second turn', async () => {
    const taskId = await services.card(['message First']);
    await start(taskId);
    const first = await services.until(taskId, inState('REVIEW'));
    const text = '```kandev-script\nmessage Second\n```';
    await services.kandev.execute('task.prompt', { taskId, text });
    expect((await services.until(taskId, ({ task }) => task.state === 'IN_PROGRESS')).run?.turns).toBe(2);
    const second = await services.until(taskId, inState('REVIEW'));
    expect(second.run?.id).toBe(first.run?.id);
    expect(second.run?.sessionId).toBe(first.run?.sessionId);
    expect(await transcriptOf(second)).toEqual(expect.arrayContaining(['message: First', 'message: Second']));
  });

  it('waits for an answer, and tells the agent which option was chosen', async () => {
    const taskId = await services.card([
      'permission "Run the tests" kind=execute command="npm test"',
      'on allow message Allowed',
      'on reject message Rejected',
    ]);
    await start(taskId);
    const waiting = await services.until(taskId, (card) => asks(card) && card.run?.state === 'WAITING');
    const [request] = waiting.permissions;
    expect(request).toMatchObject({ title: 'Run the tests', command: 'npm test', toolKind: 'execute' });
    const allow = request?.options.find(({ kind }) => kind === 'allow_once');
    await services.kandev.execute('permission.answer', {
      requestId: request?.id ?? '',
      optionId: allow?.optionId ?? '',
    });
    const card = await services.until(taskId, inState('REVIEW'));
    expect(await transcriptOf(card)).toContain('message: Allowed');
    expect(card.permissions).toEqual([]);
  });

  it('takes an answer once, and only one that the agent offered', async () => {
    const taskId = await services.card(['permission "Go on"', 'message Went on']);
    await start(taskId);
    const { permissions } = await services.until(taskId, asks);
    const requestId = permissions[0]?.id ?? '';
    const answer = (optionId: string) =>
      services.kandev.execute('permission.answer', { requestId, optionId });
    await expect(answer('made-up')).rejects.toMatchObject({ failure: { reason: 'invalid-input' } });
    await answer(permissions[0]?.options[0]?.optionId ?? '');
    await expect(answer(permissions[0]?.options[0]?.optionId ?? '')).rejects.toMatchObject({
      failure: { reason: 'already-resolved' },
    });
    await services.until(taskId, inState('REVIEW'));
  });

  it('closes the question when it is stopped, and the card waits in To Do until it is started again', async () => {
    const taskId = await services.card(['permission "Go on"', 'message Went on']);
    await start(taskId);
    const { permissions } = await services.until(taskId, asks);
    await services.kandev.execute('task.stop', { taskId });
    const card = await services.until(taskId, inState('TODO'));
    expect(card).toMatchObject({ permissions: [], queue: null, run: { state: 'STOPPED' } });
    expect(card.task.heldBecause).toBe('You stopped the agent.');
    await expect(
      services.kandev.execute('permission.answer', { requestId: permissions[0]?.id ?? '', optionId: null }),
    ).rejects.toMatchObject({ failure: { message: 'This permission request is no longer open.' } });
    await start(taskId);
    await services.until(taskId, asks);
  });

  it('is stopped even when the agent ignores the cancel', async () => {
    const taskId = await services.card(['message Stuck', 'hang']);
    await start(taskId);
    await services.until(taskId, ({ run }) => run?.activity === 'Stuck');
    await services.kandev.execute('task.stop', { taskId });
    expect((await services.until(taskId, inState('TODO'))).run?.state).toBe('STOPPED');
  });

  it('ends with the exit code and the end of stderr when the agent crashes in mid-turn', async () => {
    const taskId = await services.card(['message Working', 'crash 3 out of ideas']);
    await start(taskId);
    const { run } = await services.until(taskId, inState('FAILED'));
    expect(run?.failure).toMatchObject({
      reason: 'crashed',
      message: 'Agent demo ended with exit code 3 in the middle of its work. It last said: out of ideas',
      action: { kind: 'retry', taskId },
    });
  });

  it('tells of an agent that exits before it is ready', async () => {
    const taskId = await services.card(['message Never'], 'dies');
    await start(taskId);
    const { run } = await services.until(taskId, inState('FAILED'));
    expect(run?.failure?.reason).toBe('exited-before-initialize');
    expect(run?.failure?.message).toContain('exit code 3');
    expect(run?.failure?.message).toContain('no licence found');
  });

  it('gives up on an agent that never answers', async () => {
    services.settings.startTimeoutSeconds = 1;
    const taskId = await services.card(['message Never'], 'silent');
    await start(taskId);
    const { run } = await services.until(taskId, inState('FAILED'));
    expect(run?.failure).toMatchObject({
      reason: 'no-answer',
      message: 'Agent silent did not answer within 1 seconds of being started. It was stopped.',
    });
  });

  it('names the version of the protocol that it cannot speak', async () => {
    const taskId = await services.card(['message Never'], 'future');
    await start(taskId);
    const { run } = await services.until(taskId, inState('FAILED'));
    expect(run?.failure?.reason).toBe('protocol-version');
    expect(run?.failure?.message).toContain('version 99');
  });

  it('skips and logs what is not of the protocol', async () => {
    const taskId = await services.card(['noise Debugger attached.', 'message Fine'], 'noisy');
    await start(taskId);
    await services.until(taskId, inState('REVIEW'));
    expect(services.log.lines).toContain('noise Debugger attached.');
  });

  it('keeps secrets out of the log, the trace and the failure', async () => {
    services.settings.environment = { TEST_TOKEN: 'planted-secret-1' };
    const taskId = await services.card([
      'stderr planted-secret-1',
      'noise planted-secret-1',
      'crash 1 planted-secret-1',
    ]);
    await services.kandev.execute('task.update', { taskId, title: 'A title' });
    await start(taskId);
    const { run } = await services.until(taskId, inState('FAILED'));
    expect(JSON.stringify(run)).not.toContain('planted-secret-1');
    expect(services.log.lines.join('\n')).not.toContain('planted-secret-1');
  });

  it('keeps secrets out of the transcript, also those that an agent repeats', async () => {
    services.settings.environment = { TEST_TOKEN: 'planted-secret-2' };
    const script = 'printf "%s" "$TEST_TOKEN"';
    const taskId = await services.card([`terminal style=text ${script}`, `terminal style=meta ${script}`]);
    await start(taskId);
    const card = await services.until(taskId, inState('REVIEW'));
    const query = { runId: card.run?.id ?? '' };
    const kept = JSON.stringify(await services.kandev.query('run.transcript', query));
    expect(kept).toContain('[redacted]');
    expect(kept + JSON.stringify(services.events)).not.toContain('planted-secret-2');
  });

  it('begins in the mode that the agent type names', async () => {
    const taskId = await services.card(['message Planned'], 'planner');
    await start(taskId);
    await services.until(taskId, inState('REVIEW'));
    const sent = services.log.lines.filter((line) => line.startsWith('out '));
    // The demo agent offers its modes as a config option, too, and that is the newer way.
    const mode = sent.findIndex(
      (line) => line.includes('"session/set_config_option"') && line.includes('"plan"'),
    );
    const prompt = sent.findIndex((line) => line.includes('"session/prompt"'));
    expect(mode).toBeGreaterThan(-1);
    expect(mode).toBeLessThan(prompt);
  });

  it('leaves an exact record of what went over the wire, without secrets', async () => {
    services.settings.environment = { TEST_TOKEN: 'planted-secret-2' };
    const taskId = await services.card(['message planted-secret-2', 'stderr Careful', 'message Done']);
    await start(taskId);
    const card = await services.until(taskId, inState('REVIEW'));
    await services.kandev.execute('task.move', { taskId, to: 'COMPLETED' });
    await services.until(taskId, ({ run }) => run?.state === 'COMPLETED');
    const text = await readFile(join(services.wireFolder, `${card.run?.id ?? ''}.jsonl`), 'utf8');
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { direction: string; line: string });
    expect(new Set(lines.map(({ direction }) => direction))).toEqual(
      new Set(['note', 'in', 'out', 'stderr']),
    );
    expect(lines.some(({ line }) => line.includes('"session/prompt"'))).toBe(true);
    expect(text).not.toContain('planted-secret-2');
  });

  it('can be started again after a failure', async () => {
    const taskId = await services.card(['fail 1 times counter=.failures error="try again"', 'message Done']);
    await start(taskId);
    const failed = await services.until(taskId, inState('FAILED'));
    expect(failed.run?.failure?.message).toContain('try again');
    await start(taskId);
    const card = await services.until(taskId, inState('REVIEW'));
    expect(card.run?.id).not.toBe(failed.run?.id);
  });
});

describe('the orchestrator', () => {
  it('runs one agent at a time in the folder, and tells the others their place', async () => {
    const first = await services.card(['permission "Go on"']);
    const second = await services.card(['message Second']);
    await start(first);
    await services.until(first, asks);
    await start(second);
    const queued = await services.until(second, ({ queue }) => queue !== null);
    expect(queued.queue).toEqual({
      place: 1,
      why: 'Waits for “permission "Go on"”, which works in the folder',
      until: null,
      needs: null,
    });
    await services.kandev.execute('task.stop', { taskId: first });
    await services.until(second, inState('REVIEW'));
  });

  it('starts a card that is moved to To Do, and leaves one without an agent alone', async () => {
    const taskId = await services.card(['message Moved']);
    await services.kandev.execute('task.move', { taskId, to: 'TODO' });
    await services.until(taskId, inState('REVIEW'));
    const mine = await services.kandev.execute('task.create', { title: 'Mine', state: 'TODO' });
    const { cards } = await services.kandev.query('cards', { taskIds: [mine.id] });
    expect(cards[0]).toMatchObject({ queue: null, run: null });
  });

  it('refuses to move a card that an agent works on, unless it is to be stopped', async () => {
    const taskId = await services.card(['permission "Go on"']);
    await start(taskId);
    await services.until(taskId, asks);
    await expect(services.kandev.execute('task.move', { taskId, to: 'COMPLETED' })).rejects.toMatchObject({
      failure: { reason: 'run-active', action: { kind: 'stopAndMove', taskId, to: 'COMPLETED' } },
    });
    await services.kandev.execute('task.move', { taskId, to: 'CANCELLED', stopRun: true });
    const card = await services.until(taskId, inState('CANCELLED'));
    expect(card.run?.state).toBe('STOPPED');
  });

  it('ends the idle container of a card that is done', async () => {
    const taskId = await services.card(['message Done']);
    await start(taskId);
    await services.until(taskId, inState('REVIEW'));
    await services.kandev.execute('task.move', { taskId, to: 'COMPLETED' });
    const card = await services.until(taskId, ({ run }) => run?.state === 'COMPLETED');
    expect(card.task.state).toBe('COMPLETED');
    expect(services.agents.running.size).toBe(0);
  });

  it('keeps a card in the queue while Docker does not answer, and starts it when it does', async () => {
    const { engine } = services.agents;
    services.agents.engine = {
      endpoint: 'unix:///none',
      chosenBy: 'test',
      failure: {
        reason: 'engine-not-running',
        message: 'Docker is not running.',
        action: { kind: 'checkEngine' },
      },
      engine: null,
    };
    const taskId = await services.card(['message Late']);
    await expect(start(taskId)).rejects.toMatchObject({
      failure: { reason: 'engine-not-running', action: { kind: 'checkEngine' } },
    });
    const queued = await services.until(taskId, ({ queue }) => queue !== null);
    expect(queued.queue?.why).toBe('Docker is not running.');
    services.agents.engine = engine;
    await services.kandev.execute('engine.check', {});
    await services.until(taskId, inState('REVIEW'));
  });

  it('shows nothing as running that a new start of VS Code finds not running', async () => {
    const taskId = await services.card(['permission "Go on"']);
    await start(taskId);
    await services.until(taskId, asks);
    await services.reopen();
    const card = await services.until(taskId, inState('TODO'));
    expect(card).toMatchObject({ permissions: [], run: { state: 'STOPPED' } });
    expect(card.task.heldBecause).toBe('VS Code was closed while the agent was at work.');
  });

  it('deletes a card whose agent is at work, and its agent with it', async () => {
    const taskId = await services.card(['hang']);
    await start(taskId);
    await services.until(taskId, ({ run }) => run?.state === 'RUNNING');
    await services.kandev.execute('task.delete', { taskId });
    expect(services.agents.running.size).toBe(0);
    expect((await services.kandev.query('boards', {})).cards).toEqual([]);
  });
});

describe('input', () => {
  it.each([
    [{ title: '   ' }, 'A card needs a title.'],
    [{ title: 'x', agentTypeId: 'nobody' }, 'There is no agent “nobody”.'],
    [{ title: 'x'.repeat(501) }, 'A title has at most 500 characters.'],
  ])('that makes no sense is refused in plain words, and nothing is created', async (input, message) => {
    await expect(services.kandev.execute('task.create', input)).rejects.toThrow(message);
    expect((await services.kandev.query('boards', {})).cards).toEqual([]);
  });

  it('keeps the old values when an edit is refused', async () => {
    const taskId = await services.card(['message Hello']);
    await expect(services.kandev.execute('task.update', { taskId, title: '' })).rejects.toThrow(
      'needs a title',
    );
    const { cards } = await services.kandev.query('cards', { taskIds: [taskId] });
    expect(cards[0]?.task.title).toBe('message Hello');
  });
});
