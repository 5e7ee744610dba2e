import { rm } from 'node:fs/promises';
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
const asks = (card: CardView) => card.questions.length > 0;
const start = (taskId: string) => services.kandev.execute('task.start', { taskId });

async function transcriptOf(card: CardView): Promise<string[]> {
  const entries = await services.kandev.query('run.transcript', { runId: card.run?.id ?? '' });
  return entries.map(({ kind, text }) => `${kind}: ${text}`);
}

describe('a question of the agent', () => {
  it('waits for its user, refuses what does not fit, and goes on with the answer', async () => {
    const taskId = await services.card(['elicit form "Which one?" colour:red|blue! count:integer=3']);
    await start(taskId);
    const waiting = await services.until(taskId, asks);
    expect(waiting.run?.state).toBe('WAITING');
    expect(waiting.questions[0]?.message).toBe('Which one?');
    const [question] = await services.kandev.query('questions', {});
    const questionId = question?.id ?? '';
    await expect(
      services.kandev.execute('question.answer', {
        questionId,
        answer: { action: 'accept', content: { colour: 'green' } },
      }),
    ).rejects.toMatchObject({ failure: { reason: 'invalid-input' } });
    await services.kandev.execute('question.answer', {
      questionId,
      answer: { action: 'accept', content: { colour: 'blue', count: 5 } },
    });
    const card = await services.until(taskId, inState('REVIEW'));
    expect(card.questions).toEqual([]);
    expect((await transcriptOf(card)).join('\n')).toMatch(/blue[^]*5/);
    await expect(
      services.kandev.execute('question.answer', { questionId, answer: { action: 'decline' } }),
    ).rejects.toMatchObject({ failure: { reason: 'already-resolved' } });
  });

  it('is closed when the agent is stopped', async () => {
    const taskId = await services.card(['elicit url "Sign in" https://example.org/sign-in']);
    await start(taskId);
    await services.until(taskId, asks);
    await services.kandev.execute('task.stop', { taskId });
    expect(await services.kandev.query('questions', {})).toEqual([]);
    expect((await services.until(taskId, inState('TODO'))).questions).toEqual([]);
  });
});

describe('what can be chosen', () => {
  const valueOf = async (taskId: string, optionId: string): Promise<unknown> => {
    const session = await services.kandev.query('run.session', { taskId });
    return session?.options.find(({ id }) => id === optionId)?.currentValue;
  };

  it('is offered while the run lives, and chosen', async () => {
    const taskId = await services.card(['message Ready']);
    expect(await services.kandev.query('run.session', { taskId })).toBeNull();
    await start(taskId);
    await services.until(taskId, inState('REVIEW'));
    const session = await services.kandev.query('run.session', { taskId });
    expect(session?.commands.map(({ name }) => name)).toContain('extend');
    expect(await valueOf(taskId, 'mode')).not.toBe('plan');
    await services.kandev.execute('run.setOption', { taskId, optionId: 'mode', value: 'plan' });
    expect(await valueOf(taskId, 'mode')).toBe('plan');
    await expect(
      services.kandev.execute('run.setOption', { taskId, optionId: 'no such', value: 'x' }),
    ).rejects.toMatchObject({ failure: { reason: 'agent-error' } });
  });

  it('is chosen before the first prompt where the user has a default, and what is not offered is left alone', async () => {
    services.settings.optionDefaults = { mode: 'auto', model: 'no such model', unheard: true };
    const taskId = await services.card(['message Ready']);
    await start(taskId);
    await services.until(taskId, inState('REVIEW'));
    expect(await valueOf(taskId, 'mode')).toBe('auto');
  });
});

describe('a message to an agent whose container is gone', () => {
  const finish = async (): Promise<CardView> => {
    const taskId = await services.card(['message The first answer']);
    await start(taskId);
    await services.until(taskId, inState('REVIEW'));
    await services.kandev.execute('task.stop', { taskId });
    return services.until(taskId, ({ run }) => run?.state === 'COMPLETED');
  };
  const goOn = async ({ task }: CardView): Promise<CardView> => {
    await services.kandev.execute('task.prompt', { taskId: task.id, text: '/help' });
    return services.until(task.id, (card) => card.task.state === 'REVIEW' && card.run?.state === 'READY');
  };

  it('goes on with the same conversation in a new run, and nothing is told twice', async () => {
    const before = await finish();
    const after = await goOn(before);
    expect(after.run?.id).not.toBe(before.run?.id);
    expect(after.run?.sessionId).toBe(before.run?.sessionId);
    const said = await transcriptOf(after);
    expect(said).toContain('notice: Agent demo goes on with the same conversation.');
    expect(said).toContain('user: /help');
    expect(said).not.toContain('message: The first answer');
  });

  it('begins a new one where the agent has lost the old, says so, and gives it a summary', async () => {
    const before = await finish();
    await rm(join(services.agents.home, '.kandev-demo'), { recursive: true });
    const after = await goOn(before);
    expect(after.run?.sessionId).not.toBe(before.run?.sessionId);
    const said = await transcriptOf(after);
    expect(said.join('\n')).toMatch(
      /notice: Agent demo could not go on with the old conversation .* summary/,
    );
    expect(said).toContain('user: /help');
    const sent = services.log.lines.filter((line) => line.includes('"method":"session/prompt"')).at(-1);
    expect(sent).toContain('You are taking over a task');
    expect(sent).toContain('Agent: The first answer');
  });

  it('brings a card back to work from wherever it is', async () => {
    const before = await finish();
    await services.kandev.execute('task.move', { taskId: before.task.id, to: 'COMPLETED' });
    const after = await goOn(before);
    expect(after.task.state).toBe('REVIEW');
  });

  it('is refused for a card that no agent has worked on', async () => {
    const taskId = await services.card(['message Never']);
    await expect(services.kandev.execute('task.prompt', { taskId, text: 'Hello' })).rejects.toMatchObject({
      failure: { reason: 'no-run', action: { kind: 'retry', taskId } },
    });
  });
});

describe('an agent that wants a sign-in', () => {
  it('holds its card until the user has signed in, and then goes on by itself', async () => {
    const taskId = await services.card(['message In at last'], 'locked');
    const other = await services.card(['message Not mine'], 'dies');
    await start(taskId);
    await start(other);
    const held = await services.until(taskId, inState('FAILED'));
    await services.until(other, inState('FAILED'));
    expect(held.run?.failure).toMatchObject({
      reason: 'sign-in-needed',
      action: { kind: 'signIn', agentTypeId: 'locked' },
    });
    services.settings.environment = { KANDEV_DEMO_KEY: 'a-key' };
    await services.kandev.execute('agent.signedIn', { agentTypeId: 'locked' });
    const card = await services.until(taskId, inState('REVIEW'));
    expect(await transcriptOf(card)).toContain('message: In at last');
    expect((await services.until(other, inState('FAILED'))).run?.turns).toBe(0);
  });
});

describe('MCP servers of the settings', () => {
  it('are given to the agent, with secrets that are written down nowhere, and it is told which it cannot use', async () => {
    services.settings.environment = { MCP_TOKEN: 'tok-123456789' };
    services.settings.mcpServers = [
      { name: 'local', command: 'mcp-local', env: { TOKEN: '${env:MCP_TOKEN}' } },
      { name: 'events', type: 'sse', url: 'https://example.org/sse' },
    ];
    const taskId = await services.card(['session']);
    await start(taskId);
    const card = await services.until(taskId, inState('REVIEW'));
    const said = (await transcriptOf(card)).join('\n');
    expect(said).toMatch(/message: .*local/);
    expect(services.log.lines.join('\n')).not.toContain('tok-123456789');
    expect(services.log.lines.some((line) => line.includes('"method":"session/new"'))).toBe(true);
  });
});
