import { AgentCheckFailed, checkAgent, type AgentReport } from '../agents/checkAgent.ts';
import type { AgentType } from '../model/agentType.ts';
import { UserError } from '../model/failure.ts';
import type { RunLog } from '../model/runLog.ts';
import type { HostSettings } from '../model/settings.ts';
import { acpFailure, exitFailure, silenceFailure } from './agentFailure.ts';
import type { CredentialDesk } from './credentialDesk.ts';
import type { Agents } from './runInterfaces.ts';

/** An image that has to be pulled or built first takes its time. */
const limitMs = 15 * 60_000;

export interface AgentCheckup {
  agents: Agents;
  credentials: Pick<CredentialDesk, 'grant' | 'secrets'>;
  settings: HostSettings;
  log: RunLog;
  storageFolder: string;
  clientVersion: string;
}

/** Starts agents to ask them what they can do, and stops them; each can be given up. */
export class AgentChecks {
  readonly #checkup: AgentCheckup;
  readonly #underWay = new Map<string, AbortController>();

  constructor(checkup: AgentCheckup) {
    this.#checkup = checkup;
  }

  /**
   * @param checkId names it for `cancel`
   * @throws UserError that says why the agent could not be asked, or that it was given up
   */
  async check(agentType: AgentType, checkId: string): Promise<AgentReport> {
    const givenUp = new AbortController();
    const limit = AbortSignal.timeout(limitMs);
    this.#underWay.set(checkId, givenUp);
    try {
      return await checkUp(agentType, this.#checkup, AbortSignal.any([givenUp.signal, limit]));
    } catch (error) {
      if (!givenUp.signal.aborted && !limit.aborted) throw error;
      const message = givenUp.signal.aborted
        ? `The check of ${agentType.name} was cancelled.`
        : `${agentType.name} could not be started and asked within ${limitMs / 60_000} minutes.`;
      throw new UserError({ reason: 'refused', message, action: { kind: 'showLog' } }, { cause: error });
    } finally {
      this.#underWay.delete(checkId);
    }
  }

  /** Gives a check up, and its container with it; nothing happens when it is over. */
  cancel(checkId: string): void {
    this.#underWay.get(checkId)?.abort();
  }

  cancelAll(): void {
    for (const checkId of this.#underWay.keys()) this.cancel(checkId);
  }
}

/** @throws UserError that says why it could not be asked; the signal's reason */
async function checkUp(
  agentType: AgentType,
  checkup: AgentCheckup,
  signal: AbortSignal,
): Promise<AgentReport> {
  const { agents, credentials, settings, log, storageFolder, clientVersion } = checkup;
  const { environment } = await credentials.grant(agentType);
  const redact = (text: string): string => credentials.secrets.redact(text);
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
      signal,
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
