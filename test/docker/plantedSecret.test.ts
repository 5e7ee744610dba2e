/** A secret that an agent was given and shows in its terminals: on the board as it ships, it is found nowhere. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { containerLabels } from '../../src/agents/labels.ts';
import { transcriptMarkdown } from '../../src/providers/transcriptMarkdown.ts';
import { makeDist, openBoard, type TestBoard } from '../agents/board.ts';
import { importMachineImage } from '../harness/images.ts';
import { demoAgentFile } from '../harness/localAgents.ts';
import { makeRepository } from '../harness/repository.ts';
import { dockerHost, makeFolder, testRunId } from '../harness/testRun.ts';
import { testEngine } from './agents.ts';

const image = `kandev-test/planted:${testRunId()}`;
const secret = 'zebra-9f"8d7\\s6a5x41-crossing';
const spellings = [
  secret,
  // Where it comes in two pieces.
  secret.slice(0, 9),
  secret.slice(-9),
  JSON.stringify(secret).slice(1, -1),
  JSON.stringify(JSON.stringify(secret)).slice(1, -1),
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  Buffer.from(secret).toString('hex'),
];
let storageFolder = '';
let board: TestBoard;

beforeAll(async () => {
  await importMachineImage(dockerHost(), image, {
    '/opt/kandev/agent.js': await readFile(await demoAgentFile()),
  });
  storageFolder = await makeFolder('storage');
  const command = ['node', '/opt/kandev/agent.js'];
  board = await openBoard(await makeDist(), {
    folder: await makeRepository('planted'),
    environment: { PLANTED_TOKEN: secret },
    agents: [{ id: 'teller', image, command, environment: ['PLANTED_TOKEN'], terminals: true, files: true }],
    storageFolder,
  });
});

let isClosed = false;
afterAll(async () => {
  if (!isClosed) await board.close();
});

const terminals = ['style=text', 'style=meta', 'style=client'].flatMap((style) => [
  `terminal ${style} echo $PLANTED_TOKEN`,
  // In pieces, and as programs show what they send.
  `terminal ${style} printf %s "$PLANTED_TOKEN" | head -c 9; sleep 0.3; printf %s "$PLANTED_TOKEN" | tail -c +10; echo; printf %s "$PLANTED_TOKEN" | base64; echo >&2 "stderr: $PLANTED_TOKEN"`,
]);

/** What the engine knows of this run's containers and volumes, but for what the container needs: its variables. */
async function engineRecords(runId: string): Promise<string> {
  const engine = await testEngine();
  const label = [`${containerLabels.run}=${runId}`];
  return engine.call('looking at containers', async (docker) => {
    const found = await docker.listContainers({ all: true, filters: { label } });
    const inspected = await Promise.all(found.map(({ Id }) => docker.getContainer(Id).inspect()));
    const shown = inspected.map(({ Name, Args, Config, HostConfig, Mounts }) => {
      const { Env: _secrets, ...config } = Config;
      return { Name, Args, config, HostConfig, Mounts };
    });
    return JSON.stringify([shown, await docker.listVolumes()]);
  });
}

async function filesBelow(folder: string): Promise<[string, string][]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  // One that is just being replaced is written again under its name.
  return Promise.all(
    files.map(async (file): Promise<[string, string]> => [
      path.relative(folder, file),
      await readFile(file, 'latin1').catch(() => ''),
    ]),
  );
}

describe('a secret that an agent shows in its terminals', () => {
  it('is in no file, database, journal, trace, log, label, event, transcript or export', async () => {
    const events: unknown[] = [];
    board.kandev.subscribe('>', (event) => events.push(event));
    const { id: taskId } = await board.kandev.execute('task.create', {
      title: 'Tell',
      description: ['```kandev-script', ...terminals, 'message That was all.', '```'].join('\n'),
      agentTypeId: 'teller',
    });
    await board.kandev.execute('task.start', { taskId });
    const card = await board.until(taskId, ({ task }) => task.state === 'REVIEW');
    const runId = card.run?.id ?? '';
    const entries = await board.kandev.query('run.transcript', { runId });
    const markdown = transcriptMarkdown(card.task, [
      { run: { createdAt: card.run?.createdAt ?? 0 }, agentName: 'Teller', entries },
    ]);
    const copy = path.join(await makeFolder('export'), 'copy.sqlite');
    await board.kandev.execute('database.exportCopy', { path: copy });
    const places: [string, string][] = [
      ['the engine', await engineRecords(runId)],
      ['the transcript', JSON.stringify(entries)],
      ['the Markdown export', markdown],
      ['the board as JSON', JSON.stringify(await board.kandev.query('board.file', {}))],
      ['the container log', JSON.stringify(await board.kandev.query('run.containerLog', { runId }))],
      ['the events', JSON.stringify(events)],
      ['the output channels', board.log.lines.join('\n')],
      ['the exported database', await readFile(copy, 'latin1')],
    ];
    await board.close();
    isClosed = true;
    places.push(...(await filesBelow(storageFolder)));
    // It was there, and each of these would have it.
    expect(entries.filter(({ text }) => text.includes('[redacted]')).length).toBeGreaterThanOrEqual(4);
    expect(markdown).toContain('stderr: [redacted]');
    for (const name of ['journal', 'runs']) {
      expect(
        places.some(([place, text]) => place.includes(name) && text.includes('[redacted]')),
        name,
      ).toBe(true);
    }
    expect(places.filter(([, text]) => text.includes('[redacted]')).map(([place]) => place)).toEqual(
      expect.arrayContaining([
        'the transcript',
        'the events',
        'the output channels',
        'the exported database',
      ]),
    );
    const found = places.flatMap(([place, text]) =>
      spellings.filter((spelling) => text.includes(spelling)).map((spelling) => `${spelling} in ${place}`),
    );
    expect(found).toEqual([]);
  });
});
