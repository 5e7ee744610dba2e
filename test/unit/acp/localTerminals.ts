import { spawn } from 'node:child_process';
import type { TerminalCommand, TerminalHandlers } from '../../../src/acp/clientHandlers.ts';
import type { TerminalExit } from '../../../src/acp/types.ts';

/** Commands as real processes of this machine, in process groups of their own. */
export class LocalTerminals implements TerminalHandlers {
  readonly started: TerminalCommand[] = [];
  readonly killed: string[] = [];

  async start(request: TerminalCommand, onOutput: (bytes: Uint8Array) => void) {
    this.started.push(request);
    const { command, args, cwd, env, terminalId } = request;
    const child = spawn(command, [...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, ...Object.fromEntries(env.map(({ name, value }) => [name, value])) },
      ...(cwd === null ? {} : { cwd }),
    });
    child.stdout.on('data', onOutput);
    child.stderr.on('data', onOutput);
    const exited = new Promise<TerminalExit>((resolve) => {
      child.once('close', (exitCode, signal) => {
        resolve({ exitCode, signal });
      });
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    const kill = (): Promise<void> => {
      this.killed.push(terminalId);
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      return Promise.resolve();
    };
    return { exited, kill };
  }
}
