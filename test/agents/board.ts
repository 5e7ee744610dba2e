/** The board as it ships, without an editor: all services, a real database, and agents in real containers. */
import { cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { projectRoot } from '../../scripts/paths.mts';
import { openKandev } from '../../src/api/openKandev.ts';
import type { Engine } from '../../src/agents/engine.ts';
import type { Kandev } from '../../src/api/contract.ts';
import type { AgentType } from '../../src/model/agentType.ts';
import type { CardView } from '../../src/model/cardView.ts';
import type { WorkspaceSettings } from '../../src/model/settings.ts';
import { bundled } from '../harness/localAgents.ts';
import { diskFiles } from '../harness/diskFiles.ts';
import { MemoryLog } from '../harness/services.ts';
import { storeWorkerPath, wasmPath } from '../harness/store.ts';
import { dockerHost, makeFolder, testRunId } from '../harness/testRun.ts';

export interface TestBoard {
  kandev: Kandev;
  log: MemoryLog;
  /** Resolves as soon as a card is as wanted; looks again after each event. Rejects when its run fails. */
  until(taskId: string, wanted: (card: CardView) => boolean): Promise<CardView>;
  close(): Promise<void>;
}

export interface BoardOptions {
  /** The folder that is open. */
  folder: string;
  agents: readonly object[];
  /** What of the environment the user has. */
  environment: Readonly<Record<string, string>>;
  /** The user's settings for workspaces; none when left out. */
  workspace?: WorkspaceSettings;
  /** As in DOCKER_HOST; the engine of the test run when left out. */
  host?: string;
  startTimeoutSeconds?: number;
  /** `keepRunning`: agents run under a keeper. `stop` when left out. */
  whenClosed?: 'keepRunning' | 'stop';
  /** A folder of its own when left out. */
  storageFolder?: string;
}

/** What stands in `dist` and is needed here. */
export async function makeDist(): Promise<string> {
  const distFolder = await makeFolder('dist');
  await mkdir(path.join(distFolder, 'agents'));
  await cp(await storeWorkerPath(), path.join(distFolder, 'storeWorker.js'));
  await cp(wasmPath, path.join(distFolder, 'sql-wasm.wasm'));
  await cp(path.join(projectRoot, 'agents'), path.join(distFolder, 'agents'), { recursive: true });
  const keeper = await bundled('src/agents/keeper/main.ts', 'keeper.js');
  await cp(keeper, path.join(distFolder, 'agents', 'keeper.js'));
  return distFolder;
}

/**
 * A built-in type as an entry of the setting, under an id of this test run: so that its image is that of the product,
 * and what it keeps is not the user's.
 */
export function copyOf(type: AgentType, distFolder: string): { id: string } {
  const { buildContext, resources, offers, ...same } = type;
  const entry = {
    ...same,
    id: `${type.id}-test-${testRunId()}`.toLowerCase(),
    build: path.join(distFolder, buildContext ?? ''),
    ...resources,
    files: offers?.fs,
    terminals: offers?.terminal,
  };
  return entry;
}

/** Where containers reach this machine: the engine's bridge, which nobody else can. */
export async function addressForContainers(engine: Engine): Promise<string> {
  const { IPAM } = await engine.call(
    'looking at the network',
    (docker) =>
      docker.getNetwork('bridge').inspect() as Promise<{
        IPAM: { Config: { Gateway?: string; Subnet: string }[] };
      }>,
  );
  const [config] = IPAM.Config;
  if (!config) throw new Error('The network of the containers has no addresses.');
  // An engine that has just made its bridge does not tell: it is the first address then.
  return config.Gateway ?? config.Subnet.replace(/\.0\/\d+$/, '.1');
}

const noSettings: WorkspaceSettings = { setupScript: '', setupLimitSeconds: 60, copyFiles: [], exclude: [] };

export async function openBoard(
  distFolder: string,
  {
    folder,
    agents,
    environment,
    storageFolder,
    workspace = noSettings,
    host = dockerHost(),
    startTimeoutSeconds = 60,
    whenClosed = 'stop',
  }: BoardOptions,
): Promise<TestBoard> {
  const log = new MemoryLog();
  const opened = await openKandev({
    storageFolder: storageFolder ?? (await makeFolder('storage')),
    holdsLead: () => true,
    settings: {
      folder: () => folder,
      dockerHost: () => host,
      gitPath: () => null,
      workspace: () => workspace,
      maxConcurrentRuns: () => 3,
      startTimeoutSeconds: () => startTimeoutSeconds,
      runRules: () => ({
        retries: 0,
        retryPauseSeconds: 30,
        stallMinutes: 5,
        turnLimitMinutes: 0,
        runLimitMinutes: 0,
      }),
      agentCards: () => ({ perCard: 10, depth: 1, mayStart: false }),
      whenClosed: () => whenClosed,
      keepContainerMinutes: () => 10,
      wireRecordDays: () => 30,
      wireRecordMegabytes: () => 500,
      mcpServers: () => [],
      userAgents: () => agents,
      hostVariables: () => Promise.resolve([]),
      environment: (names) =>
        Promise.resolve(
          Object.fromEntries(Object.entries(environment).filter(([name]) => names.includes(name))),
        ),
      optionDefaults: () => ({}),
    },
    files: diskFiles,
    agents: {
      storageFolder: await makeFolder('containers'),
      distFolder,
      owner: { installation: `test-${testRunId()}`, workspace: 'agents', owner: 'test' },
      environment: process.env,
    },
    log,
    clientVersion: '0.0.0-test',
    onNotice: ({ message }) => {
      log.error('', message);
    },
    onProblem: (text) => {
      log.error('', text);
    },
  });
  const { kandev } = opened;
  // As a user who shares nothing: whoever runs the tests may have something to share, and would be asked.
  await kandev.execute('credentials.share', { ids: [] });
  const until = (taskId: string, wanted: (card: CardView) => boolean): Promise<CardView> =>
    new Promise((resolve, reject) => {
      const look = async (): Promise<void> => {
        const [card] = (await kandev.query('cards', { taskIds: [taskId] })).cards;
        if (!card) return;
        const failed = card.task.state === 'FAILED';
        if (!wanted(card) && !failed) return;
        subscription.dispose();
        if (wanted(card)) resolve(card);
        else reject(new Error([JSON.stringify(card.run?.failure), ...log.lines].join('\n')));
      };
      const subscription = kandev.subscribe('>', () => void look().catch(reject));
      look().catch(reject);
    });
  return { kandev, log, until, close: () => opened.close() };
}
