import { diskFiles } from '../test/harness/diskFiles.ts';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { openKandev, type OpenedKandev } from '../src/api/openKandev.ts';
import type { Disposable } from '../src/model/events.ts';
import { projectRoot } from '../scripts/paths.mts';
import { makeRepository } from '../test/harness/repository.ts';
import { dockerHost, makeFolder } from '../test/harness/testRun.ts';
import { median, milliseconds, printTable } from './table.ts';

const rounds = 9;
const silentLog = { info: quiet, error: quiet, stderr: quiet, trace: quiet, noise: quiet };

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

async function open(folder: string): Promise<OpenedKandev> {
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
      maxConcurrentRuns: () => 1,
      startTimeoutSeconds: () => 60,
      runRules: () => ({
        retries: 0,
        retryPauseSeconds: 30,
        stallMinutes: 5,
        turnLimitMinutes: 0,
        runLimitMinutes: 0,
      }),
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
    log: silentLog,
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
  const description = '```kandev-script\nmessage Hello\ndelay 10m\n```';
  const { id: taskId } = await kandev.execute('task.create', {
    title: 'Bench',
    description,
    agentTypeId: 'demo',
  });
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

async function dockerRun(image: string): Promise<number> {
  const started = performance.now();
  const args = ['-H', dockerHost(), 'run', '--rm', image, 'node', '-e', 'process.stdout.write("x")'];
  const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const elapsed = performance.now() - started;
  await once(child, 'exit');
  return elapsed;
}
