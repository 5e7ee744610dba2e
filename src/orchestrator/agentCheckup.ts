import { createRedactor, secretsOf } from '../acp/redact.ts';
import { AgentCheckFailed, checkAgent, type AgentReport } from '../agents/checkAgent.ts';
import type { AgentType } from '../model/agentType.ts';
import { UserError } from '../model/failure.ts';
import type { RunLog } from '../model/runLog.ts';
import type { HostSettings } from '../model/settings.ts';
import { acpFailure, exitFailure, silenceFailure } from './agentFailure.ts';
import type { Agents } from './runInterfaces.ts';

/** An image that has to be pulled or built first takes its time. */
const limitMs = 15 * 60_000;

export interface AgentCheckup {
  agents: Agents;
  settings: HostSettings;
  log: RunLog;
  storageFolder: string;
  clientVersion: string;
}

/**
 * Starts an agent, asks it what it can do, and stops it.
 * @throws UserError that says why it could not be asked
 */
export async function checkUp(agentType: AgentType, checkup: AgentCheckup): Promise<AgentReport> {
  const { agents, settings, log, storageFolder, clientVersion } = checkup;
  const environment = await settings.environment(agentType.environment);
  const redact = createRedactor(secretsOf(environment));
  const say = (text: string): void => {
    log.info('', `${agentType.name}: ${redact(text)}`);
  };
  const seconds = settings.startTimeoutSeconds();
  try {
    return await checkAgent({
      agents,
      agentType,
      environment,
      folder: settings.folder(),
      storageFolder,
      clientVersion,
      timeoutMs: seconds * 1000,
      progress: { activity: say, log: say, stderr: say, starting: () => undefined },
      signal: AbortSignal.timeout(limitMs),
    });
  } catch (error) {
    if (!(error instanceof AgentCheckFailed)) throw error;
    const context = { taskId: '', agentType, initialized: error.initialized, stderr: redact(error.stderr) };
    const failure = error.exit
      ? exitFailure(error.exit, context)
      : error.error.reason === 'timeout'
        ? silenceFailure(seconds, context)
        : acpFailure(error.error, context);
    // There is no card to try again.
    const { action, ...rest } = failure;
    throw new UserError({
      ...rest,
      action: action && action.kind !== 'retry' ? action : { kind: 'showLog' },
    });
  }
}
