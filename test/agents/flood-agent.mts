// An agent that answers a prompt with as many updates as it can, as fast as its client takes them. Made by hand and
// beforehand: a flood is to measure its client.
// usage: node flood-agent.mts <number of updates> [mixed]
//
//   mixed   every tenth is an update of a tool call, as in a real turn; otherwise all are numbered chunks of one message
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const count = Number(process.argv[2]);
const mixed = process.argv[3] === 'mixed';
const sessionId = 'flood';
const linesPerWrite = 200;

function line(message: object): string {
  return `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`;
}

function update(index: number): object {
  if (mixed && index % 10 === 9) {
    const content = [{ type: 'content', content: { type: 'text', text: `line ${index} of the output` } }];
    return {
      sessionUpdate: 'tool_call_update',
      toolCallId: `call-${index % 50}`,
      status: 'in_progress',
      content,
    };
  }
  const text = mixed ? `word ${index} of the answer. ` : String(index);
  return { sessionUpdate: 'agent_message_chunk', messageId: 'm1', content: { type: 'text', text } };
}

const writes: string[] = [];
for (let start = 0; start < count; start += linesPerWrite) {
  const length = Math.min(linesPerWrite, count - start);
  const lines = Array.from({ length }, (_, offset) =>
    line({ method: 'session/update', params: { sessionId, update: update(start + offset) } }),
  );
  writes.push(lines.join(''));
}

for await (const text of createInterface({ input: process.stdin })) {
  const { id, method } = JSON.parse(text) as { id?: unknown; method?: string };
  if (method === 'initialize')
    process.stdout.write(line({ id, result: { protocolVersion: 1, agentCapabilities: {} } }));
  if (method === 'session/new') process.stdout.write(line({ id, result: { sessionId } }));
  if (method !== 'session/prompt') continue;
  for (const lines of writes) if (!process.stdout.write(lines)) await once(process.stdout, 'drain');
  process.stdout.write(line({ id, result: { stopReason: 'end_turn' } }));
}
