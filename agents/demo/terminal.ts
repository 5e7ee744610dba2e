import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { TerminalStyle } from './script.ts';
import type { Turn } from './turn.ts';

/** Runs a shell command in the workspace and shows it as a tool call, in one of the ways that agents have. */
export async function runTerminal(
  turn: Turn,
  command: string,
  style: TerminalStyle,
  killWhenPrinted: boolean,
): Promise<void> {
  if (style === 'client') await runInClient(turn, command, killWhenPrinted);
  else await runHere(turn, command, style);
}

/** In a terminal that the client provides (terminal/create); killed, it can still be asked what it has printed. */
async function runInClient(turn: Turn, command: string, killWhenPrinted: boolean): Promise<void> {
  const { sessionId, cwd } = turn.session;
  if (turn.clientCapabilities.terminal !== true) {
    await turn.say('terminal: the client does not support it');
    return;
  }
  const terminal = await turn.unlessCancelled(
    turn.client.createTerminal({ sessionId, command: 'sh', args: ['-c', command], cwd }),
  );
  const toolCallId = await turn.beginTool({
    title: command,
    kind: 'execute',
    content: [{ type: 'terminal', terminalId: terminal.id }],
  });
  try {
    if (killWhenPrinted) {
      while ((await terminal.currentOutput()).output === '') await turn.sleep(20);
      await terminal.kill();
    }
    const { exitCode, signal } = await turn.unlessCancelled(terminal.waitForExit());
    await turn.updateTool(toolCallId, { status: exitCode === 0 ? 'completed' : 'failed' });
    if (killWhenPrinted) {
      const { output } = await terminal.currentOutput();
      await turn.say(`terminal: killed by ${signal ?? `exit ${exitCode}`} after ${JSON.stringify(output)}`);
    }
  } finally {
    await terminal.release();
  }
}

/** Here, with the output as text, or as Codex does in `_meta` for a terminal that the client never made. */
async function runHere(turn: Turn, command: string, style: 'text' | 'meta'): Promise<void> {
  const terminalId = randomUUID();
  const toolCallId = await turn.beginTool({
    title: command,
    kind: 'execute',
    rawInput: { command },
    ...(style === 'meta'
      ? {
          content: [{ type: 'terminal', terminalId }],
          _meta: { terminal_info: { terminal_id: terminalId, cwd: turn.session.cwd } },
        }
      : {}),
  });
  let output = '';
  let shown = Promise.resolve();
  const { code, signal } = await runShell(turn, command, (data) => {
    output += data;
    const text = output;
    shown = shown.then(() =>
      turn.updateTool(
        toolCallId,
        style === 'meta'
          ? { _meta: { terminal_output: { terminal_id: terminalId, data } } }
          : { content: [{ type: 'content', content: { type: 'text', text } }] },
      ),
    );
    // A cancel rejects it before anybody waits for it.
    shown.catch(() => undefined);
  });
  await shown;
  await turn.updateTool(toolCallId, {
    status: code === 0 ? 'completed' : 'failed',
    rawOutput: { exitCode: code, signal },
    ...(style === 'meta'
      ? { _meta: { terminal_exit: { terminal_id: terminalId, exit_code: code, signal } } }
      : {}),
  });
}

interface ShellExit {
  code: number | null;
  signal: string | null;
}

/** Runs `command` to its end, or kills it and all it has started when the turn is cancelled. */
async function runShell(turn: Turn, command: string, onOutput: (data: string) => void): Promise<ShellExit> {
  // A process group of its own, so that the whole of it can be killed.
  const child = spawn('sh', ['-c', command], {
    cwd: turn.session.cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.setEncoding('utf8').on('data', onOutput);
  child.stderr.setEncoding('utf8').on('data', onOutput);
  const closed = new Promise<ShellExit>((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => {
      resolve({ code, signal });
    });
  });
  try {
    return await turn.unlessCancelled(closed);
  } finally {
    if (turn.signal.aborted && child.pid !== undefined && child.exitCode === null)
      process.kill(-child.pid, 'SIGKILL');
  }
}
