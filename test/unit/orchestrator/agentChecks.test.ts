import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SecretMask } from '../../../src/acp/secretMask.ts';
import type { AgentType } from '../../../src/model/agentType.ts';
import { AgentChecks } from '../../../src/orchestrator/agentCheckup.ts';
import { MemoryLog } from '../../harness/services.ts';
import { demoAgentFile, LocalAgents } from '../../harness/localAgents.ts';

let storageFolder = '';
let checks: AgentChecks;

beforeEach(async () => {
  storageFolder = await mkdtemp(path.join(tmpdir(), 'kandev-check-'));
  checks = new AgentChecks({
    agents: new LocalAgents(),
    settings: {
      folder: () => storageFolder,
      startTimeoutSeconds: () => 30,
    } as never,
    credentials: {
      secrets: new SecretMask(),
      grant: () => Promise.resolve({ shared: [], environment: {}, serverEnvironment: {} }),
    },
    log: new MemoryLog(),
    storageFolder,
    clientVersion: '0.0.0-test',
  });
});

afterEach(() => rm(storageFolder, { recursive: true, force: true }));

async function agent(...flags: string[]): Promise<AgentType> {
  return {
    id: 'demo',
    name: 'Demo agent',
    image: 'none',
    buildContext: null,
    command: ['node', await demoAgentFile(), ...flags],
    environment: [],
    resources: { cpus: 1, memoryMb: 512, pids: 512, network: 'bridge' },
    dialect: 'acp',
    firstMode: null,
  };
}

describe('a check of an agent', () => {
  test('says what it can do', async () => {
    const report = await checks.check(await agent(), 'one');
    expect(report).toMatchObject({ protocolVersion: 1, signIn: { kind: 'ready' } });
  });

  test('is given up by its id, and no other', async () => {
    const given = checks.check(await agent('--silent'), 'one');
    const other = checks.check(await agent(), 'other');
    checks.cancel('one');
    await expect(given).rejects.toMatchObject({
      failure: { message: 'The check of Demo agent was cancelled.' },
    });
    await expect(other).resolves.toMatchObject({ protocolVersion: 1 });
    checks.cancel('one');
    checks.cancel('never heard of');
  });

  test('ends with the board', async () => {
    const given = checks.check(await agent('--silent'), 'one');
    checks.cancelAll();
    await expect(given).rejects.toMatchObject({ failure: { reason: 'refused' } });
  });
});
