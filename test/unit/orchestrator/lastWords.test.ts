import { describe, expect, test } from 'vitest';
import type { SessionEvent } from '../../../src/acp/types.ts';
import { LastWords } from '../../../src/orchestrator/lastWords.ts';

function message(text: string, messageId: string | null = null): SessionEvent {
  const content = { type: 'text', text } as const;
  return {
    type: 'message',
    role: 'agent',
    text,
    content,
    messageId,
    turn: { open: true, replayed: false },
  } as never;
}

const usage = { type: 'usage', used: 1, size: 2, cost: null } as SessionEvent;
const tool = { type: 'tool_call', created: true, toolCall: {} } as SessionEvent;

function lastOf(...events: SessionEvent[]): string {
  const words = new LastWords();
  for (const event of events) words.note(event);
  return words.take();
}

describe('the last words of a turn', () => {
  test('are all pieces of its last message', () => {
    expect(lastOf(message('Error: '), message('no credit'))).toBe('Error: no credit');
    expect(lastOf(message('One', 'a'), message('Er', 'b'), usage, message('ror', 'b'))).toBe('Error');
  });

  test('are not those before something else, where messages have no ids', () => {
    expect(lastOf(message('Info: again'), usage, message('Error: no'))).toBe('Error: no');
  });

  test('are none when something was done after them', () => {
    expect(lastOf(message('Error: found it'), tool)).toBe('');
  });

  test('are of one turn', () => {
    const words = new LastWords();
    words.note(message('Error: no'));
    expect(words.take()).toBe('Error: no');
    expect(words.take()).toBe('');
  });
});
