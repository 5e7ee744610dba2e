import { describe, expect, test } from 'vitest';
import { inTurn, TestClient, toolStatuses } from './pipeAgent.ts';

const cancelled = { outcome: { outcome: 'cancelled' } };

describe('permissions', () => {
  test('case 28: a request without a tool call before it creates the call first', async () => {
    const { client, agent, events } = await inTurn();
    agent.askPermission('p', 's1', { toolCallId: 'c1', title: 'Run ls', kind: 'execute' });
    await agent.settled();
    expect(events).toMatchObject([
      { type: 'tool_call', created: true, toolCall: { id: 'c1', kind: 'execute' } },
    ]);
    const { request } = client.lastPermission();
    expect(request).toMatchObject({
      sessionId: 's1',
      toolCall: { title: 'Run ls' },
      options: [{ optionId: 'yes' }, { optionId: 'no' }],
    });
    client.lastPermission().answer({ outcome: 'selected', optionId: 'yes' });
    expect((await agent.answer('p')).result).toEqual({ outcome: { outcome: 'selected', optionId: 'yes' } });
  });

  test.each([
    ['yes', 'completed'],
    ['no', 'cancelled'],
  ])(
    'case 28: what is asked outside of a turn and answered with %s does not stay open',
    async (optionId, status) => {
      const { client, agent, events } = await TestClient.withSession();
      agent.askPermission('p', 's1', { toolCallId: 'c1', title: 'Index the folder' });
      await agent.settled();
      expect(toolStatuses(events)).toEqual(['c1 pending']);
      client.lastPermission().answer({ outcome: 'selected', optionId });
      await agent.answer('p');
      expect(toolStatuses(events)).toEqual(['c1 pending', `c1 ${status}`]);
      agent.update('s1', { sessionUpdate: 'tool_call_update', toolCallId: 'c1', status: 'in_progress' });
      await agent.settled();
      expect(toolStatuses(events).at(-1)).toBe('c1 in_progress');
    },
  );

  test('case 28: what was allowed in a turn, and not told of since, is done at its end', async () => {
    const { client, agent, events, request, prompted } = await inTurn();
    agent.askPermission('p', 's1', { toolCallId: 'quiet' });
    agent.askPermission('q', 's1', { toolCallId: 'told' });
    agent.askPermission('r', 's1', { toolCallId: 'open' });
    await agent.settled();
    for (const { answer } of client.permissions.slice(0, 2)) answer({ outcome: 'selected', optionId: 'yes' });
    await Promise.all([agent.answer('p'), agent.answer('q')]);
    agent.update('s1', { sessionUpdate: 'tool_call_update', toolCallId: 'told', status: 'in_progress' });
    agent.respond(request, { stopReason: 'end_turn' });
    await prompted;
    expect((await agent.answer('r')).result).toEqual(cancelled);
    expect(toolStatuses(events).slice(3)).toEqual(['told in_progress', 'quiet completed', 'open cancelled']);
  });

  test('a turn that fails leaves no tool call in progress', async () => {
    const { agent, events, request, prompted } = await inTurn();
    agent.update('s1', { sessionUpdate: 'tool_call', toolCallId: 'c1', status: 'in_progress' });
    agent.fail(request, -32603, 'The provider is gone');
    await expect(prompted).rejects.toMatchObject({ reason: 'agent-error' });
    expect(toolStatuses(events)).toEqual(['c1 in_progress', 'c1 cancelled']);
  });

  test('case 28: a request for a known call is shown with all that is known of it', async () => {
    const { client, agent } = await inTurn();
    agent.update('s1', { sessionUpdate: 'tool_call', toolCallId: 'c1', title: 'Edit', kind: 'edit' });
    agent.askPermission('p', 's1', {
      toolCallId: 'c1',
      content: [{ type: 'diff', path: '/a', newText: 'x' }],
    });
    agent.askPermission('q', 's1', {});
    await agent.settled();
    expect(client.permissions[0]?.request.toolCall).toMatchObject({
      title: 'Edit',
      kind: 'edit',
      content: [{ type: 'diff', path: '/a', oldText: null, newText: 'x' }],
    });
    expect(client.permissions[1]?.request.toolCall.id).not.toBe('');
  });

  test('case 29: options reach the user in the order and number in which the agent gave them', async () => {
    const { client, agent } = await inTurn();
    const options = [
      { optionId: 'cancel', name: 'No', kind: 'reject_once' },
      { optionId: 'always-1', name: 'Always this', kind: 'allow_always' },
      { optionId: 'always-2', name: 'Always all', kind: 'allow_always' },
    ];
    agent.askPermission('p', 's1', { toolCallId: 'c1' }, options);
    await agent.settled();
    expect(client.lastPermission().request.options).toEqual(options);
  });

  test('case 30: two at once are answered each for itself, in any order', async () => {
    const { client, agent } = await inTurn();
    agent.askPermission(10, 's1', { toolCallId: 'a' });
    agent.askPermission(11, 's1', { toolCallId: 'b' });
    await agent.settled();
    const [first, second] = client.permissions;
    expect(first?.request.id).not.toBe(second?.request.id);
    second?.answer({ outcome: 'selected', optionId: 'no' });
    expect((await agent.answer(11)).result).toEqual({ outcome: { outcome: 'selected', optionId: 'no' } });
    expect(first?.signal.aborted).toBe(false);
    first?.answer({ outcome: 'selected', optionId: 'yes' });
    expect((await agent.answer(10)).result).toEqual({ outcome: { outcome: 'selected', optionId: 'yes' } });
  });

  test('case 31: cancel settles all permissions, and those that come before the end', async () => {
    const { client, agent, session, request, prompted } = await inTurn();
    agent.askPermission(10, 's1', { toolCallId: 'a' });
    agent.askPermission(11, 's1', { toolCallId: 'b' });
    await agent.settled();
    const stopping = session.cancel();
    await agent.request('session/cancel');
    expect((await agent.answer(10)).result).toEqual(cancelled);
    expect((await agent.answer(11)).result).toEqual(cancelled);
    expect(client.permissions.every(({ signal }) => signal.aborted)).toBe(true);
    agent.askPermission(12, 's1', { toolCallId: 'c' });
    expect((await agent.answer(12)).result).toEqual(cancelled);
    expect(client.permissions).toHaveLength(2);
    agent.respond(request, { stopReason: 'cancelled' });
    await stopping;
    await expect(prompted).resolves.toMatchObject({ stopReason: 'cancelled' });
  });

  test.each([10, 'e1a9-uuid'])(
    'case 32: $/cancel_request for the permission %j closes its prompt alone',
    async (id) => {
      const { client, agent } = await inTurn();
      agent.askPermission(id, 's1', { toolCallId: 'a' });
      agent.askPermission('other', 's1', { toolCallId: 'b' });
      await agent.settled();
      agent.send({ method: '$/cancel_request', params: { requestId: id } });
      expect((await agent.answer(id)).result).toEqual(cancelled);
      expect(client.permissions.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    },
  );

  test('the end of the turn closes what is open', async () => {
    const { client, agent, request, prompted } = await inTurn();
    agent.askPermission('p', 's1', { toolCallId: 'a' });
    await agent.settled();
    agent.respond(request, { stopReason: 'end_turn' });
    await prompted;
    expect((await agent.answer('p')).result).toEqual(cancelled);
    expect(client.lastPermission().signal.aborted).toBe(true);
  });

  test('a handler that fails is reported, and the agent is answered', async () => {
    const errors: Error[] = [];
    const handlers = { requestPermission: () => Promise.reject(new Error('no screen')) };
    const { agent } = await TestClient.withSession({ handlers, onError: (error) => errors.push(error) });
    agent.askPermission('p', 's1', { toolCallId: 'a' });
    expect((await agent.answer('p')).result).toEqual(cancelled);
    expect(errors.map(({ message }) => message)).toEqual(['no screen']);
  });
});
