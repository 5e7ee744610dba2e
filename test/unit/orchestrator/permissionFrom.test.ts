import { describe, expect, test } from 'vitest';
import type { PermissionRequest, ToolCall } from '../../../src/acp/types.ts';
import { permissionFrom } from '../../../src/orchestrator/recordSession.ts';

const run = { id: 'run', taskId: 'task' };

function request(toolCall: Partial<ToolCall>): PermissionRequest {
  return {
    id: '1',
    sessionId: 's',
    options: [],
    raw: null,
    toolCall: {
      id: 'call',
      title: 'touch made',
      name: null,
      kind: 'execute',
      status: 'pending',
      content: [],
      locations: [],
      rawInput: null,
      rawOutput: null,
      ...toolCall,
    },
  };
}

describe('the command that an agent asks to run', () => {
  test('is in the input of its tool, as a text or in words', () => {
    expect(permissionFrom(request({ rawInput: { command: 'ls -l' } }), run).command).toBe('ls -l');
    expect(permissionFrom(request({ rawInput: { command: ['ls', '-l'] } }), run).command).toBe('ls -l');
  });

  test('is the title of agents that say it nowhere else, and of no others', () => {
    expect(permissionFrom(request({}), run, { commandIsTitle: true }).command).toBe('touch made');
    expect(permissionFrom(request({}), run).command).toBeNull();
    expect(permissionFrom(request({ kind: 'edit' }), run, { commandIsTitle: true }).command).toBeNull();
    const told = request({ rawInput: { command: 'ls' } });
    expect(permissionFrom(told, run, { commandIsTitle: true }).command).toBe('ls');
  });
});
