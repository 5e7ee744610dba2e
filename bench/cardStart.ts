import { diskFiles } from '../test/harness/diskFiles.ts';
import { join } from 'node:path';
import { openKandev, type OpenedKandev } from '../src/api/openKandev.ts';
import type { Kandev } from '../src/api/contract.ts';
import type { Disposable } from '../src/model/events.ts';
import type { RunLog } from '../src/model/runLog.ts';
import { projectRoot } from '../scripts/paths.mts';
import { makeRepository } from '../test/harness/repository.ts';
import { dockerHost, makeFolder } from '../test/harness/testRun.ts';
import { dockerRun, load } from './containers.ts';
import { median, milliseconds, printTable } from './table.ts';

const rounds = 9;
const atOnce = [1, 5, 10, 20];
const silentLog: RunLog = { info: quiet, error: quiet, stderr: quiet, trace: quiet, noise: quiet };

function quiet(): void {
  // The bench measures; it does not tell.
}

/**
 * How long after ▶ on a card its agent is first heard, beside what `docker run` needs for the first byte of a node
 * process from the same image. One after the other in turn, so that both have the same machine.
 */
export async function benchCardStart(): Promise<void> {
  const folder = await makeRepository('bench');
  const opened = await open(folder);
  const image = await demoImage(opened);
  const cards: number[] = [];
  const runs: number[] = [];
  await startCard(opened);
  await dockerRun(image);
  for (let round = 0; round < rounds; round++) {
    runs.push(await dockerRun(image));
    cards.push(await startCard(opened));
  }
  await opened.close();
  const ratio = median(cards) / median(runs);
  printTable(`Card started → first ACP update, ${rounds} rounds, medians`, [
    { what: 'docker run, first byte of node', value: milliseconds(median(runs)) },
    { what: 'card started, first message of the agent', value: milliseconds(median(cards)) },
    { what: 'ratio', value: ratio.toFixed(2), gate: 'wanted: under 1.5' },
  ]);
}

/**
 * How long after ▶ the last of so many cards has its first prompt sent, beside as many `docker run` at the same time.
 * Each works in a clone of its own: in the folder itself only one may write.
 */
export async function benchRunsAtOnce(): Promise<void> {
  const folder = await makeRepository('bench');
  const prompts = new EventTarget();
  const log = {
    ...silentLog,
    trace: (taskId: string, direction: 'in' | 'out', line: string) => {
      if (direction === 'out' && line.includes('"session/prompt"')) prompts.dispatchEvent(new Event(taskId));
    },
  };
  const opened = await open(folder, log, Math.max(...atOnce));
  const image = await demoImage(opened);
  await firstPrompts(opened, prompts, 1);
  await dockerRun(image);
  const rows = [];
  for (const count of atOnce) {
    const before = load();
    const runs = await Promise.all(Array.from({ length: count }, () => dockerRun(image)));
    const cards = await firstPrompts(opened, prompts, count);
    const [cli, own] = [Math.max(...runs), Math.max(...cards)];
    rows.push({
      what: `${count} at once, the last of them (${before})`,
      value: `${milliseconds(own)} ÷ ${milliseconds(cli)} = ${(own / cli).toFixed(2)}`,
    });
  }
  await opened.close();
  printTable('Card started → first prompt sent ÷ docker run, first byte of node, same image', rows);
}

/** Milliseconds from ▶ to the first prompt, of cards started together; they are deleted afterwards. */
async function firstPrompts(
  { kandev }: OpenedKandev,
  prompts: EventTarget,
  count: number,
): Promise<number[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    const taskId = await createCard(kandev, 'clone');
    // So that twenty of them fit into a small machine.
    await kandev.execute('task.setResources', { taskId, resources: { memoryMb: 160 } });
    ids.push(taskId);
  }
  const elapsed = await Promise.all(
    ids.map(async (taskId) => {
      const sent = new Promise<void>((resolve) => {
        prompts.addEventListener(
          taskId,
          () => {
            resolve();
          },
          { once: true },
        );
      });
      const started = performance.now();
      // Not held back by the engine's CPUs: how they share them is what is measured.
      await kandev.execute('task.startNow', { taskId });
      await sent;
      return performance.now() - started;
    }),
  );
  for (const taskId of ids) await kandev.execute('task.delete', { taskId });
  return elapsed;
}

async function createCard(kandev: Kandev, workspaceMode: 'folder' | 'clone'): Promise<string> {
  const description = '```kandev-script\nmessage Hello\ndelay 10m\n```';
  const { id } = await kandev.execute('task.create', {
    ...{ title: 'Bench', description, agentTypeId: 'demo', workspaceMode },
  });
  return id;
}

async function open(folder: string, log = silentLog, maxRuns = 1): Promise<OpenedKandev> {
  const dist = join(projectRoot, 'dist');
  const storage = await makeFolder('bench-storage');
  return openKandev({
    storageFolder: storage,
    holdsLead: () => true,
    settings: {
      folder: () => folder,
      dockerHost,
      gitPath: () => null,
      workspace: () => ({ setupScript: '', setupLimitSeconds: 60, copyFiles: [], exclude: [] }),
      maxConcurrentRuns: () => maxRuns,
      startTimeoutSeconds: () => 60,
      runRules: () => ({
        retries: 0,
        retryPauseSeconds: 30,
        stallMinutes: 5,
        turnLimitMinutes: 0,
        runLimitMinutes: 0,
      }),
      agentCards: () => ({ perCard: 10, depth: 1, mayStart: false }),
      whenClosed: () => 'stop',
      keepContainerMinutes: () => 10,
      wireRecordDays: () => 30,
      wireRecordMegabytes: () => 500,
      mcpServers: () => [],
      userAgents: () => [],
      hostVariables: () => Promise.resolve([]),
      environment: () => Promise.resolve({}),
      optionDefaults: () => ({}),
    },
    agents: {
      distFolder: dist,
      storageFolder: join(storage, 'containers'),
      owner: { installation: 'bench', workspace: 'bench', owner: String(process.pid) },
      environment: process.env,
    },
    files: diskFiles,
    log,
    clientVersion: '0.0.0-bench',
    onNotice: ({ message }) => {
      console.error(message);
    },
    onProblem: (text) => {
      console.error(text);
    },
  });
}

async function demoImage({ kandev }: OpenedKandev): Promise<string> {
  const types = await kandev.query('agentTypes', {});
  return types.find(({ id }) => id === 'demo')?.image ?? '';
}

/** Milliseconds from the command to the first message; the card is stopped and deleted afterwards. */
async function startCard({ kandev }: OpenedKandev): Promise<number> {
  const taskId = await createCard(kandev, 'folder');
  let subscription: Disposable | undefined;
  const heard = new Promise<number>((resolve, reject) => {
    subscription = kandev.subscribe('>', (event) => {
      if ('entry' in event.data && event.data.entry.kind === 'message') resolve(performance.now());
      if (event.type === 'agent.failed') reject(new Error(JSON.stringify(event.data)));
    });
  });
  const started = performance.now();
  await kandev.execute('task.start', { taskId });
  const elapsed = (await heard) - started;
  subscription?.dispose();
  await kandev.execute('task.delete', { taskId });
  return elapsed;
}
