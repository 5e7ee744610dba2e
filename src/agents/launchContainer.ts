import type Dockerode from 'dockerode';
import { UserError } from '../model/failure.ts';
import { AgentContainer, AgentStderr } from './agentContainer.ts';
import { PlainStdio, type AgentStdio } from './agentStdio.ts';
import { attach, beginWait } from './attach.ts';
import type { FileDelivery } from './containerFiles.ts';
import { orAborted, settledWithin } from './deadline.ts';
import type { Engine } from './engine.ts';
import { launchFailure, messageOf, statusOf, type LaunchedThing } from './engineFailure.ts';
import { KeptStdio, NoKeeper } from './keeper/keptStdio.ts';
import { containerLabels } from './labels.ts';
import { removeContainer } from './removeContainer.ts';
import type { RunNetwork } from './runNetwork.ts';

export interface ContainerLaunch {
  engine: Engine;
  name: string;
  options: Dockerode.ContainerCreateOptions;
  /** With a keeper, which is tried first: its image tells by that whether it can have one. Null: without. */
  keptOptions: Dockerode.ContainerCreateOptions | null;
  /** Told when it cannot. */
  onNoKeeper: () => void;
  files: FileDelivery;
  /** What connects it; it goes with the container. */
  network: Pick<RunNetwork, 'dispose'>;
  /** What a refusal of the engine is explained with. */
  thing: LaunchedThing;
  onStderr: (text: string) => void;
  signal: AbortSignal;
}

const createLimitMs = 30_000;
const startLimitMs = 30_000;
/** An aborted launch takes at most these two: for the engine to finish what it has begun, and to remove it. */
const finishMs = 1_000;
const cleanUpMs = 1_500;

/**
 * Creates a container, attaches to it and starts it. Whatever ends this early, no container is left.
 *
 * @throws UserError for what the engine refuses; the signal's reason
 */
export async function launchContainer(launch: ContainerLaunch): Promise<AgentContainer> {
  try {
    await launch.files.prepare(launch.signal);
    return (await withKeeper(launch)) ?? (await createAndStart(launch, launch.options, startPlain));
  } catch (error) {
    await launch.files.remove().catch(() => undefined);
    await launch.network.dispose().catch(() => undefined);
    launch.signal.throwIfAborted();
    throw launchFailure(error, launch.thing) ?? error;
  }
}

/** Null where the image has no Node that can run a keeper. */
async function withKeeper(launch: ContainerLaunch): Promise<AgentContainer | null> {
  if (launch.keptOptions === null) return null;
  try {
    return await createAndStart(launch, launch.keptOptions, startKept);
  } catch (error) {
    // Engines that do without an init process refuse to start what is not there.
    const isMissing = launchFailure(error, launch.thing)?.failure.reason === 'command-missing';
    if (!(error instanceof NoKeeper) && !isMissing) throw error;
    launch.onNoKeeper();
    return null;
  }
}

type Start = (launch: ContainerLaunch, containerId: string, stderr: AgentStderr) => Promise<AgentStdio>;

async function createAndStart(
  launch: ContainerLaunch,
  options: Dockerode.ContainerCreateOptions,
  startAgent: Start,
): Promise<AgentContainer> {
  const { engine, files, network, onStderr } = launch;
  const containerId = await create(launch, options);
  try {
    const stderr = new AgentStderr(onStderr);
    const stdio = await startAgent(launch, containerId, stderr);
    const workingDirectory = options.WorkingDir ?? '/';
    return new AgentContainer({ engine, containerId, workingDirectory, files, network, stdio, stderr });
  } catch (error) {
    // What went wrong first is what the user reads; a container that is left now goes with the next clean-up.
    await removeContainer(engine, containerId, cleanUpMs).catch(() => undefined);
    throw error;
  }
}

async function startPlain(
  launch: ContainerLaunch,
  containerId: string,
  stderr: AgentStderr,
): Promise<PlainStdio> {
  const { engine, signal } = launch;
  const socket = await attach(engine, containerId, signal);
  try {
    const { exitCode } = await orAborted(beginWait(engine, containerId), signal);
    const stdio = new PlainStdio({ engine, containerId, onStderr: stderr.write }, socket, exitCode);
    await start(launch, containerId);
    return stdio;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function startKept(
  launch: ContainerLaunch,
  containerId: string,
  stderr: AgentStderr,
): Promise<KeptStdio> {
  const { engine, signal } = launch;
  const socket = await attach(engine, containerId, signal);
  try {
    await start(launch, containerId);
    return await orAborted(KeptStdio.begin({ engine, containerId, onStderr: stderr.write }, socket), signal);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Creates the container, and returns its id. */
async function create(launch: ContainerLaunch, options: Dockerode.ContainerCreateOptions): Promise<string> {
  const { engine, signal } = launch;
  // Not cut off by the signal: the engine would go on, and leave a container behind that nobody knows.
  const creating = createOrReplace(launch, options);
  try {
    return await orAborted(creating, signal);
  } catch (error) {
    const removed = creating.then((id) => removeContainer(engine, id, cleanUpMs));
    await settledWithin(removed, finishMs + cleanUpMs);
    throw error;
  }
}

async function start({ engine, name, signal }: ContainerLaunch, containerId: string): Promise<void> {
  // Not cut off either: a container that is removed while it starts hears of it too early, and takes 3 s to end.
  const starting = engine.call(
    `starting container ${name}`,
    (docker, abortSignal) => docker.getContainer(containerId).start({ abortSignal }),
    { limitMs: startLimitMs },
  );
  try {
    await orAborted(starting, signal);
    signal.throwIfAborted();
  } catch (error) {
    await settledWithin(starting, finishMs);
    throw error;
  }
}

async function createOrReplace(
  launch: ContainerLaunch,
  options: Dockerode.ContainerCreateOptions,
): Promise<string> {
  const { engine, name } = launch;
  try {
    return await createOnce(launch, options);
  } catch (error) {
    // Podman answers 500.
    if (statusOf(error) !== 409 && !/name is already in use/i.test(messageOf(error))) throw error;
    const { Config } = await engine.call(`looking at container ${name}`, (docker, abortSignal) =>
      docker.getContainer(name).inspect({ abortSignal }),
    );
    const run = options.Labels?.[containerLabels.run];
    if (run === undefined || Config.Labels[containerLabels.run] !== run) throw nameTaken(name, error);
    // Left over from an earlier attempt at the same run.
    await removeContainer(engine, name, createLimitMs);
    return createOnce(launch, options);
  }
}

async function createOnce(
  { engine, name }: ContainerLaunch,
  options: Dockerode.ContainerCreateOptions,
): Promise<string> {
  try {
    return await engine.call(
      `creating container ${name}`,
      async (docker, abortSignal) => {
        // Without the split dockerode would put all of it into the URL as well.
        const request = { _query: { name }, _body: options, abortSignal };
        return (await docker.createContainer(request)).id;
      },
      { limitMs: createLimitMs },
    );
  } catch (error) {
    // An engine that did not answer may have created it all the same: then it has this name.
    if (statusOf(error) === null) await removeContainer(engine, name, cleanUpMs).catch(() => undefined);
    throw error;
  }
}

function nameTaken(name: string, cause: unknown): UserError {
  return new UserError(
    {
      reason: 'refused',
      message: `There is a container ${name} already, and it is not Kandev's. Remove it with "docker rm ${name}" and start the card again.`,
    },
    { cause },
  );
}
