/** An agent that repeats the secret in TEST_TOKEN in every way that the protocol has, and then fails with it. */
import { createInterface } from 'node:readline';

const secret = process.env.TEST_TOKEN ?? '';
const encoded = Buffer.from(`ann:${secret}`).toString('base64');

function send(message: object): void {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
}

function update(fields: object): void {
  send({ method: 'session/update', params: { sessionId: 's', update: fields } });
}

function chunk(text: string, sessionUpdate = 'agent_message_chunk'): void {
  update({ sessionUpdate, content: { type: 'text', text } });
}

function leak(): void {
  chunk(`It is ${secret}. `);
  chunk(`As a header: Basic ${encoded}. `);
  for (const letter of secret) chunk(letter);
  chunk('. In two: ');
  chunk(secret.slice(0, 7));
  chunk(secret.slice(7));
  chunk(`I saw ${secret}`, 'agent_thought_chunk');
  process.stderr.write(`stderr says ${secret}\n`);
  process.stdout.write(`noise says ${secret}\n`);
  update({ sessionUpdate: 'plan', entries: [{ content: secret, priority: 'high', status: 'pending' }] });
  const diff = { type: 'diff', path: '/x/a.txt', oldText: secret, newText: `${secret}!` };
  const toolCall = {
    toolCallId: 't',
    title: `cat ${secret}`,
    kind: 'execute',
    status: 'completed',
    rawInput: { command: `echo ${secret}` },
    rawOutput: { nested: JSON.stringify({ secret }) },
    content: [diff, { type: 'content', content: { type: 'text', text: secret } }],
  };
  update({ sessionUpdate: 'tool_call', ...toolCall });
  update({ sessionUpdate: 'from_the_future', secret });
  const options = [{ optionId: `yes-${secret}`, name: `Yes, ${secret}`, kind: 'allow_once' }];
  send({ id: 'p', method: 'session/request_permission', params: { sessionId: 's', toolCall, options } });
}

let prompt: unknown = null;
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, result } = JSON.parse(line) as {
    id?: unknown;
    method?: string;
    result?: { outcome: { optionId?: string } };
  };
  if (method === 'initialize') {
    send({ id, result: { protocolVersion: 1, agentCapabilities: {}, authMethods: [] } });
  } else if (method === 'session/new') send({ id, result: { sessionId: 's' } });
  else if (method === 'session/prompt') {
    prompt = id;
    leak();
  } else if (id === 'p') {
    const answered = result?.outcome.optionId === `yes-${secret}`;
    const message = answered ? `refused with ${secret}` : 'the answer is not the one that was offered';
    send({ id: prompt, error: { code: -32603, message, data: { details: secret } } });
  }
});
