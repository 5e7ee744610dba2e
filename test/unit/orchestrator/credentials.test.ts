import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CardView } from '../../../src/model/cardView.ts';
import { startServices, type TestServices } from '../../harness/services.ts';

const secret = 'tok-9f"8d7\\s6a5x41';
const identity = {
  id: 'git-identity',
  kind: 'git-identity' as const,
  name: null,
  found: 'Ann',
  missing: null,
};

let services: TestServices;

beforeEach(async () => {
  services = await startServices();
});

afterEach(() => services.close());

const inState = (state: string) => (card: CardView) => card.task.state === state;
const asks = (card: CardView) => card.queue?.needs === 'credentials';
const start = (taskId: string) => services.kandev.execute('task.start', { taskId });
const share = (...ids: string[]) => services.kandev.execute('credentials.share', { ids });

describe('the word about credentials', () => {
  it('is waited for where there is something to share, and starts the card when it is given', async () => {
    services.offers = [identity];
    const taskId = await services.card(['message Hello']);
    await start(taskId);
    const waiting = await services.until(taskId, asks);
    expect(waiting.queue?.why).toBe('Waits for you: say what agents may have of yours');
    expect(services.events.filter(({ type }) => type === 'credentials.needed')).toHaveLength(1);
    // Pressed again, the user is asked again.
    await start(taskId);
    expect(services.events.filter(({ type }) => type === 'credentials.needed')).toHaveLength(2);
    await share();
    await services.until(taskId, inState('REVIEW'));
    const other = await services.card(['message Hello again']);
    await start(other);
    await services.until(other, inState('REVIEW'));
  });

  it('is kept over a reload, and takes nothing that there is not', async () => {
    services.offers = [identity, { ...identity, id: 'ssh-agent', kind: 'ssh-agent', missing: 'none runs' }];
    await expect(share('ssh-folder')).rejects.toMatchObject({ failure: { reason: 'invalid-input' } });
    await expect(share('ssh-agent')).rejects.toMatchObject({ failure: { reason: 'invalid-input' } });
    await share('git-identity');
    await services.reopen();
    const { decidedAt, things } = await services.kandev.query('credentials', {});
    expect(decidedAt).not.toBeNull();
    expect(things.filter(({ shared }) => shared).map(({ id }) => id)).toEqual(['git-identity']);
  });

  it('is needed for a variable of the host, and not for one that was entered', async () => {
    services.settings.environment = { KANDEV_DEMO_KEY: 'entered-key' };
    const entered = await services.card(['env KANDEV_DEMO_KEY']);
    await start(entered);
    await services.until(entered, inState('REVIEW'));
    services.settings.hostEnvironment = { TEST_TOKEN: secret };
    const taskId = await services.card(['env TEST_TOKEN']);
    await start(taskId);
    await services.until(taskId, asks);
    await share();
    const without = await services.until(taskId, inState('REVIEW'));
    expect(await said(without)).toMatch(/TEST_TOKEN is not set/);
    await share('environment:TEST_TOKEN');
    const again = await services.card(['env TEST_TOKEN']);
    await start(again);
    expect(await said(await services.until(again, inState('REVIEW')))).toMatch(/TEST_TOKEN is set/);
  });
});

async function said(card: CardView): Promise<string> {
  const entries = await services.kandev.query('run.transcript', { runId: card.run?.id ?? '' });
  return entries.map(({ text }) => text).join('\n');
}

describe('a secret that an agent was given', () => {
  it('is in nothing that is kept, logged, published or exported, however the agent repeats it', async () => {
    services.settings.environment = { TEST_TOKEN: secret };
    const taskId = await services.card(['message Nothing'], 'leaky');
    await start(taskId);
    const waiting = await services.until(taskId, ({ permissions }) => permissions.length > 0);
    const [request] = waiting.permissions;
    await services.kandev.execute('permission.answer', {
      requestId: request?.id ?? '',
      optionId: request?.options[0]?.optionId ?? '',
    });
    const card = await services.until(taskId, inState('FAILED'));
    expect(card.run?.failure?.message).toContain('refused with [redacted]');
    const told = await said(card);
    expect(told).toContain('It is [redacted]. ');
    expect(told).toMatch(/In two: \[redacted\]/);
    const file = await services.kandev.query('board.file', {});
    const shown = JSON.stringify([waiting, card, told, services.events, file]);
    const places = path.dirname(services.wireFolder);
    await services.reopen();
    const kept = [shown, ...services.log.lines, ...(await filesBelow(places))].join('\n');
    expect(kept).toContain('stderr says [redacted]');
    expect(kept).toContain('noise says [redacted]');
    const encoded = Buffer.from(`ann:${secret}`).toString('base64');
    const quoted = JSON.stringify(secret).slice(1, -1);
    const inJson = JSON.stringify(quoted).slice(1, -1);
    for (const spelling of [secret, quoted, inJson, encoded, secret.slice(0, 7), secret.slice(7)]) {
      expect(kept.includes(spelling), spelling).toBe(false);
    }
  });
});

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  // One that is just being replaced is written again under its name.
  return Promise.all(
    files.map(({ parentPath, name }) => readFile(path.join(parentPath, name), 'latin1').catch(() => '')),
  );
}
