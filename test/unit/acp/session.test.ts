import { describe, expect, test } from 'vitest';
import { inTurn, TestClient, textOf, textPrompt, toolStatuses } from './pipeAgent.ts';

describe('a turn', () => {
  test('the prompt is sent as version 1 names it; the result has the stop reason', async () => {
    const { agent, request, prompted } = await inTurn();
    expect(request.params).toEqual({ sessionId: 's1', prompt: textPrompt });
    agent.respond(request, { stopReason: 'max_tokens' });
    await expect(prompted).resolves.toEqual({ stopReason: 'max_tokens', hadOutput: false });
  });

  test.each([
    ['the draft of the protocol', { usage: { totalTokens: 700, inputTokens: 1, outputTokens: 2 } }, 700],
    ['a quota', { _meta: { quota: { token_count: { input_tokens: 40, output_tokens: 2 } } } }, 42],
    ['nonsense', { usage: { totalTokens: 'many' }, _meta: { quota: { token_count: [] } } }, undefined],
  ])('the tokens that it took are told by %s', async (_how, told, tokens) => {
    const { agent, request, prompted } = await inTurn();
    agent.respond(request, { stopReason: 'end_turn', ...told });
    expect((await prompted).tokens).toBe(tokens);
  });

  test('case 9: 1,000 updates and the response in one chunk are applied in order, the response last', async () => {
    const { agent, request, prompted, events } = await inTurn();
    const expected = Array.from({ length: 1000 }, (_, index) => `${index} `).join('');
    agent.stdout.cork();
    for (let index = 0; index < 1000; index += 1) agent.say('s1', `${index} `);
    agent.respond(request, { stopReason: 'end_turn' });
    agent.say('s1', 'late');
    agent.stdout.uncork();
    await expect(prompted).resolves.toEqual({ stopReason: 'end_turn', hadOutput: true });
    expect(textOf(events)).toBe(expected);
    expect(events.every(({ turn }) => turn.open && turn.number === 1)).toBe(true);
  });

  test('case 10: the same with a slow listener', async () => {
    const { agent, request, prompted, session } = await inTurn();
    let text = '';
    session.onEvent((event) => {
      const until = performance.now() + 0.2;
      while (performance.now() < until);
      text += textOf([event]);
    });
    for (let index = 0; index < 1000; index += 1) agent.say('s1', `${index} `);
    agent.respond(request, { stopReason: 'end_turn' });
    await prompted;
    expect(text).toBe(Array.from({ length: 1000 }, (_, index) => `${index} `).join(''));
  });

  test('case 11: what comes after the end is delivered, and the turn stays closed', async () => {
    const { agent, request, prompted, session, events } = await inTurn();
    agent.respond(request, { stopReason: 'end_turn' });
    await prompted;
    agent.say('s1', 'PS');
    await agent.settled();
    expect(textOf(events)).toBe('PS');
    expect(events[0]?.turn).toEqual({ number: 1, open: false, replayed: false });

    const second = session.prompt(textPrompt);
    agent.say('s1', 'again');
    agent.respond(await agent.request('session/prompt'), { stopReason: 'end_turn' });
    await expect(second).resolves.toMatchObject({ hadOutput: true });
    expect(events[1]?.turn).toEqual({ number: 2, open: true, replayed: false });
  });

  test('a second prompt during a turn is refused', async () => {
    const { agent, request, prompted, session } = await inTurn();
    await expect(session.prompt(textPrompt)).rejects.toThrow('still at work');
    agent.respond(request, { stopReason: 'end_turn' });
    await prompted;
  });

  test('thoughts, usage and empty text are no output; a tool call is', async () => {
    const { agent, request, prompted, session } = await inTurn();
    agent.update('s1', { sessionUpdate: 'agent_thought_chunk', content: { type: 'text', text: 'Hm' } });
    agent.update('s1', { sessionUpdate: 'usage_update', used: 1, size: 2 });
    agent.say('s1', '');
    agent.respond(request, { stopReason: 'end_turn' });
    await expect(prompted).resolves.toMatchObject({ hadOutput: false });
    const second = session.prompt(textPrompt);
    agent.update('s1', { sessionUpdate: 'tool_call', toolCallId: 'c', title: 'Look' });
    agent.respond(await agent.request('session/prompt'), null);
    await expect(second).resolves.toEqual({ stopReason: 'end_turn', hadOutput: true });
  });

  test('case 35: an unknown update and an unknown stop reason survive', async () => {
    const { agent, request, prompted, events } = await inTurn();
    agent.update('s1', { sessionUpdate: 'hologram', x: 1 });
    agent.send({ method: 'session/update', params: null });
    agent.respond(request, { stopReason: 'bored' });
    await expect(prompted).resolves.toMatchObject({ stopReason: 'bored' });
    expect(events.map((event) => (event.type === 'unknown' ? event.kind : event.type))).toEqual([
      'hologram',
      '',
    ]);
  });

  test('case 36: an update of an unknown tool call creates it', async () => {
    const { agent, events } = await inTurn();
    agent.update('s1', { sessionUpdate: 'tool_call_update', toolCallId: 'c1', status: 'in_progress' });
    agent.update('s1', { sessionUpdate: 'tool_call', toolCallId: 'c1', title: 'Late title' });
    await agent.settled();
    expect(events).toMatchObject([
      { type: 'tool_call', created: true, toolCall: { id: 'c1', title: '', status: 'in_progress' } },
      {
        type: 'tool_call',
        created: false,
        toolCall: { id: 'c1', title: 'Late title', status: 'in_progress' },
      },
    ]);
  });

  test('a listener that throws is reported and disturbs nobody', async () => {
    const { client, agent, request, prompted, session } = await inTurn();
    const heard: string[] = [];
    session.onEvent(() => {
      throw new Error('listener broke');
    });
    const remove = session.onEvent((event) => heard.push(event.type));
    agent.say('s1', 'one');
    await agent.settled();
    remove();
    agent.say('s1', 'two');
    agent.respond(request, { stopReason: 'end_turn' });
    await prompted;
    expect(heard).toEqual(['message']);
    expect(client.errors.map(({ message }) => message)).toEqual(['listener broke', 'listener broke']);
  });
});

describe('cancelling', () => {
  test.each([
    ['end_turn', { result: { stopReason: 'end_turn' } }],
    ['-32603', { error: { code: -32603, message: 'Aborted' } }],
    ['-32800', { error: { code: -32800, message: 'Cancelled' } }],
  ])('case 33: a cancel that is answered by %s is a cancel', async (_, answer) => {
    const { agent, session, request, prompted } = await inTurn();
    const stopping = session.cancel();
    expect((await agent.request('session/cancel')).params).toEqual({ sessionId: 's1' });
    agent.send({ id: request.id, ...answer });
    await stopping;
    await expect(prompted).resolves.toMatchObject({ stopReason: 'cancelled' });
  });

  test('case 34: it resolves with the end of the turn and not before', async () => {
    const { agent, session, request, prompted } = await inTurn();
    let ended = false;
    const stopping = session.cancel().then(() => (ended = true));
    agent.say('s1', 'winding down');
    await agent.settled();
    expect(ended).toBe(false);
    agent.respond(request, { stopReason: 'cancelled' });
    await stopping;
    await expect(prompted).resolves.toEqual({ stopReason: 'cancelled', hadOutput: true });
  });

  test('case 34: the end of the connection ends it, too', async () => {
    const { client, session, prompted } = await inTurn();
    const stopping = session.cancel();
    client.connection.dispose();
    await expect(prompted).rejects.toMatchObject({ reason: 'closed' });
    await stopping;
  });

  test('open tool calls are marked cancelled at once, those that ended are not', async () => {
    const { agent, session, request, prompted, events } = await inTurn();
    agent.update('s1', { sessionUpdate: 'tool_call', toolCallId: 'a', title: 'A', status: 'completed' });
    agent.update('s1', { sessionUpdate: 'tool_call', toolCallId: 'b', title: 'B', status: 'in_progress' });
    agent.update('s1', { sessionUpdate: 'tool_call', toolCallId: 'c', title: 'C' });
    await agent.settled();
    events.length = 0;
    const stopping = session.cancel();
    expect(toolStatuses(events)).toEqual(['b cancelled', 'c cancelled']);
    agent.update('s1', { sessionUpdate: 'tool_call_update', toolCallId: 'b', status: 'failed' });
    agent.update('s1', { sessionUpdate: 'tool_call_update', toolCallId: 'c', status: 'in_progress' });
    agent.respond(request, { stopReason: 'cancelled' });
    await stopping;
    await prompted;
    expect(toolStatuses(events).slice(2)).toEqual(['b failed', 'c in_progress', 'c cancelled']);
  });

  test('the next turn is a turn like any other', async () => {
    const { agent, session, request, prompted } = await inTurn();
    const stopping = session.cancel();
    agent.respond(request, { stopReason: 'cancelled' });
    await Promise.all([stopping, prompted]);
    const second = session.prompt(textPrompt);
    agent.respond(await agent.request('session/prompt'), { stopReason: 'end_turn' });
    await expect(second).resolves.toMatchObject({ stopReason: 'end_turn' });
  });
});

describe('case 49: sessions in the older dialects', () => {
  test('the oldest name of the prompt, for an agent that needs it', async () => {
    const { agent, session } = await TestClient.withSession({ dialect: 'legacy' });
    void session.prompt(textPrompt);
    expect((await agent.request('session/prompt')).params).toEqual({ sessionId: 's1', content: textPrompt });
  });

  test('a stopReason in an update ends the turn once; the response that follows changes nothing', async () => {
    const { client, agent, session, request, prompted, events } = await inTurn();
    expect(client.connection.dialect).toBe('acp');
    const content = [{ type: 'text', text: 'done' }];
    agent.send({ method: 'session/update', params: { sessionId: 's1', content, stopReason: 'end_turn' } });
    await expect(prompted).resolves.toEqual({ stopReason: 'end_turn', hadOutput: true });
    expect(textOf(events)).toBe('done');
    expect(client.connection.dialect).toBe('legacy');

    const second = session.prompt(textPrompt);
    agent.respond(request, { stopReason: 'refusal' });
    agent.respond(await agent.request('session/prompt'), { stopReason: 'max_tokens' });
    await expect(second).resolves.toMatchObject({ stopReason: 'max_tokens' });
  });

  test('a late response to a cancelled turn leaves the next turn alone', async () => {
    const { agent, session, request, prompted, events } = await inTurn();
    const stopping = session.cancel();
    agent.send({ method: 'session/update', params: { sessionId: 's1', stopReason: 'cancelled' } });
    await Promise.all([stopping, prompted]);
    const second = session.prompt(textPrompt);
    agent.update('s1', { sessionUpdate: 'tool_call', toolCallId: 'a', title: 'A', status: 'in_progress' });
    agent.respond(request, { stopReason: 'cancelled' });
    agent.respond(await agent.request('session/prompt'), { stopReason: 'end_turn' });
    await expect(second).resolves.toMatchObject({ stopReason: 'end_turn' });
    expect(toolStatuses(events)).toEqual(['a in_progress']);
  });

  test('a stopReason after the response changes nothing', async () => {
    const { agent, request, prompted } = await inTurn();
    agent.respond(request, { stopReason: 'end_turn' });
    await prompted;
    agent.send({ method: 'session/update', params: { sessionId: 's1', stopReason: 'refusal' } });
    await agent.settled();
  });

  test('an event stream belongs to the only session', async () => {
    const { client, agent, prompted, events } = await inTurn();
    agent.write('{"type":"log","task_id":"t","data":{"level":"info","message":"Cloning"}}\n');
    agent.write('{"type":"result","task_id":"t","data":{"status":"success","summary":"Done"}}\n');
    await expect(prompted).resolves.toEqual({ stopReason: 'end_turn', hadOutput: true });
    expect(events).toMatchObject([
      { type: 'notice', title: 'Cloning' },
      { type: 'message', text: 'Done' },
    ]);
    expect(client.connection.dialect).toBe('wrapper');
  });
});
