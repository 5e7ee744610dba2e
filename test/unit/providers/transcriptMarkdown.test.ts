import { expect, it } from 'vitest';
import type { TranscriptEntry } from '../../../src/model/transcript.ts';
import { transcriptMarkdown } from '../../../src/providers/transcriptMarkdown.ts';

it('tells of the pictures of a message, and of a message that is pictures alone', () => {
  const entry = (seq: number, text: string, data: unknown): TranscriptEntry => ({
    seq,
    runId: 'run',
    taskId: 'task',
    turn: 1,
    kind: 'user',
    key: null,
    text,
    data: data === null ? null : JSON.stringify(data),
    at: 0,
  });
  const picture = { id: '0'.repeat(40), name: 'shot.png', mimeType: 'image/png', bytes: 120_000 };
  const entries = [entry(1, 'Look at this', { pictures: [picture] }), entry(2, '', { pictures: [picture] })];
  const told = transcriptMarkdown({ title: 'Card' }, [{ run: { createdAt: 0 }, agentName: 'Demo', entries }]);
  expect(told).toBe(`# Card

## Run 1: Demo, 1970-01-01 00:00

### You

Look at this

*Picture: shot.png (image/png, 117 KB)*

### You

*Picture: shot.png (image/png, 117 KB)*
`);
});
