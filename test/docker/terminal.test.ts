import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentProcess } from '../../src/agents/agentProcess.ts';
import type { ContainerTerminal, TerminalRequest } from '../../src/agents/execTerminalSession.ts';
import { makeFolder } from '../harness/testRun.ts';
import { ensureTestImage, neverAborted, RecordedProgress, requestFor, testManager } from './agents.ts';

let folder = '';
let agent: AgentProcess;
const size = { columns: 91, rows: 37 };

beforeAll(async () => {
  await ensureTestImage();
  folder = await makeFolder('terminal');
  agent = await launch();
});

afterAll(() => agent.dispose());

async function launch(): Promise<AgentProcess> {
  const manager = await testManager();
  const request = { ...requestFor(folder, ['cat']), environment: { SECRET: 'known' } };
  return manager.launch(request, new RecordedProgress(), neverAborted());
}

/** Opens a terminal, and is sure to close it. */
async function withTerminal(
  request: Partial<TerminalRequest>,
  work: (terminal: ContainerTerminal) => Promise<void>,
): Promise<void> {
  const terminal = await agent.openTerminal?.({ size, ...request });
  if (!terminal) throw new Error('No terminal can be opened beside this agent.');
  try {
    await work(terminal);
  } finally {
    await terminal.close();
  }
}

/** Reads until the text matches, and returns all that was read for it. */
async function shown(stream: Duplex, pattern: RegExp): Promise<string> {
  let text = '';
  while (!pattern.test(text)) {
    const chunk = stream.read() as Buffer | null;
    if (chunk) text += chunk.toString();
    else if (stream.readableEnded) throw new Error(`It ended after ${JSON.stringify(text)}.`);
    else await Promise.race([once(stream, 'readable'), once(stream, 'end')]);
  }
  return text;
}

const sizes =
  'const tell = () => console.log(process.stdout.columns + "x" + process.stdout.rows); tell(); process.stdout.on("resize", tell); process.stdin.resume()';

describe('a terminal in the container of an agent', () => {
  it('has its size before the command looks, and takes another', async () => {
    await withTerminal({ command: ['node', '-e', sizes] }, async (terminal) => {
      const { stream } = terminal;
      expect(await shown(stream, /\n/)).toBe('91x37\r\n');
      await terminal.resize({ columns: 40, rows: 10 });
      expect(await shown(stream, /\n/)).toBe('40x10\r\n');
    });
  });

  it('shows what is typed, and nothing of how it was opened', async () => {
    await withTerminal({ command: ['cat', '-v'] }, async ({ stream, exited }) => {
      stream.write('häl');
      stream.write('lo\n');
      expect(await shown(stream, /\n[^]*\n/)).toBe('hällo\r\nhM-CM-$llo\r\n');
      // What engines swallow unless told otherwise: Ctrl+P, which shells use.
      stream.write('\u0010\n');
      expect(await shown(stream, /\^P[^]*\^P\r\n/)).toBe('^P\r\n^P\r\n');
      stream.write('\u0004');
      expect(await stream.toArray()).toEqual([]);
      expect(await exited).toEqual({ exitCode: 0, signal: null });
    });
  });

  it('is a shell in the folder of the agent, as its user, with its environment', async () => {
    await withTerminal({ env: { MORE: 'a b' } }, async ({ stream, exited }) => {
      stream.write('echo "[$PWD] [$(id -un)] [$HOME] [$SECRET] [$MORE] [$TERM]"; exit 5\n');
      expect(await shown(stream, /\] \[xterm-256color\]/)).toContain(
        `[${folder}] [agent] [/home/agent] [known] [a b] [xterm-256color]`,
      );
      stream.resume();
      expect(await exited).toEqual({ exitCode: 5, signal: null });
    });
  });

  it('interrupts by Ctrl+C', async () => {
    await withTerminal({ command: ['sleep', '711'] }, async ({ stream, exited }) => {
      stream.resume().write('\u0003');
      expect(await exited).toEqual({ exitCode: 130, signal: 'SIGINT' });
    });
  });

  it('hangs up when it is closed, with all that runs in it', async () => {
    const stubborn = "process.on('SIGHUP', () => {}); setInterval(() => {}, 713); console.log('up')";
    const script = `sleep 712 & node -e "${stubborn}"; true`;
    await withTerminal({ command: ['sh', '-c', script] }, async (terminal) => {
      await shown(terminal.stream, /up/);
      await terminal.close();
      await terminal.exited;
      expect(terminal.stream.destroyed).toBe(true);
      await terminal.resize(size);
      await terminal.close();
    });
    await withTerminal({ command: ['ps', '-o', 'args'] }, async ({ stream, exited }) => {
      let text = '';
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
      await exited;
      expect(text).not.toMatch(/sleep 712|713/);
      expect(text).toMatch(/^cat/m);
    });
  });

  it('ends with the container', async () => {
    const short = await launch();
    const terminal = await short.openTerminal?.({ size, command: ['cat'] });
    terminal?.stream.resume();
    await short.dispose();
    expect((await terminal?.exited)?.exitCode).not.toBe(0);
    await terminal?.close();
    await expect(short.openTerminal?.({ size })).rejects.toMatchObject({ failure: { reason: 'no-run' } });
  });

  it('keeps no container from being removed that nobody reads', async () => {
    const short = await launch();
    const terminal = await short.openTerminal?.({ size, command: ['cat', '/dev/zero'] });
    await once(terminal?.stream ?? short.stdout, 'readable');
    const begun = performance.now();
    await short.dispose();
    expect(performance.now() - begun).toBeLessThan(3_000);
  });

  it('names the folder that is not there', async () => {
    await expect(agent.openTerminal?.({ size, cwd: '/no/such/folder' })).rejects.toMatchObject({
      failure: {
        reason: 'invalid-input',
        message: "There is no folder /no/such/folder in the agent's container.",
      },
    });
  });

  it('says that a command is not there', async () => {
    await withTerminal({ command: ['no-such-command'] }, async ({ stream, exited }) => {
      expect(await shown(stream, /not found/)).toContain('no-such-command');
      stream.resume();
      expect(await exited).toEqual({ exitCode: 127, signal: null });
    });
  });
});
