import { PassThrough, Readable, Writable } from 'node:stream';
import { agent as sdkAgent, ndJsonStream } from '@agentclientprotocol/sdk';
import type { RequestPermissionRequest } from '@agentclientprotocol/sdk';
import { expect, test } from 'vitest';
import { openConnection } from '../../../src/acp/connection.ts';
import type { AcpConnection } from '../../../src/acp/connection.ts';
import type { PermissionOutcome } from '../../../src/acp/types.ts';
import { recordEvents, textOf, textPrompt } from './pipeAgent.ts';

const sessionId = 'sdk-session';

/** Connects our client to an agent made with the SDK, whose validators also judge what we send. */
function connectToSdkAgent(answer: PermissionOutcome): AcpConnection {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  let cancelled: () => void = () => undefined;
  const app = sdkAgent({ name: 'sdk' })
    .onRequest('initialize', () => ({ protocolVersion: 1, agentCapabilities: { loadSession: true } }))
    .onRequest('session/new', () => ({ sessionId }))
    .onRequest('session/load', () => ({}))
    .onNotification('session/cancel', () => {
      cancelled();
    })
    .onRequest('session/prompt', async ({ params, client }) => {
      const [block] = params.prompt;
      if (block?.type === 'text' && block.text === 'wait') {
        const untilCancelled = new Promise<void>((resolve) => (cancelled = resolve));
        await client.notify('session/update', { sessionId, update: { sessionUpdate: 'plan', entries: [] } });
        await untilCancelled;
        return { stopReason: 'cancelled' };
      }
      const toolCall = { toolCallId: 'c1', title: 'Write a.txt', kind: 'edit' } as const;
      const options = [{ optionId: 'yes', name: 'Yes', kind: 'allow_once' } as const];
      const request: RequestPermissionRequest = { sessionId, toolCall, options };
      const { outcome } = await client.request('session/request_permission', request);
      const content = { type: 'text', text: JSON.stringify(outcome) } as const;
      const update = { sessionUpdate: 'agent_message_chunk', content } as const;
      await client.notify('session/update', { sessionId, update });
      return { stopReason: 'end_turn' };
    });
  const agent = app.connect(
    ndJsonStream(Writable.toWeb(stdout), Readable.toWeb(stdin) as ReadableStream<Uint8Array>),
  );
  const connection = openConnection({
    stdin,
    stdout,
    clientInfo: { name: 'test', title: 'Test', version: '1.0.0' },
    handlers: { requestPermission: () => Promise.resolve(answer) },
  });
  void connection.closed.then(() => {
    agent.close();
  });
  return connection;
}

test.each<PermissionOutcome>([{ outcome: 'selected', optionId: 'yes' }, { outcome: 'cancelled' }])(
  'a turn with an agent of the SDK, permission %j',
  async (answer) => {
    const connection = connectToSdkAgent(answer);
    const { capabilities } = await connection.initialize();
    expect(capabilities.loadSession).toBe(true);
    const session = await connection.newSession({ cwd: '/work', mcpServers: [] });
    const events = recordEvents(session);
    await expect(session.prompt(textPrompt)).resolves.toEqual({ stopReason: 'end_turn', hadOutput: true });
    expect(JSON.parse(textOf(events))).toEqual(answer);
    connection.dispose();
  },
);

test('load and cancel with an agent of the SDK', async () => {
  const connection = connectToSdkAgent({ outcome: 'cancelled' });
  await connection.initialize();
  const session = await connection.loadSession(sessionId, { cwd: '/work', mcpServers: [] });
  const atWork = new Promise((resolve) => session.onEvent(resolve));
  const prompted = session.prompt([{ type: 'text', text: 'wait' }]);
  await atWork;
  await session.cancel();
  await expect(prompted).resolves.toMatchObject({ stopReason: 'cancelled' });
  connection.dispose();
});
