/** The protocol's own schema against what the client knows, method by method. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { ClientHandlers } from '../../../src/acp/clientHandlers.ts';
import { asObject } from '../../../src/acp/json.ts';
import { TestClient, textPrompt } from './pipeAgent.ts';

/** The methods of one side in the schema of version 1, requests or notifications. */
function schemaMethods(side: string, kind: 'Request' | 'Notification'): string[] {
  const entry = fileURLToPath(import.meta.resolve('@agentclientprotocol/sdk'));
  const schema = asObject(
    JSON.parse(readFileSync(join(dirname(entry), '../../../schema/v1/schema.json'), 'utf8')),
  );
  const methods = Object.entries(asObject(schema.$defs)).flatMap(([name, definition]) => {
    const { 'x-side': of, 'x-method': method } = asObject(definition);
    return of === side && typeof method === 'string' && name.endsWith(kind) ? method : [];
  });
  expect(methods.length).toBeGreaterThan(0);
  return methods.sort();
}

const handlers: ClientHandlers = {
  requestPermission: () => Promise.resolve({ outcome: 'cancelled' }),
  files: { readTextFile: () => Promise.resolve(''), writeTextFile: () => Promise.resolve() },
  terminals: { start: () => Promise.reject(new Error('none here')) },
  elicitation: { form: () => Promise.resolve({ action: 'decline' }) },
};

test('every request of the schema that an agent may make is known', async () => {
  const { agent } = await TestClient.withSession({ handlers });
  for (const method of schemaMethods('client', 'Request')) {
    expect([method, (await agent.ask(method, {})).error?.code]).not.toEqual([method, -32601]);
  }
});

test('every notification of the schema that an agent may send is known', async () => {
  const heard: string[] = [];
  const { agent, session } = await TestClient.withSession({
    handlers: { ...handlers, elicitation: { completed: () => heard.push('elicitation/complete') } },
  });
  session.onEvent(() => heard.push('session/update'));
  agent.send({ method: 'elicitation/complete', params: { elicitationId: 'e' } });
  agent.say('s1', 'Hello');
  await agent.settled();
  expect(heard.sort()).toEqual(schemaMethods('client', 'Notification'));
});

test('every request and notification of the schema that a client may send can be sent', async () => {
  const client = new TestClient();
  const { agent, connection } = client;
  await client.initialize({
    protocolVersion: 1,
    authMethods: [{ id: 'login' }],
    agentCapabilities: {
      loadSession: true,
      sessionCapabilities: { list: {}, delete: {}, resume: {}, close: {} },
      auth: { logout: {} },
    },
  });
  const options = { cwd: '/work', mcpServers: [] };
  const { session } = await client.newSession({
    configOptions: [{ id: 'effort', name: 'Effort', type: 'select', currentValue: 'low', options: [] }],
    modes: { currentModeId: 'ask', availableModes: [] },
  });
  const sent = [
    connection.authenticate('login'),
    connection.logout(),
    connection.loadSession('a', options),
    connection.resumeSession('b', options),
    connection.listSessions(),
    connection.deleteSession('c'),
    session.setOption('mode', 'plan'),
    session.setOption('effort', 'high'),
    session.prompt(textPrompt),
    session.cancel(),
    session.close(),
  ];
  const methods = schemaMethods('agent', 'Request');
  for (const method of methods.filter((name) => name !== 'initialize' && name !== 'session/new')) {
    agent.respond(await agent.request(method), {});
  }
  await Promise.all(sent);
  const known = new Set(agent.received.flatMap(({ method }) => method ?? []));
  expect([...known].sort()).toEqual([...methods, ...schemaMethods('agent', 'Notification')].sort());
});
