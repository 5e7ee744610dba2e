/** Messages as agents send them, for tests that change them. */

/** One example of each update of version 1, by its name. */
export const exampleUpdates = {
  user_message_chunk: { content: { type: 'text', text: 'Hi' } },
  agent_message_chunk: { content: { type: 'text', text: 'Hello' }, messageId: 'm1' },
  agent_thought_chunk: { content: { type: 'text', text: 'Hm' } },
  tool_call: {
    toolCallId: 'c1',
    title: 'Edit a.txt',
    kind: 'edit',
    status: 'pending',
    content: [{ type: 'diff', path: '/a.txt', oldText: null, newText: 'a' }],
    locations: [{ path: '/a.txt', line: 3 }],
    rawInput: { path: '/a.txt' },
  },
  tool_call_update: { toolCallId: 'c1', status: 'completed', rawOutput: 'ok' },
  plan: { entries: [{ content: 'Look', priority: 'high', status: 'pending' }] },
  available_commands_update: {
    availableCommands: [{ name: 'plan', description: 'Makes a plan', input: { hint: 'for what' } }],
  },
  current_mode_update: { currentModeId: 'https://agent.example/modes#code' },
  config_option_update: {
    configOptions: [
      {
        id: 'model',
        name: 'Model',
        category: 'model',
        type: 'select',
        currentValue: 'big',
        options: [{ group: 'g', name: 'Group', options: [{ value: 'big', name: 'Big' }] }],
      },
      { id: 'fast', name: 'Fast', type: 'boolean', currentValue: true },
    ],
  },
  session_info_update: { title: 'A title', updatedAt: null },
  usage_update: { used: 10, size: 200, cost: { amount: 0.5, currency: 'USD' } },
  notice: { severity: 'warning', title: 'Slow', description: null },
  compaction_update: {
    compactionId: 'x',
    status: 'completed',
    summary: [{ type: 'text', text: 'Old' }],
    error: null,
  },
  compaction_summary_chunk: { compactionId: 'x', content: { type: 'text', text: 'Short' } },
};

/** A conversation: each of these updates, requests of the agent, and answers to ours. */
export const transcript: readonly object[] = [
  ...Object.entries(exampleUpdates).map(([sessionUpdate, fields]) => ({
    jsonrpc: '2.0',
    method: 'session/update',
    params: { sessionId: 's', update: { sessionUpdate, ...fields } },
  })),
  {
    jsonrpc: '2.0',
    id: 1,
    method: 'session/request_permission',
    params: {
      sessionId: 's',
      toolCall: exampleUpdates.tool_call,
      options: [{ optionId: 'a', name: 'A', kind: 'allow_once' }],
    },
  },
  {
    jsonrpc: '2.0',
    id: 2,
    method: 'fs/read_text_file',
    params: { sessionId: 's', path: '/a', line: 2, limit: 3 },
  },
  {
    jsonrpc: '2.0',
    id: 3,
    method: 'fs/write_text_file',
    params: { sessionId: 's', path: '/a', content: 'x' },
  },
  {
    jsonrpc: '2.0',
    id: 4,
    method: 'terminal/create',
    params: {
      sessionId: 's',
      command: 'npm',
      args: ['test'],
      env: [{ name: 'CI', value: '1' }],
      cwd: '/a',
      outputByteLimit: 1000,
    },
  },
  {
    jsonrpc: '2.0',
    id: 5,
    method: 'elicitation/create',
    params: {
      sessionId: 's',
      mode: 'form',
      message: 'Which?',
      requestedSchema: {
        type: 'object',
        properties: {
          colour: { type: 'string', enum: ['red', 'blue'] },
          count: { type: 'integer', minimum: 1, default: 3 },
          sizes: { type: 'array', items: { anyOf: [{ const: 's', title: 'Small' }] } },
        },
        required: ['colour'],
      },
    },
  },
  {
    jsonrpc: '2.0',
    id: 0,
    result: {
      protocolVersion: 1,
      agentCapabilities: { loadSession: true, sessionCapabilities: { list: {} } },
      authMethods: [
        { id: 'x', name: 'X' },
        { id: 'y', name: 'Y', type: 'terminal', args: ['login'], env: { A: 'b' } },
        { id: 'z', name: 'Z', type: 'env_var', vars: [{ name: 'KEY' }] },
      ],
    },
  },
  {
    jsonrpc: '2.0',
    id: 1,
    result: {
      sessionId: 's',
      modes: { currentModeId: 'a', availableModes: [{ id: 'a', name: 'A' }] },
      models: { currentModelId: 'm', availableModels: [{ modelId: 'm', name: 'M' }] },
      configOptions: exampleUpdates.config_option_update.configOptions,
    },
  },
  { jsonrpc: '2.0', id: 2, result: { sessions: [{ sessionId: 's', cwd: '/a' }], nextCursor: 'n' } },
  { jsonrpc: '2.0', id: 3, result: { stopReason: 'end_turn' } },
  { jsonrpc: '2.0', id: 0, error: { code: -32000, message: 'Sign in', data: {} } },
  { jsonrpc: '2.0', method: '$/cancel_request', params: { requestId: 1 } },
  { jsonrpc: '2.0', method: 'elicitation/complete', params: { elicitationId: 'e' } },
  {
    jsonrpc: '2.0',
    method: 'session/update',
    params: { sessionId: 's', content: [{ type: 'text', text: 'a' }] },
  },
  { type: 'result', task_id: 't', data: { status: 'success', summary: 'Done', artifacts: ['a'] } },
];
