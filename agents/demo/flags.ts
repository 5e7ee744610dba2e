import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

/** What the command line chooses: what a prompt is too late for. README.md documents each. */
export interface Flags {
  exitBeforeInitialize: number | undefined;
  stderr: string | undefined;
  silent: boolean;
  ignoreSigterm: boolean;
  noise: boolean;
  slowInitializeMs: number;
  protocolVersion: number | undefined;
  stateDirectory: string;
  /** Where sign-in is asked for. */
  auth: 'never' | 'session' | 'prompt';
  /** Who has KANDEV_DEMO_KEY in the environment is signed in. */
  authByKey: boolean;
  /** Offers modes and models the older way, and no options. */
  olderSettings: boolean;
  /** Answers session/load before it repeats the conversation. */
  lateReplay: boolean;
  /** Says that it takes pictures. */
  pictures: boolean;
  login: boolean;
}

/** A command line that cannot be understood. */
export class FlagError extends Error {
  override readonly name = 'FlagError';
}

/** Reads the command line without the program's name. Throws `FlagError`. */
export function parseFlags(args: readonly string[]): Flags {
  const { values } = parse(args);
  return {
    exitBeforeInitialize: parseNumber('exit-before-initialize', values['exit-before-initialize']),
    stderr: values.stderr,
    silent: values.silent,
    ignoreSigterm: values['ignore-sigterm'],
    noise: values.noise,
    slowInitializeMs: parseNumber('slow-initialize', values['slow-initialize']) ?? 0,
    protocolVersion: parseNumber('protocol-version', values['protocol-version']),
    stateDirectory: values['state-dir'] ?? defaultStateDirectory(),
    authByKey: values['auth-key'],
    olderSettings: values['older-settings'],
    lateReplay: values['late-replay'],
    pictures: !values['no-pictures'],
    auth: values.auth || values['auth-key'] ? 'session' : values['auth-at-prompt'] ? 'prompt' : 'never',
    login: values.login,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        'exit-before-initialize': { type: 'string' },
        stderr: { type: 'string' },
        silent: { type: 'boolean', default: false },
        'ignore-sigterm': { type: 'boolean', default: false },
        noise: { type: 'boolean', default: false },
        'slow-initialize': { type: 'string' },
        'protocol-version': { type: 'string' },
        'state-dir': { type: 'string' },
        auth: { type: 'boolean', default: false },
        'auth-at-prompt': { type: 'boolean', default: false },
        'auth-key': { type: 'boolean', default: false },
        'older-settings': { type: 'boolean', default: false },
        'late-replay': { type: 'boolean', default: false },
        'no-pictures': { type: 'boolean', default: false },
        login: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new FlagError(error instanceof Error ? error.message : String(error));
  }
}

function parseNumber(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d+$/.test(value)) throw new FlagError(`--${name} takes a whole number, not "${value}"`);
  return Number(value);
}

function defaultStateDirectory(): string {
  return path.join(process.env.HOME ?? os.tmpdir(), '.kandev-demo');
}

/** KANDEV_DEMO_SPEED: how many times faster than normal, 1 when it is not set. Throws `FlagError`. */
export function parseSpeed(value: string | undefined): number {
  if (value === undefined || value === '') return 1;
  const speed = Number(value);
  if (!Number.isFinite(speed) || speed <= 0) {
    throw new FlagError(`KANDEV_DEMO_SPEED is a number above 0, not "${value}"`);
  }
  return speed;
}
