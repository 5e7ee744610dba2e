import { AcpError } from '../acp/errors.ts';
import { providerRefusal, providerRefusalIn, type ProviderRefusal } from '../acp/providerRefusal.ts';
import type { SecretMask } from '../acp/secretMask.ts';
import type { ExitInfo } from '../agents/agentProcess.ts';
import type { AgentType } from '../model/agentType.ts';
import { failureOf, type Failure } from '../model/failure.ts';
import { limitFailure } from './limitFailure.ts';
import type { RunSettings } from './runInterfaces.ts';

export interface ExitContext {
  taskId: string;
  agentType: AgentType;
  /** Whether the agent had answered `initialize`. */
  initialized: boolean;
  stderr: string;
}

/** What to tell of an agent whose process ended while somebody still waited for it. */
export function exitFailure(exit: ExitInfo, context: ExitContext): Failure {
  const { agentType, taskId, stderr } = context;
  const detail = stderr.trim();
  const common = {
    ...(detail === '' ? {} : { detail }),
    action: { kind: 'retry', taskId } as const,
  };
  const limit = limitFailure(exit, context);
  if (limit) return limit;
  const code = exit.exitCode === null ? 'without an exit code' : `with exit code ${exit.exitCode}`;
  const said = lastLine(detail);
  if (context.initialized) {
    return {
      ...common,
      reason: 'crashed',
      message: `${agentType.name} ended ${code} in the middle of its work.${said}`,
    };
  }
  // With an init process a missing command shows as 127, and one that may not be run as 126.
  if (exit.exitCode === 127 || exit.exitCode === 126) {
    return {
      ...common,
      reason: 'command-missing',
      message: `The image ${agentType.image} has no command “${agentType.command[0] ?? ''}” that can be run.${said}`,
    };
  }
  return {
    ...common,
    reason: 'exited-before-initialize',
    message: `${agentType.name} ended ${code} before it was ready to work.${said}`,
  };
}

/**
 * What to tell of an agent whose container has ended while nobody led its run.
 *
 * @param exit null when the container is gone
 */
export function goneFailure(exit: ExitInfo | null, context: ExitContext): Failure {
  if (exit?.exitCode === null || exit === null) {
    return {
      reason: 'crashed',
      message: `The container of ${context.agentType.name} was removed while VS Code was closed.`,
      action: { kind: 'retry', taskId: context.taskId },
    };
  }
  return exitFailure(exit, context);
}

/** What to tell of an agent that has started but says nothing. */
export function silenceFailure(seconds: number, { agentType, taskId, stderr }: ExitContext): Failure {
  const detail = stderr.trim();
  return {
    reason: 'no-answer',
    message: `${agentType.name} did not answer within ${seconds} seconds of being started. It was stopped.`,
    ...(detail === '' ? {} : { detail }),
    action: { kind: 'retry', taskId },
  };
}

/** What to tell of an error in the course of a run: of its start, its workspace or its conversation. */
export function runFailure(
  error: unknown,
  { place, startTimeoutSeconds, secrets }: RunSettings,
  context: ExitContext,
): Failure {
  if (error instanceof AcpError) {
    return error.reason === 'timeout'
      ? silenceFailure(startTimeoutSeconds, context)
      : withoutSecrets(acpFailure(error, context), secrets);
  }
  const failure = failureOf(error);
  const isHidden = failure.reason === 'folder-not-visible' && place.place.kind === 'folder';
  return isHidden ? { ...failure, action: { kind: 'workInCopy', taskId: context.taskId } } : failure;
}

function lastLine(stderr: string): string {
  const last = stderr.split('\n').at(-1)?.trim() ?? '';
  return last === '' ? '' : ` It last said: ${last.slice(0, 300)}`;
}

/** What to tell of an error in the conversation itself. */
export function acpFailure(error: AcpError, { agentType, taskId, stderr }: ExitContext): Failure {
  const detail = [error.message, stderr.trim()].filter((part) => part !== '').join('\n');
  const action = { kind: 'retry', taskId } as const;
  switch (error.reason) {
    case 'protocol-version':
      return {
        reason: 'protocol-version',
        message: `${agentType.name} cannot be used: ${error.message}`,
        detail,
        action: { kind: 'openSetting', setting: 'kandev.agents' },
      };
    case 'auth-required':
      return {
        // Some tell what their provider has said, and then there is a key.
        ...(providerFailure(providerRefusalIn(error.message), error.message, agentType, taskId) ?? {
          reason: 'sign-in-needed',
          message: `${agentType.name} needs you to sign in first. Sign in, and the card is started again by itself.`,
          action: { kind: 'signIn', agentTypeId: agentType.id },
        }),
        detail,
      };
    case 'silent':
      return {
        reason: 'no-answer',
        message: `${agentType.name} has fallen silent in the middle of its work. It was stopped.`,
        detail,
        action,
      };
    default:
      return {
        ...(providerFailure(providerRefusal(error), error.message, agentType, taskId) ?? {
          reason: 'agent-error',
          message: `${agentType.name} answered with an error: ${error.message}`,
          action,
        }),
        detail,
      };
  }
}

/** What to tell of an agent that has ended its turn as if all were well, with a message that says what went wrong. */
export function messageFailure(said: string, { agentType, taskId, stderr }: ExitContext): Failure {
  const known = providerFailure(providerRefusalIn(said), said, agentType, taskId);
  const detail = [said, stderr.trim()].filter((part) => part !== '').join('\n');
  return {
    ...(known ?? {
      reason: 'agent-error',
      message: `${agentType.name} could not go on: ${said.slice(0, 300)}`,
      action: { kind: 'retry', taskId },
    }),
    detail,
  };
}

/** Whether a limit is over by itself in a short time, as far as the provider says so. */
function limitPasses(told: string): boolean {
  if (/billing|credit|per day|daily|weekly|monthly|usage limit/i.test(told)) return false;
  return /rate[ _-]?limit|too many requests|per[ -]minute|(?:retry|try again) (?:in|after) \d/i.test(told);
}

/**
 * What to tell of a model that is not served; null when it is not that.
 *
 * @param told the agent's own words for it
 */
function providerFailure(
  refusal: ProviderRefusal | null,
  told: string,
  { id, name }: Pick<AgentType, 'id' | 'name'>,
  taskId: string,
): Failure | null {
  const said = told.length > 300 ? `${told.slice(0, 300)}…` : told;
  const retry = { kind: 'retry', taskId } as const;
  switch (refusal) {
    case null:
      return null;
    case 'credentials':
      return {
        reason: 'sign-in-needed',
        message: `The provider of ${name} does not take the key or the sign-in that it has (${said}). Sign in, and the card is started again by itself.`,
        action: { kind: 'signIn', agentTypeId: id },
      };
    case 'quota':
      return {
        reason: limitPasses(told) ? 'rate-limited' : 'quota',
        message: `The provider of ${name} gives no more for now, by its limits or for want of credit: ${said}`,
        action: retry,
      };
    case 'unavailable':
      return {
        reason: 'provider-unavailable',
        message: `The provider of ${name} cannot serve it at the moment: ${said}`,
        action: retry,
      };
  }
}

/** An error may repeat the key that was not taken. */
export function withoutSecrets(
  { message, detail, ...failure }: Failure,
  secrets: Pick<SecretMask, 'redact'>,
): Failure {
  return {
    ...failure,
    message: secrets.redact(message),
    ...(detail === undefined ? {} : { detail: secrets.redact(detail) }),
  };
}
