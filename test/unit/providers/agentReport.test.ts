import { describe, expect, it } from 'vitest';
import { reportLines, type AgentReport } from '../../../src/providers/agentReport.ts';

const nothing: AgentReport = {
  agent: null,
  protocolVersion: 1,
  capabilities: {
    loadSession: false,
    prompt: { image: false, audio: false, embeddedContext: false },
    mcp: { http: false, sse: false },
    session: {
      ...{ list: false, resume: false, close: false, delete: false },
      ...{ fork: false, additionalDirectories: false },
    },
    auth: { logout: false },
  },
  authMethods: [],
  signIn: { kind: 'needed', message: 'Authentication required' },
  options: [],
  startMs: 412,
  initializeMs: 1260,
};

describe('reportLines', () => {
  it('say so of an agent that tells nothing of itself', () => {
    expect(reportLines('Mine', nothing)).toEqual([
      'Mine: does not say its name and version',
      '  protocol version: 1',
      '  sign-in: needed: Authentication required',
      '  ways to sign in that it names: none',
      '  can: none',
      '  time to start: 0.4 s, to initialize: 1.3 s',
    ]);
  });

  it('have its name, what it can and what can be chosen', () => {
    const choice = (id: string) => ({ id, name: `Mode ${id}`, description: null, group: null });
    const texts = { description: null, category: null, origin: 'config' } as const;
    const lines = reportLines('Mine', {
      ...nothing,
      agent: { name: 'mine', title: 'Mine CLI', version: '1.2.3' },
      capabilities: { ...nothing.capabilities, loadSession: true, mcp: { http: true, sse: false } },
      signIn: { kind: 'ready' },
      options: [
        {
          ...texts,
          id: 'mode',
          name: 'Mode',
          type: 'select',
          currentValue: 'b',
          choices: [choice('a'), choice('b')],
        },
        { ...texts, id: 'loud', name: 'Aloud', type: 'boolean', currentValue: true, choices: [] },
      ],
    });
    expect(lines[0]).toBe('Mine: Mine CLI (mine) 1.2.3');
    expect(lines).toContain('  can: loadSession, mcp.http');
    expect(lines).toContain('  Mode: Mode a, Mode b (chosen)');
    expect(lines).toContain('  Aloud: on');
  });
});
