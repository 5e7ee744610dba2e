import { UserError, type Failure } from '../model/failure.ts';

/** An error as dockerode throws it: Node's code where the connection failed, a status where the engine refused. */
interface EngineError {
  code?: string;
  statusCode?: number;
  message: string;
}

function engineError(error: unknown): EngineError {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, statusCode } = error as Error & { code?: unknown; statusCode?: unknown };
  return {
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof statusCode === 'number' ? { statusCode } : {}),
    // The engine's own words stand behind "(HTTP code 500) server error - ".
    message: error.message.replace(/^\(HTTP code \d+\) .*? - /, '').trim(),
  };
}

/** The HTTP status of the engine's refusal; null when it was something else. */
export function statusOf(error: unknown): number | null {
  return engineError(error).statusCode ?? null;
}

/** What the engine, or the operating system below it, said. */
export function messageOf(error: unknown): string {
  return engineError(error).message;
}

const checkEngine = { kind: 'checkEngine' } as const;

/** Why there is no talking to the engine at all; null when it did answer, with a refusal. */
export function connectionFailure(error: unknown, endpoint: string): UserError | null {
  const { code, statusCode, message } = engineError(error);
  if (error instanceof UserError || statusCode !== undefined || code === undefined) return null;
  const failure: Failure = {
    reason: 'engine-not-running',
    message: '',
    detail: message,
    action: checkEngine,
  };
  switch (code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'ENOTSOCK':
      failure.message = `Docker is not installed or not running: nothing answers at ${endpoint}. Start Docker, or name another engine in the setting kandev.docker.host.`;
      break;
    case 'EACCES':
    case 'EPERM':
      failure.reason = 'engine-permission';
      failure.message = `You have no permission for the Docker socket ${endpoint}. Add yourself to the group that owns it (usually "docker": sudo usermod -aG docker $USER), and log in again.`;
      break;
    case 'ECONNRESET':
    case 'EPIPE':
      failure.message = `The connection to Docker at ${endpoint} broke. Look whether Docker is still running.`;
      break;
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EAI_AGAIN':
      return notAnswering(endpoint, error);
    default:
      failure.reason = 'engine-not-answering';
      failure.message = `Kandev cannot talk to Docker at ${endpoint}: ${message}.`;
  }
  return new UserError(failure, { cause: error });
}

export function notAnswering(endpoint: string, cause?: unknown): UserError {
  return new UserError(
    {
      reason: 'engine-not-answering',
      message: `Docker at ${endpoint} does not answer. Restart Docker, or name another engine in the setting kandev.docker.host.`,
      action: checkEngine,
    },
    { cause },
  );
}

export function notAnEngine(endpoint: string): UserError {
  return new UserError({
    reason: 'engine-not-answering',
    message: `What answers at ${endpoint} is not a Docker engine. Name the engine in the setting kandev.docker.host.`,
    action: { kind: 'openSetting', setting: 'kandev.docker.host' },
  });
}

/** An engine that will not say what it is: another server, or Docker Desktop before its machine is up. */
export function refusedFacts(error: unknown, endpoint: string): UserError {
  if (error instanceof UserError) return error;
  if (statusOf(error) === 404) return notAnEngine(endpoint);
  return new UserError(
    {
      reason: 'engine-not-answering',
      message: `Docker at ${endpoint} is not ready: ${messageOf(error)}. Try again when it has started.`,
      action: checkEngine,
    },
    { cause: error },
  );
}

/** @param doing what it did not finish: "removing container kandev-1" */
export function stuck(endpoint: string, doing: string, limitMs: number): UserError {
  return new UserError({
    reason: 'engine-stuck',
    message: `Docker at ${endpoint} is stuck on ${doing} (no answer in ${Math.ceil(limitMs / 1000)} s). Restart Docker.`,
    action: checkEngine,
  });
}

/** Docker has no room left; null when the trouble is another one. */
export function diskFailure(error: unknown): UserError | null {
  const message = messageOf(error);
  if (!/no space left on device|disk quota exceeded/i.test(message)) return null;
  return new UserError(
    {
      reason: 'engine-disk-full',
      message:
        'Docker is out of disk space. Free some, for example with "docker system prune", and try again.',
      detail: message,
    },
    { cause: error },
  );
}

/** What the words about a failed create or start need to name. */
export interface LaunchedThing {
  agentName: string;
  image: string;
  command: readonly string[];
  folder: string;
}

/** Turns the engine's refusal to create or start a container into words; null for what nobody foresaw. */
export function launchFailure(error: unknown, thing: LaunchedThing): UserError | null {
  if (error instanceof UserError) return error;
  const disk = diskFailure(error);
  if (disk) return disk;
  const detail = messageOf(error);
  if (statusOf(error) === 404 && /no such image/i.test(detail)) {
    return new UserError(
      {
        reason: 'image-missing',
        message: `The image ${thing.image} was removed while ${thing.agentName} was being started. Start the card again.`,
        detail,
      },
      { cause: error },
    );
  }
  if (/fill out specgen/i.test(detail)) {
    return new UserError(
      {
        reason: 'folder-not-visible',
        message: `Podman cannot mount ${thing.folder}: its mounts break at commas and quotation marks. Rename the folder, or use another engine.`,
        detail,
        action: { kind: 'openFolder' },
      },
      { cause: error },
    );
  }
  const unseen = unseenPath(error);
  if (unseen !== null) {
    return new UserError(
      {
        reason: 'folder-not-visible',
        message: `Docker does not see ${unseen === '' ? thing.folder : unseen}. Share that folder with Docker (Docker Desktop: Settings, Resources, File sharing), or, where Docker runs on another machine, have the card work in a copy of the folder: that is sent there and brought back.`,
        detail,
      },
      { cause: error },
    );
  }
  if (
    // As runc and as crun say it. Only engines that do without an init process do: with one the agent ends with 127.
    /exec: "|executable file .*not found/i.test(detail)
  ) {
    return new UserError(commandMissing(thing, detail), { cause: error });
  }
  return null;
}

/** The path of a mount that the engine cannot find; null when that is not what it complains about. */
export function unseenPath(error: unknown): string | null {
  const detail = messageOf(error);
  const missing = /bind source path does not exist: (.+)$/m.exec(detail);
  if (missing) return missing[1]?.trim() ?? '';
  // Docker Desktop.
  const denied = /mounts denied:[^]*?The path (.+?) is not shared/i.exec(detail);
  if (denied) return denied[1]?.trim() ?? '';
  return /error while creating mount source path|mounts denied/i.test(detail) ? '' : null;
}

/** The image has no such command, or it may not be run. */
function commandMissing(thing: Omit<LaunchedThing, 'folder'>, detail: string): Failure {
  const command = thing.command[0] ?? '';
  const problem = /permission denied/i.test(detail) ? 'may not be run' : 'is not there';
  return {
    reason: 'command-missing',
    message: `${thing.agentName} could not be started: the command "${command}" ${problem} in the image ${thing.image}. Correct the command or the image of the agent in the setting kandev.agents.`,
    detail,
    action: { kind: 'openSetting', setting: 'kandev.agents' },
  };
}
