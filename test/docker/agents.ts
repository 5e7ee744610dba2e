/** Agents for the tests of the Agent Manager: what is launched, and what there is of it on the engine. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { AgentManager } from '../../src/agents/agentManager.ts';
import type { LaunchProgress, LaunchRequest } from '../../src/agents/launchRequest.ts';
import type { AgentProcess } from '../../src/agents/agentProcess.ts';
import type { Engine } from '../../src/agents/engine.ts';
import type { RunToTakeOver } from '../../src/agents/keeper/takeOverContainer.ts';
import { containerLabels } from '../../src/agents/labels.ts';
import type { AgentType } from '../../src/model/agentType.ts';
import { run } from '../../scripts/processes.mts';
import { engineAt, importMachineImage } from '../harness/images.ts';
import { dockerHost, makeFolder, testRunId } from '../harness/testRun.ts';

/** An image of busybox and node. */
export const testImage = (): string => `kandev-test/plain:${testRunId()}`;

let imageIsReady: Promise<void> | undefined;

export function ensureTestImage(): Promise<void> {
  imageIsReady ??= importMachineImage(dockerHost(), testImage());
  return imageIsReady;
}

export function testEngine(): Promise<Engine> {
  return engineAt(dockerHost());
}

export interface TestManagerOptions {
  /** Another engine than the one of the test run. */
  host?: string;
  workspace?: string;
  distFolder?: string;
  installation?: string;
  owner?: string;
  boards?: readonly string[];
}

export async function testManager({
  host = dockerHost(),
  workspace = 'workspace',
  distFolder = '/nonexistent',
  installation = `test-${testRunId()}`,
  owner = 'test',
  boards,
}: TestManagerOptions = {}): Promise<AgentManager> {
  return new AgentManager({
    engineSetting: () => host,
    storageFolder: await makeFolder('storage'),
    distFolder,
    owner: { installation, workspace, owner },
    ...(boards ? { boards: () => Promise.resolve(new Set(boards)) } : {}),
    environment: process.env,
  });
}

/** This machine's programs by their paths, with the libraries that they load: for an image. */
export async function programs(...names: string[]): Promise<Record<string, Buffer>> {
  const files: Record<string, Buffer> = {};
  for (const name of names) {
    const listed = await run('ldd', [name]);
    const libraries = [...listed.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, file = '']) => file);
    for (const file of [name, ...libraries]) files[file] = await readFile(file);
  }
  return files;
}

let runs = 0;

/** A launch of a command in the test image, as a run of its own. */
export function requestFor(
  folder: string,
  command: readonly string[],
  agentType: Partial<AgentType> = {},
): LaunchRequest {
  runs += 1;
  return {
    runId: `${testRunId()}-${process.pid}-${runs}`,
    taskId: `task-${runs}`,
    folder,
    environment: {},
    outlives: false,
    agentType: {
      id: 'test',
      name: 'Test agent',
      image: testImage(),
      buildContext: null,
      command,
      environment: [],
      resources: { cpus: 1, memoryMb: 256, pids: 512, network: 'bridge' },
      dialect: 'acp',
      firstMode: null,
      ...agentType,
    },
  };
}

/** A run that is taken over, and what is told of it. */
export function takenOver(runId: string, told: Partial<RunToTakeOver> = {}): RunToTakeOver {
  const quiet = (): void => undefined;
  return { runId, onStderr: quiet, blocked: quiet, notice: quiet, activity: quiet, toldUntil: 0, ...told };
}

/** Keeps what it is told. */
export class RecordedProgress implements LaunchProgress {
  readonly activities: string[] = [];
  readonly logged: string[] = [];
  stderrText = '';
  started = 0;
  readonly #listeners = new Set<(text: string) => void>();

  activity(text: string): void {
    this.activities.push(text);
    this.#tell(text);
  }

  log(line: string): void {
    this.logged.push(line);
    this.#tell(line);
  }

  starting(): void {
    this.started += 1;
  }

  stderr(text: string): void {
    this.stderrText += text;
  }

  /** Settles with the first activity or log line from now on that matches. */
  told(pattern: RegExp): Promise<string> {
    return new Promise((resolve) => {
      const listener = (text: string) => {
        if (!pattern.test(text)) return;
        this.#listeners.delete(listener);
        resolve(text);
      };
      this.#listeners.add(listener);
    });
  }

  #tell(text: string): void {
    for (const listener of this.#listeners) listener(text);
  }
}

export const neverAborted = (): AbortSignal => new AbortController().signal;

/** Reads a stream until the text matches, and returns all that was read for it. */
export async function readUntil(stream: Readable, pattern: RegExp): Promise<string> {
  let text = '';
  while (!pattern.test(text)) {
    const chunk = stream.read() as Buffer | null;
    if (chunk) text += chunk.toString();
    else if (stream.readableEnded) throw new Error(`The stream ended after ${JSON.stringify(text)}.`);
    else await readableOrEnd(stream);
  }
  return text;
}

export interface ScriptOutcome {
  output: string;
  /** The end of it. */
  stderr: string;
  exitCode: number | null;
}

/** Leaves no listener behind: some streams are waited for hundreds of times. */
async function readableOrEnd(stream: Readable): Promise<void> {
  const over = new AbortController();
  const { signal } = over;
  try {
    await Promise.race([once(stream, 'readable', { signal }), once(stream, 'end', { signal })]);
  } finally {
    over.abort();
  }
}

/** What a shell script in the container prints, and how it ends. */
export async function runScript(
  manager: AgentManager,
  folder: string,
  script: string,
  { image = testImage(), ...more }: Partial<LaunchRequest> & { image?: string } = {},
): Promise<ScriptOutcome> {
  const request = { ...requestFor(folder, ['sh', '-c', script], { image }), ...more };
  const agent = await manager.launch(request, new RecordedProgress(), neverAborted());
  try {
    const output = Buffer.concat((await agent.stdout.toArray()) as Buffer[]).toString();
    return { output, stderr: agent.stderrTail(), exitCode: (await agent.exited).exitCode };
  } finally {
    await agent.dispose();
  }
}

/** The names of the containers of a run, in whatever state they are. */
export async function containersOf(runId: string): Promise<string[]> {
  const engine = await testEngine();
  const label = [`${containerLabels.run}=${runId}`];
  const found = await engine.call('listing containers', (docker) =>
    docker.listContainers({ all: true, filters: { label } }),
  );
  return found.flatMap(({ Names }) => Names);
}

/** Launches, and is sure to dispose. */
export async function withAgent<T>(
  launching: Promise<AgentProcess>,
  work: (agent: AgentProcess) => Promise<T>,
): Promise<T> {
  const agent = await launching;
  try {
    return await work(agent);
  } finally {
    await agent.dispose();
  }
}
