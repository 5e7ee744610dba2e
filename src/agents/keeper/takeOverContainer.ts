import { AgentContainer, AgentStderr } from '../agentContainer.ts';
import type { AgentProcess, ExitInfo } from '../agentProcess.ts';
import { containerName } from '../container.ts';
import { bindFiles } from '../containerFiles.ts';
import type { Engine } from '../engine.ts';
import { endCommands } from '../execTerminalCommands.ts';
import { removeContainer } from '../removeContainer.ts';
import { removeEgress } from '../runNetwork.ts';
import type { TakeOver } from './keeperClient.ts';
import { KeptStdio } from './keptStdio.ts';

const removeLimitMs = 10_000;

export interface ContainerToTakeOver {
  engine: Engine;
  runId: string;
  onStderr: (text: string) => void;
}

/**
 * Takes over the container of a run that another process has begun. One that has ended is removed.
 * Returns and throws as AgentManager.takeOver.
 */
export async function takeOverContainer(
  { engine, runId, onStderr }: ContainerToTakeOver,
  from: TakeOver,
  signal: AbortSignal,
): Promise<AgentProcess | ExitInfo | null> {
  const stderr = new AgentStderr(onStderr);
  const name = containerName(runId);
  const stdio = await KeptStdio.takeOver({ engine, containerId: name, onStderr: stderr.write }, from, signal);
  const network = { dispose: () => removeEgress(engine, runId) };
  if (!(stdio instanceof KeptStdio)) {
    await removeContainer(engine, name, removeLimitMs).catch(() => undefined);
    await network.dispose().catch(() => undefined);
    return stdio;
  }
  const { Id, Config } = await engine.call(`looking at container ${name}`, (docker, abortSignal) =>
    docker.getContainer(name).inspect({ abortSignal }),
  );
  const workingDirectory = Config.WorkingDir;
  const container = { engine, containerId: Id, workingDirectory };
  // An image without a shell has none of them.
  await endCommands(container).catch(() => undefined);
  return new AgentContainer({ ...container, files: bindFiles([]), network, stdio, stderr });
}
