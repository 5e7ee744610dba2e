import { describe, expect, test } from 'vitest';
import { decodeInitialize, decodeProtocolVersion } from '../../../src/acp/v1/decodeAgent.ts';
import { decodePermission } from '../../../src/acp/v1/decodeRequests.ts';
import { decodeSessionPage, decodeSessionSetup } from '../../../src/acp/v1/decodeSession.ts';

describe('what an agent says of itself', () => {
  test('case 19: without agentCapabilities all is off', () => {
    const off = decodeInitialize({ protocolVersion: 1 }, 1);
    expect(JSON.stringify(off.capabilities)).not.toContain('true');
    expect(off).toMatchObject({ authMethods: [], agentInfo: null });
    for (const result of [null, {}, { agentCapabilities: null, authMethods: null, agentInfo: null }]) {
      expect(decodeInitialize(result, 1)).toEqual(off);
    }
  });

  test('what is advertised is on', () => {
    const result = {
      agentCapabilities: {
        loadSession: true,
        promptCapabilities: { image: true },
        mcpCapabilities: { http: true, sse: null },
        sessionCapabilities: { resume: {}, list: null },
      },
      authMethods: [
        { id: 'login', name: 'Log in', type: 'terminal', args: ['login'], env: { A: 'b', C: 1 } },
        null,
      ],
      agentInfo: { name: 'agent', version: '1.2.3' },
    };
    expect(decodeInitialize(result, 1)).toEqual({
      protocolVersion: 1,
      capabilities: {
        loadSession: true,
        prompt: { image: true, audio: false, embeddedContext: false },
        mcp: { http: true, sse: false },
        session: {
          list: false,
          resume: true,
          close: false,
          delete: false,
          fork: false,
          additionalDirectories: false,
        },
        auth: { logout: false },
      },
      authMethods: [
        {
          id: 'login',
          name: 'Log in',
          description: null,
          type: 'terminal',
          args: ['login'],
          env: { A: 'b' },
          command: null,
        },
      ],
      agentInfo: { name: 'agent', title: null, version: '1.2.3' },
    });
  });

  test('case 18: the version, however it is written', () => {
    expect(
      [1, '1', null, undefined].map((version) => decodeProtocolVersion({ protocolVersion: version }, 1)),
    ).toEqual([1, 1, 1, 1]);
    expect(
      [2, 0, '2025-01-01', {}].map((version) => decodeProtocolVersion({ protocolVersion: version }, 1)),
    ).toEqual([2, 0, '2025-01-01', 'object']);
  });

  test('case 20: what opens a session may answer null', () => {
    const nothing = { configOptions: [], olderOptions: [] };
    expect(decodeSessionSetup(null)).toEqual(nothing);
    expect(decodeSessionSetup({ sessionId: 's', modes: null, configOptions: null, status: 'ready' })).toEqual(
      nothing,
    );
  });

  test('case 29: options keep their order and their duplicates', () => {
    const options = [
      { optionId: 'cancel', name: 'No', kind: 'reject_once' },
      { optionId: 'a', name: 'Always here', kind: 'allow_always' },
      { optionId: 'b', name: 'Always', kind: 'allow_always' },
      { optionId: 'c', kind: 'allow_on_sundays' },
      { name: 'Without an id', kind: 'allow_once' },
    ];
    expect(decodePermission({ toolCall: { toolCallId: 'c1' }, options }).options).toEqual([
      ...options.slice(0, 3),
      { optionId: 'c', name: 'c', kind: 'unknown' },
    ]);
  });

  test.each([
    [{ id: 'a' }, { type: 'agent', name: 'a', description: null }],
    [
      { id: 'a', name: 'A', type: 'agent', description: 'By browser' },
      { type: 'agent', description: 'By browser' },
    ],
    [
      {
        id: 'k',
        name: 'Key',
        type: 'env_var',
        vars: [
          { name: 'API_KEY' },
          { name: 'ORG', label: 'Organisation', secret: false, optional: true },
          { label: 'nameless' },
        ],
        link: 'https://example.com/keys',
      },
      {
        type: 'env_var',
        variables: [
          { name: 'API_KEY', label: 'API_KEY', secret: true, optional: false },
          { name: 'ORG', label: 'Organisation', secret: false, optional: true },
        ],
        link: 'https://example.com/keys',
      },
    ],
    [
      { id: 'k', type: 'env_var', varName: 'API_KEY' },
      {
        type: 'env_var',
        variables: [{ name: 'API_KEY', label: 'API_KEY', secret: true, optional: false }],
        link: null,
      },
    ],
    [
      { id: 'k', type: 'env_var' },
      { type: 'env_var', variables: [] },
    ],
    [
      { id: 't', type: 'terminal' },
      { type: 'terminal', args: [], env: {}, command: null },
    ],
    [
      {
        id: 'old',
        name: 'Old',
        _meta: { 'terminal-auth': { command: '/bin/agent', args: ['auth', 'login'], env: { A: 'b' } } },
      },
      { type: 'terminal', args: ['auth', 'login'], env: { A: 'b' }, command: '/bin/agent' },
    ],
    [
      {
        id: 'both',
        type: 'terminal',
        args: ['--login'],
        _meta: { 'terminal-auth': { command: '/host/only' } },
      },
      { type: 'terminal', args: ['--login'], env: {}, command: null },
    ],
    [
      { id: 'q', type: 'quantum' },
      { type: 'unknown', raw: { id: 'q', type: 'quantum' } },
    ],
  ])('case 26: the way to sign in %j', (method, expected) => {
    const { authMethods } = decodeInitialize({ authMethods: [method] }, 1);
    expect(authMethods).toMatchObject([{ id: method.id, ...expected }]);
  });

  test('case 43 and 44: older modes and models are options like any other', () => {
    const setup = decodeSessionSetup({
      modes: {
        currentModeId: 'https://agent.example/modes#code',
        availableModes: [{ id: 'ask', name: 'Ask' }],
      },
      models: {
        currentModelId: 'small',
        availableModels: [{ modelId: 'small', name: 'Small', description: 'Fast' }, {}],
      },
    });
    expect(setup.configOptions).toEqual([]);
    expect(setup.olderOptions).toEqual([
      {
        id: 'mode',
        name: 'Mode',
        description: null,
        category: 'mode',
        type: 'select',
        currentValue: 'https://agent.example/modes#code',
        choices: [{ id: 'ask', name: 'Ask', description: null, group: null }],
        origin: 'mode',
      },
      {
        id: 'model',
        name: 'Model',
        description: null,
        category: 'model',
        type: 'select',
        currentValue: 'small',
        choices: [{ id: 'small', name: 'Small', description: 'Fast', group: null }],
        origin: 'model',
      },
    ]);
    expect(decodeSessionSetup({ modes: {}, models: { currentModelId: 7 } }).olderOptions).toEqual([]);
  });

  test('case 46: a page of sessions', () => {
    const sessions = [
      {
        sessionId: 'a',
        cwd: '/a',
        title: 'A',
        updatedAt: '2026-01-01T00:00:00Z',
        additionalDirectories: ['/b'],
      },
      { sessionId: 'b' },
      { cwd: '/without-an-id' },
    ];
    expect(decodeSessionPage({ sessions, nextCursor: 'next' })).toEqual({
      sessions: [
        { id: 'a', cwd: '/a', title: 'A', updatedAt: '2026-01-01T00:00:00Z', additionalDirectories: ['/b'] },
        { id: 'b', cwd: '', title: null, updatedAt: null, additionalDirectories: [] },
      ],
      nextCursor: 'next',
    });
    expect(decodeSessionPage(null)).toEqual({ sessions: [], nextCursor: null });
  });
});
