// An agent that says what no SDK would: older dialects, broken framing, sudden death. Without dependencies.
// usage: node raw-agent.mts <behaviour>
//
//   polite        answers everything; a prompt gets one message and end_turn
//   silent        reads, and never answers
//   not-found     exits with 127 at once, as a shell does for a missing command
//   crash         in mid-prompt: half a line, a word on stderr, exit code 3
//   last-words    in mid-prompt: 500 updates, the last without a line end, then exit code 0
//   exit-on-cancel  ends only when it is cancelled, by exiting with 0
//   split         a message cut inside a character, noise around it, CRLF, two messages in one write
//   legacy        updates as `params.content[]`, the end of the turn as `stopReason` in an update
//   wrapper       no JSON-RPC after the prompt but an event stream
import { createInterface } from 'node:readline';
import { setImmediate as nextTick } from 'node:timers/promises';

const behaviour = process.argv[2] ?? 'polite';
const sessionId = 'raw-session';

function line(message: object): string {
  return `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`;
}

function write(text: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(text, () => {
      resolve();
    });
  });
}

function chunk(text: string): object {
  const content = { type: 'text', text };
  const update = { sessionUpdate: 'agent_message_chunk', content };
  return { method: 'session/update', params: { sessionId, update } };
}

async function polite(id: unknown): Promise<void> {
  await write(line(chunk('Hello.')) + line({ id, result: { stopReason: 'end_turn' } }));
}

const prompts: Record<string, (id: unknown) => Promise<void>> = {
  async crash() {
    await write(line(chunk('Starting')) + '{"jsonrpc":"2.0","meth');
    process.stderr.write('Segmentation fault, as it were\n', () => process.exit(3));
  },
  async 'last-words'() {
    const words = Array.from({ length: 500 }, (_, index) => line(chunk(`${index} `)));
    await write(words.join('').trimEnd());
    process.exit(0);
  },
  async 'exit-on-cancel'() {
    await write(line(chunk('Working')));
  },
  async split(id) {
    const bytes = Buffer.from(line(chunk('naïve 🎉 done')));
    const middle = bytes.indexOf(Buffer.from('🎉')) + 2;
    await write('Downloading model… 100%\r\n');
    await write(bytes.subarray(0, middle));
    await nextTick();
    await write(bytes.subarray(middle));
    const answer = line({ id, result: { stopReason: 'end_turn' } }).trimEnd();
    await write(`\r\n5\nnull\n[1,2]\n${line(chunk('!')).trimEnd()}\r\n${answer}\r\n`);
  },
  async legacy(id) {
    const content = [
      { type: 'text', text: 'one ' },
      { type: 'text', text: 'two' },
    ];
    await write(line({ method: 'session/update', params: { sessionId, content, stopReason: null } }));
    await write(
      line({ method: 'session/update', params: { sessionId, content: [], stopReason: 'end_turn' } }),
    );
    await write(line({ id, result: { stopReason: 'max_tokens' } }));
  },
  async wrapper() {
    const events = [
      { type: 'heartbeat', data: {} },
      { type: 'progress', data: { progress: 50, message: 'Halfway' } },
      { type: 'log', data: { level: 'warning', message: 'Careful' } },
      { type: 'error', data: { error: 'A tool failed' } },
      { type: 'result', data: { status: 'success', summary: 'All done', artifacts: ['a.txt'] } },
    ];
    const envelope = { timestamp: '2026-01-01T00:00:00Z', agent_id: 'agent', task_id: 'task' };
    for (const event of events) await write(`${JSON.stringify({ ...event, ...envelope })}\n`);
  },
};

async function handle({ id, method }: { id?: unknown; method?: string }): Promise<void> {
  switch (method) {
    case 'initialize':
      return write(line({ id, result: { protocolVersion: 1 } }));
    case 'session/new':
      return write(line({ id, result: { sessionId, status: 'ready' } }));
    case 'session/prompt':
      return (prompts[behaviour] ?? polite)(id);
    case 'session/cancel':
      if (behaviour === 'exit-on-cancel') process.exit(0);
  }
}

if (behaviour === 'not-found') {
  process.stderr.write('sh: 1: some-agent: not found\n', () => process.exit(127));
} else {
  for await (const text of createInterface({ input: process.stdin })) {
    if (behaviour !== 'silent') await handle(JSON.parse(text) as { id?: unknown; method?: string });
  }
}
