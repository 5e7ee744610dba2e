/**
 * A process of its own with all services of a board, in the place of an extension host: for tests that kill it. It is
 * asked on stdin, a line of JSON each, and answers on stdout in the same way; its first line says that the board is open.
 */
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { CommandName, QueryName } from '../../src/api/contract.ts';
import { openKandev } from '../../src/api/openKandev.ts';
import { failureOf } from '../../src/model/failure.ts';
import type { AgentCardRules } from '../../src/model/settings.ts';
import { SharedKandev, type OpenBoard } from '../../src/windows/sharedKandev.ts';
import { diskFiles } from './diskFiles.ts';

export interface HostOptions {
  storageFolder: string;
  folder: string;
  distFolder: string;
  dockerHost: string;
  installation: string;
  agents: readonly object[];
  maxConcurrentRuns: number;
  whenClosed: 'keepRunning' | 'stop';
  agentCards?: AgentCardRules;
  /** One of several windows of the folder: it leads, or speaks to the one that does. */
  isShared?: boolean;
}

export type HostRequest = { id: number } & (
  | { execute: CommandName; input: object }
  | { query: QueryName; input: object }
  | { role: true }
  | { close: true }
);

const options = JSON.parse(process.argv[2] ?? '') as HostOptions;

function say(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function complain(text: string): void {
  process.stderr.write(`${text}\n`);
}

const open = (holdsLead: () => boolean): Promise<OpenBoard> =>
  openKandev({
    storageFolder: options.storageFolder,
    holdsLead,
    settings: {
      folder: () => options.folder,
      dockerHost: () => options.dockerHost,
      gitPath: () => null,
      workspace: () => ({ setupScript: '', setupLimitSeconds: 60, copyFiles: [], exclude: [] }),
      maxConcurrentRuns: () => options.maxConcurrentRuns,
      startTimeoutSeconds: () => 60,
      runRules: () => ({
        retries: 0,
        retryPauseSeconds: 30,
        stallMinutes: 5,
        turnLimitMinutes: 0,
        runLimitMinutes: 0,
      }),
      agentCards: () => options.agentCards ?? { perCard: 10, depth: 1, mayStart: false },
      whenClosed: () => options.whenClosed,
      keepContainerMinutes: () => 10,
      wireRecordDays: () => 30,
      wireRecordMegabytes: () => 500,
      mcpServers: () => [],
      userAgents: () => options.agents,
      hostVariables: () => Promise.resolve([]),
      environment: () => Promise.resolve({}),
      optionDefaults: () => ({}),
    },
    files: diskFiles,
    agents: {
      storageFolder: `${options.storageFolder}/containers`,
      distFolder: options.distFolder,
      owner: { installation: options.installation, workspace: 'host', owner: String(process.pid) },
      environment: process.env,
    },
    log: {
      info: () => undefined,
      error: (_taskId, text) => {
        complain(text);
      },
      stderr: () => undefined,
      trace: () => undefined,
      noise: () => undefined,
    },
    clientVersion: '0.0.0-test',
    onNotice: ({ message }) => {
      complain(message);
    },
    onProblem: complain,
  });

let role: 'leader' | 'follower' = 'leader';

async function join(): Promise<OpenBoard> {
  const kandev = new SharedKandev({
    folder: path.join(options.storageFolder, 'windows'),
    open,
    onChange: (next) => {
      role = next;
    },
    onProblem: complain,
  });
  await kandev.ready();
  return { kandev, close: () => kandev.close() };
}

const opened = options.isShared ? await join() : await open(() => true);
say({ open: true });

const { kandev } = opened;

async function answer(request: HostRequest): Promise<unknown> {
  if ('close' in request) return opened.close();
  if ('role' in request) return role;
  if ('execute' in request) {
    return kandev.execute(request.execute, request.input);
  }
  return kandev.query(request.query, request.input);
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line) as HostRequest;
  answer(request).then(
    (result) => {
      say({ id: request.id, result });
      if ('close' in request) process.exit(0);
    },
    (error: unknown) => {
      say({ id: request.id, failure: failureOf(error) });
    },
  );
});
