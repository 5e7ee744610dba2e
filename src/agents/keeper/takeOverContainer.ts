import { AgentContainer, AgentStderr } from '../agentContainer.ts';
import type { AgentProcess, ExitInfo } from '../agentProcess.ts';
import { containerName } from '../container.ts';
import type { FileDelivery } from '../containerFiles.ts';
import { deliveredFiles } from '../deliverFiles.ts';
import type { Engine } from '../engine.ts';
import { endCommands } from '../execTerminalCommands.ts';
import { removeContainer } from '../removeContainer.ts';
import { followProxyAgain, removeEgress } from '../runNetwork.ts';
import { resume } from '../standStill.ts';
import { lostSshAgent } from '../lostSshAgent.ts';
import type { TakeOver } from './keeperClient.ts';
import { KeptStdio } from './keptStdio.ts';

const removeLimitMs = 10_000;

/** A run that another process has begun, and what is to be told of it from now on. */
export interface RunToTakeOver {
  runId: string;
  onStderr: (text: string) => void;
  /** As LaunchProgress. */
  blocked: (entry: string) => void;
  notice: (text: string) => void;
  activity: (text: string) => void;
  /** Until when that process has told of it, in milliseconds since the epoch. */
  toldUntil: number;
}

export interface ContainerToTakeOver extends RunToTakeOver {
  engine: Engine;
  /** A folder of this extension's own. */
  storageFolder: string;
}

/**
 * Takes over the container of a run that another process has begun. One that has ended is removed.
 * Returns and throws as AgentManager.takeOver.
 */
export async function takeOverContainer(
  { engine, runId, onStderr, blocked, notice, activity, toldUntil, storageFolder }: ContainerToTakeOver,
  from: TakeOver,
  signal: AbortSignal,
): Promise<AgentProcess | ExitInfo | null> {
  const stderr = new AgentStderr(onStderr);
  const name = containerName(runId);
  // The process before may have ended while it looked at the files.
  await resume(engine, name);
  const stdio = await KeptStdio.takeOver({ engine, containerId: name, onStderr: stderr.write }, from, signal);
  const network = { dispose: () => removeEgress(engine, runId) };
  const inspect = () =>
    engine.call(`looking at container ${name}`, (docker, abortSignal) =>
      docker.getContainer(name).inspect({ abortSignal }),
    );
  const filesOf = (labels: Readonly<Record<string, string>>): Promise<FileDelivery> =>
    deliveredFiles({ engine, name, labels, storageFolder, activity, log: onStderr });
  if (!(stdio instanceof KeptStdio)) {
    const labels = await inspect().then(
      ({ Config }) => Config.Labels,
      () => null,
    );
    const files = labels === null ? null : await filesOf(labels);
    // What the agent has done is nowhere else; where it cannot be had, the container stays.
    await files?.collect(name).then(
      async () => {
        await removeContainer(engine, name, removeLimitMs).catch(() => undefined);
        await files.remove().catch(() => undefined);
      },
      () => undefined,
    );
    await network.dispose().catch(() => undefined);
    return stdio;
  }
  const { Id, Config, HostConfig, Mounts, Created } = await inspect();
  const workingDirectory = Config.WorkingDir;
  if (HostConfig.NetworkMode?.startsWith('container:')) {
    await followProxyAgain({ engine, runId, onBlocked: blocked }, toldUntil, signal);
  }
  const lost = await lostSshAgent({
    mounts: Mounts,
    environment: Config.Env,
    createdAt: Date.parse(Created),
  });
  if (lost !== null) notice(lost);
  const container = { engine, containerId: Id, workingDirectory };
  // An image without a shell has none of them.
  await endCommands(container).catch(() => undefined);
  return new AgentContainer({ ...container, files: await filesOf(Config.Labels), network, stdio, stderr });
}
