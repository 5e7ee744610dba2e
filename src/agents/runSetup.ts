import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { UserError } from '../model/failure.ts';
import type { AgentProcess } from './agentProcess.ts';
import { orAborted } from './deadline.ts';

/** What is run in a new workspace, in a container like the agent's, before the agent begins. */
export interface LaunchSetup {
  /** For `sh -c`. */
  script: string;
  limitSeconds: number;
  /** Called when it has ended well. */
  done(): Promise<void>;
}

type SetupProcess = Pick<AgentProcess, 'stdout' | 'exited' | 'collectFiles' | 'dispose'>;

export interface SetupRun {
  setup: LaunchSetup;
  /** Starts a command in a container of its own; what it writes to stderr goes to `onStderr`. */
  start(command: readonly string[], onStderr: (text: string) => void): Promise<SetupProcess>;
  progress: { activity(text: string): void; log(line: string): void };
  signal: AbortSignal;
}

/** So many lines of its end are shown with a failure. */
const shownLines = 20;

/**
 * Runs the setup script to its end. Its container is gone then, however it went.
 *
 * @throws UserError `setup-failed`; what `start` throws; the signal's reason
 */
export async function runSetup(run: SetupRun): Promise<void> {
  const { setup, progress, signal } = run;
  const { script, limitSeconds } = setup;
  progress.activity('Running the setup script');
  const last: string[] = [];
  const output = new PassThrough();
  createInterface({ input: output }).on('line', (line) => {
    progress.log(`setup: ${line}`);
    last.push(line);
    if (last.length > shownLines) last.shift();
    if (line.trim() !== '') progress.activity(line.trim().slice(0, 200));
  });
  const container = await run.start(['sh', '-c', script], (text) => output.write(text));
  try {
    container.stdout.on('data', (chunk: Buffer) => output.write(chunk));
    const limit = AbortSignal.timeout(limitSeconds * 1000);
    const { exitCode, oomKilled } = await orAborted(container.exited, AbortSignal.any([signal, limit])).catch(
      (error: unknown) => {
        signal.throwIfAborted();
        throw limit.aborted ? failed(`took longer than ${limitSeconds} seconds, and was ended`, last) : error;
      },
    );
    if (oomKilled) throw failed('went over the memory limit of the agent', last);
    if (exitCode !== 0) throw failed(`ended with exit code ${exitCode ?? 'unknown'}`, last);
    await container.collectFiles(signal);
  } finally {
    await container.dispose();
  }
  await setup.done();
}

function failed(how: string, last: readonly string[]): UserError {
  const said = last.findLast((line) => line.trim() !== '')?.trim();
  return new UserError({
    reason: 'setup-failed',
    message: `The setup script ${how}.${said === undefined ? '' : ` It last said: ${said}`}`,
    ...(last.length > 0 ? { detail: last.join('\n') } : {}),
    action: { kind: 'openSetting', setting: 'kandev.workspace.setupScript' },
  });
}
