import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { TestClient, textOf, textPrompt } from './pipeAgent.ts';

describe('the end of a connection', () => {
  test('case 3: a line over the cap ends it, and says so', async () => {
    const client = new TestClient({ maxLineBytes: 1000 });
    await client.initialize();
    const { session, events } = await client.newSession();
    const prompted = session.prompt(textPrompt);
    client.agent.say('s1', 'before');
    client.agent.say('s1', 'x'.repeat(1000));
    await expect(prompted).rejects.toMatchObject({ reason: 'line-too-long' });
    expect(textOf(events)).toBe('before');
    await expect(client.connection.closed).resolves.toMatchObject({
      kind: 'failed',
      error: { reason: 'line-too-long' },
    });
    await expect(session.prompt(textPrompt)).rejects.toMatchObject({ reason: 'line-too-long' });
  });

  test('case 16: all that was sent before the end is delivered, then the rest is rejected', async () => {
    const { client, agent, session, events } = await TestClient.withSession();
    const prompted = session.prompt(textPrompt);
    await agent.request('session/prompt');
    for (let index = 0; index < 3000; index += 1) agent.say('s1', `${index} `);
    agent.stdout.end();
    await expect(prompted).rejects.toMatchObject({ reason: 'closed' });
    expect(events).toHaveLength(3000);
    await expect(client.connection.closed).resolves.toEqual({ kind: 'ended' });
  });

  test('a response that is the last line still counts', async () => {
    const { agent, session } = await TestClient.withSession();
    const prompted = session.prompt(textPrompt);
    const { id } = await agent.request('session/prompt');
    agent.stdout.end(JSON.stringify({ jsonrpc: '2.0', id, result: { stopReason: 'end_turn' } }));
    await expect(prompted).resolves.toEqual({ stopReason: 'end_turn', hadOutput: false });
  });

  test('dispose rejects what is pending, gives permissions up and drains the agent', async () => {
    const { client, agent, session } = await TestClient.withSession();
    const prompted = session.prompt(textPrompt);
    agent.askPermission('p', 's1', { toolCallId: 'x' });
    await agent.settled();
    client.connection.dispose();
    await expect(prompted).rejects.toMatchObject({ reason: 'closed' });
    expect(client.lastPermission().signal.aborted).toBe(true);
    await expect(client.connection.closed).resolves.toEqual({ kind: 'disposed' });
    await expect(client.connection.initialize()).rejects.toMatchObject({ reason: 'closed' });
    await session.cancel();
    const drained = new Promise((resolve) => agent.stdout.once('end', resolve));
    agent.stdout.end('x'.repeat(1_000_000));
    await drained;
    expect(client.errors).toEqual([]);
  });

  test('a permission from before the first prompt is given up with the connection', async () => {
    const { client, agent } = await TestClient.withSession();
    agent.askPermission('p', 's1', { toolCallId: 'x' });
    await agent.settled();
    agent.stdout.end();
    await client.connection.closed;
    expect(client.lastPermission().signal.aborted).toBe(true);
  });

  test('case 16: a cancellation of nothing just before the end costs no message', async () => {
    const { client, agent, events } = await TestClient.withSession();
    agent.stdout.cork();
    agent.send({ method: '$/cancel_request', params: { requestId: 'nobody knows' } });
    agent.say('s1', 'bye');
    agent.stdout.end();
    agent.stdout.uncork();
    await client.connection.closed;
    expect(textOf(events)).toBe('bye');
  });

  test('a broken stream is a failure', async () => {
    const { client, agent } = await TestClient.withSession();
    agent.stdout.destroy(new Error('pipe broke'));
    await expect(client.connection.closed).resolves.toMatchObject({
      kind: 'failed',
      error: { reason: 'closed' },
    });
  });

  test('a request to an agent whose input is gone is rejected', async () => {
    const stdin = new PassThrough();
    const client = new TestClient({ stdin });
    stdin.destroy();
    await expect(client.connection.initialize()).rejects.toMatchObject({ reason: 'closed' });
  });
});
