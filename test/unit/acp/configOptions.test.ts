import { describe, expect, test } from 'vitest';
import { TestClient } from './pipeAgent.ts';

const modes = {
  currentModeId: 'ask',
  availableModes: [
    { id: 'ask', name: 'Ask' },
    { id: 'auto', name: 'Auto' },
  ],
};
const models = { currentModelId: 'small', availableModels: [{ modelId: 'small' }, { modelId: 'big' }] };

function select(id: string, category: string | null, currentValue: string) {
  const options = [
    { value: currentValue, name: currentValue },
    { value: 'other', name: 'Other' },
  ];
  return { type: 'select', id, name: id, category, currentValue, options };
}

function withSetup(setup: object) {
  return TestClient.withSession({}, { setup });
}

/** What can be chosen, as `id=value by origin`. */
function optionsOf({ session }: Awaited<ReturnType<typeof withSetup>>): string[] {
  return session.state.options.map(({ id, currentValue, origin }) => `${id}=${currentValue} by ${origin}`);
}

describe('case 43: config options', () => {
  test('replace modes and models of the same category, and those alone', async () => {
    const configOptions = [select('chat-mode', 'mode', 'ask'), select('effort', 'thought_level', 'low')];
    const both = await withSetup({ modes, models, configOptions });
    expect(optionsOf(both)).toEqual([
      'chat-mode=ask by config',
      'effort=low by config',
      'model=small by model',
    ]);
    expect(both.session.state.option('mode')?.id).toBe('chat-mode');
    expect(both.session.state.option('thought_level')?.id).toBe('effort');
    expect(both.session.state.option('effort')?.id).toBe('effort');
    expect(both.session.state.option('colour')).toBeUndefined();
    const uncategorised = await withSetup({ modes, configOptions: [select('mode', null, 'ask')] });
    expect(optionsOf(uncategorised)).toEqual(['mode=ask by config']);
  });

  test('a choice is answered with all of them, complete', async () => {
    const run = await withSetup({ modes, configOptions: [select('chat-mode', 'mode', 'ask')] });
    const { session, agent, events } = run;
    const chosen = session.setOption('chat-mode', 'other');
    const request = await agent.request('session/set_config_option');
    expect(request.params).toEqual({ sessionId: 's1', configId: 'chat-mode', value: 'other' });
    agent.respond(request, {
      configOptions: [select('chat-mode', 'mode', 'other'), select('new', null, 'x')],
    });
    await chosen;
    expect(optionsOf(run)).toEqual(['chat-mode=other by config', 'new=x by config']);
    expect(events).toMatchObject([{ type: 'config_options', options: [{ id: 'chat-mode' }, { id: 'new' }] }]);
  });

  test('an answer that says nothing still counts', async () => {
    const run = await withSetup({ configOptions: [select('effort', 'thought_level', 'low')] });
    const chosen = run.session.setOption('effort', 'other');
    run.agent.respond(await run.agent.request('session/set_config_option'), null);
    await chosen;
    expect(optionsOf(run)).toEqual(['effort=other by config']);
  });

  test('a boolean is sent as one', async () => {
    const option = { type: 'boolean', id: 'fast', name: 'Fast', currentValue: false };
    const run = await withSetup({ configOptions: [option] });
    const chosen = run.session.setOption('fast', true);
    const request = await run.agent.request('session/set_config_option');
    expect(request.params).toEqual({ sessionId: 's1', configId: 'fast', type: 'boolean', value: true });
    run.agent.respond(request, { configOptions: [{ ...option, currentValue: true }] });
    await chosen;
    expect(run.session.state.option('fast')).toMatchObject({ type: 'boolean', currentValue: true });
  });

  test('updates change what stands; a mode’s also changes its option', async () => {
    const run = await withSetup({ configOptions: [select('chat-mode', 'mode', 'ask')] });
    run.agent.update('s1', { sessionUpdate: 'current_mode_update', currentModeId: 'other' });
    await run.agent.settled();
    expect(optionsOf(run)).toEqual(['chat-mode=other by config']);
    const configOptions = [select('chat-mode', 'mode', 'third')];
    run.agent.update('s1', { sessionUpdate: 'config_option_update', configOptions });
    await run.agent.settled();
    expect(optionsOf(run)).toEqual(['chat-mode=third by config']);
    expect(run.events.map(({ type }) => type)).toEqual(['mode', 'config_options']);
  });

  test('what is refused changes nothing', async () => {
    const run = await withSetup({ configOptions: [select('effort', null, 'low')] });
    const chosen = run.session.setOption('effort', 'impossible');
    run.agent.fail(await run.agent.request('session/set_config_option'), -32602, 'No such value');
    await expect(chosen).rejects.toMatchObject({ reason: 'agent-error', message: 'No such value' });
    await expect(run.session.setOption('colour', 'red')).rejects.toMatchObject({ reason: 'not-supported' });
    expect(optionsOf(run)).toEqual(['effort=low by config']);
    expect(run.events).toEqual([]);
  });

  test('options that come before the answer to session/load are newer than it', async () => {
    const client = new TestClient();
    await client.initialize({ protocolVersion: 1, agentCapabilities: { loadSession: true } });
    const opened = client.connection.loadSession('old', {
      cwd: '/work',
      mcpServers: [],
      onEvent: () => undefined,
    });
    const request = await client.agent.request('session/load');
    const configOptions = [select('effort', null, 'high')];
    client.agent.update('old', { sessionUpdate: 'config_option_update', configOptions });
    client.agent.respond(request, { configOptions: [select('effort', null, 'low')] });
    expect((await opened).state.option('effort')?.currentValue).toBe('high');
  });
});

describe('case 44: the older ways to choose', () => {
  test.each([
    ['mode', 'auto', 'session/set_mode', { modeId: 'auto' }],
    ['model', 'big', 'session/set_model', { modelId: 'big' }],
  ])('%s', async (id, value, method, params) => {
    const run = await withSetup({ modes, models });
    expect(optionsOf(run)).toEqual(['mode=ask by mode', 'model=small by model']);
    expect(run.session.state.option(id)?.choices).toHaveLength(2);
    const chosen = run.session.setOption(id, value);
    const request = await run.agent.request(method);
    expect(request.params).toEqual({ sessionId: 's1', ...params });
    run.agent.respond(request, id === 'mode' ? {} : null);
    await chosen;
    expect(run.session.state.option(id)?.currentValue).toBe(value);
    expect(run.events).toMatchObject([{ type: 'config_options' }]);
  });

  test('an agent that changes its mode by itself', async () => {
    const run = await withSetup({ modes });
    run.agent.update('s1', { sessionUpdate: 'current_mode_update', currentModeId: 'auto' });
    await run.agent.settled();
    expect(optionsOf(run)).toEqual(['mode=auto by mode']);
    expect(run.events).toMatchObject([{ type: 'mode', modeId: 'auto' }]);
  });
});

describe('what else is known of a session', () => {
  test('commands, usage and title stand as they were last said', async () => {
    const { session, agent } = await TestClient.withSession();
    const commands = (name: string) => ({
      sessionUpdate: 'available_commands_update',
      availableCommands: [{ name, description: 'D', input: { hint: 'what' } }],
    });
    agent.update('s1', commands('old'));
    agent.update('s1', commands('plan'));
    agent.update('s1', {
      sessionUpdate: 'usage_update',
      used: 5,
      size: 10,
      cost: { amount: 1, currency: 'EUR' },
    });
    agent.update('s1', {
      sessionUpdate: 'session_info_update',
      title: 'T',
      updatedAt: '2026-01-01T00:00:00Z',
    });
    agent.update('s1', { sessionUpdate: 'session_info_update', updatedAt: null });
    await agent.settled();
    expect(session.state.commands).toEqual([{ name: 'plan', description: 'D', hint: 'what' }]);
    expect(session.state.usage).toEqual({ used: 5, size: 10, cost: { amount: 1, currency: 'EUR' } });
    expect(session.state).toMatchObject({ title: 'T', updatedAt: null });
  });

  test('a compaction is one thing, however many updates it takes', async () => {
    const { session, agent, events } = await TestClient.withSession();
    const text = (value: string) => ({ type: 'text', text: value });
    const send = (sessionUpdate: string, fields: object) => {
      agent.update('s1', { sessionUpdate, compactionId: 'c', ...fields });
    };
    send('compaction_summary_chunk', { content: text('a') });
    send('compaction_summary_chunk', { content: text('b') });
    await agent.settled();
    expect(session.state.compaction('c')).toEqual({
      id: 'c',
      status: 'in_progress',
      summary: [text('a'), text('b')],
      error: null,
    });
    send('compaction_update', { status: 'failed', error: 'No room' });
    await agent.settled();
    expect(session.state.compaction('c')).toMatchObject({ status: 'failed', error: 'No room' });
    expect(session.state.compaction('c')?.summary).toHaveLength(2);
    send('compaction_update', { status: 'completed', summary: [text('c')], error: null });
    await agent.settled();
    expect(session.state.compaction('c')).toMatchObject({
      status: 'completed',
      summary: [text('c')],
      error: null,
    });
    send('compaction_update', { status: 'cancelled', summary: null });
    await agent.settled();
    expect(session.state.compaction('c')?.summary).toEqual([]);
    expect(events.map(({ type }) => type)).toEqual(Array(5).fill('compaction'));
  });
});
