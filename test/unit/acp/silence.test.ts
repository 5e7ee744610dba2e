import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { turnOutcome } from '../../../src/acp/turnOutcome.ts';
import { LocalTerminals } from './localTerminals.ts';
import { TestClient, textPrompt } from './pipeAgent.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** A session in a turn that bears ten seconds of silence. */
async function inTurn() {
  const setup = await TestClient.withSession({ handlers: { terminals: new LocalTerminals() } });
  const prompted = setup.session.prompt(textPrompt, { silenceMs: 10_000 });
  let failure: unknown = null;
  prompted.catch((error: unknown) => (failure = error));
  const request = await setup.agent.request('session/prompt');
  return { ...setup, prompted, request, failure: () => failure };
}

describe('an agent that never answers', () => {
  test('fails its turn after the time given, and is told to stop', async () => {
    const { agent, prompted, session, events } = await inTurn();
    agent.update('s1', { sessionUpdate: 'tool_call', toolCallId: 'c', title: 'Build' });
    await agent.settled();
    await vi.advanceTimersByTimeAsync(9_999);
    agent.say('s1', 'still here');
    await agent.settled();
    await vi.advanceTimersByTimeAsync(9_999);
    expect(agent.received.map(({ method }) => method)).not.toContain('session/cancel');
    await vi.advanceTimersByTimeAsync(1);
    await expect(prompted).rejects.toMatchObject({
      reason: 'silent',
      message: expect.stringContaining('10 s') as string,
    });
    await agent.request('session/cancel');
    expect(session.state.toolCall('c')?.status).toBe('cancelled');
    // What comes all the same belongs to no turn.
    agent.say('s1', 'sorry');
    await agent.settled();
    expect(events.at(-1)?.turn.open).toBe(false);
  });

  test('is not silent while it waits for the user, or for a command of its own', async () => {
    const { agent, client, failure, request, prompted } = await inTurn();
    agent.askPermission('p', 's1', { toolCallId: 'a' });
    await agent.settled();
    await vi.advanceTimersByTimeAsync(60_000);
    client.lastPermission().answer({ outcome: 'selected', optionId: 'yes' });
    await agent.answer('p');
    const { result } = await agent.ask('terminal/create', {
      sessionId: 's1',
      command: 'sleep',
      args: ['60'],
    });
    const { terminalId } = result as { terminalId: string };
    agent.send({ id: 'w', method: 'terminal/wait_for_exit', params: { sessionId: 's1', terminalId } });
    await agent.settled();
    await vi.advanceTimersByTimeAsync(60_000);
    await agent.ask('terminal/kill', { terminalId });
    await agent.answer('w');
    await vi.advanceTimersByTimeAsync(9_000);
    expect(failure()).toBeNull();
    agent.respond(request, { stopReason: 'end_turn' });
    await prompted;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(agent.received.map(({ method }) => method)).not.toContain('session/cancel');
  });

  test('is waited for without an end where no time was given', async () => {
    const { agent, session } = await TestClient.withSession();
    const prompted = session.prompt(textPrompt);
    const request = await agent.request('session/prompt');
    await vi.advanceTimersByTimeAsync(24 * 3_600_000);
    agent.respond(request, { stopReason: 'end_turn' });
    await expect(prompted).resolves.toMatchObject({ stopReason: 'end_turn' });
  });
});

describe('case 34: a cancel that is not answered', () => {
  test('is over after its grace time, and the turn still open: then its container is to be stopped', async () => {
    const { client, agent, session, prompted } = await inTurn();
    const stopping = session.cancel(2_000);
    await agent.request('session/cancel');
    await vi.advanceTimersByTimeAsync(2_000);
    await expect(stopping).resolves.toBe(false);
    await expect(session.prompt(textPrompt)).rejects.toThrow('still at work');
    client.connection.dispose();
    await expect(prompted).rejects.toMatchObject({ reason: 'closed' });
  });

  test('is over at once when the agent answers', async () => {
    const { agent, session, prompted, request } = await inTurn();
    const stopping = session.cancel(2_000);
    agent.respond(request, { stopReason: 'cancelled' });
    await expect(stopping).resolves.toBe(true);
    await expect(prompted).resolves.toMatchObject({ stopReason: 'cancelled' });
    await expect(session.cancel(2_000)).resolves.toBe(true);
  });

  test('that lasts longer than the agent may be silent ends as cancelled', async () => {
    const { session, prompted } = await inTurn();
    const stopping = session.cancel();
    await vi.advanceTimersByTimeAsync(10_000);
    await expect(prompted).resolves.toMatchObject({ stopReason: 'cancelled' });
    await expect(stopping).resolves.toBe(true);
  });
});

test.each([
  ['end_turn', true, 'done'],
  ['end_turn', false, 'empty'],
  ['max_tokens', false, 'limit'],
  ['max_turn_requests', true, 'limit'],
  ['refusal', false, 'refused'],
  ['cancelled', false, 'cancelled'],
  ['bored', true, 'unknown'],
])('a turn that ends with %s (output: %s) is %s', (stopReason, hadOutput, outcome) => {
  expect(turnOutcome({ stopReason, hadOutput })).toBe(outcome);
});
