/** The steps of a script that misbehave. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { RequestError } from '@agentclientprotocol/sdk';
import type { Step } from './script.ts';
import type { Handlers } from './scriptRun.ts';
import type { Turn } from './turn.ts';
import { cutInsideCharacters } from './wire.ts';

type FaultName =
  | 'noise'
  | 'line'
  | 'split-utf8'
  | 'memory'
  | 'auth-required'
  | 'error'
  | 'fail'
  | 'crash'
  | 'hang'
  | 'when-cancelled';

export const faultSteps: Handlers<FaultName> = {
  noise: ({ turn }, { text }) => turn.wire.writeLine(text),
  line: ({ turn }, { bytes }) =>
    turn.send({
      sessionUpdate: 'agent_message_chunk',
      content: { type: 'text', text: 'x'.repeat(bytes) },
    }),
  'split-utf8': ({ turn }, { text }) => sendInPieces(turn, text),
  memory: async ({ turn }, { bytes }) => {
    const blocks: Buffer[] = [];
    const block = 16 * 1024 * 1024;
    // Filled, since the system gives memory only when it is written to; in steps, so that a cancel gets through.
    for (let left = bytes; left > 0; left -= block) {
      blocks.push(Buffer.alloc(Math.min(left, block), 1));
      await turn.sleep(1);
    }
    const held = blocks.reduce((sum, { length }) => sum + length, 0);
    await turn.say(`holding ${held} bytes`);
  },
  'auth-required': async ({ turn }) => {
    if (!(await turn.isSignedIn())) throw RequestError.authRequired();
  },
  error: (_run, { code, text }) => Promise.reject(new RequestError(code, text)),
  fail: ({ turn }, step) => failSometimes(turn, step),
  crash: (_run, { code, text }) => crash(code, text),
  hang: () => new Promise<never>(() => undefined),
  'when-cancelled': ({ turn }, { answer }) => {
    turn.cancelAnswer = answer;
    return Promise.resolve();
  },
};

async function sendInPieces(turn: Turn, text: string): Promise<void> {
  const update = { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } } as const;
  const params = { sessionId: turn.session.sessionId, update };
  const line = `${JSON.stringify({ jsonrpc: '2.0', method: 'session/update', params })}\n`;
  turn.session.history.push(update);
  await turn.wire.write(cutInsideCharacters(line), 20);
}

/** Writes to stderr and exits; nothing after it happens. */
async function crash(code: number, text: string | undefined): Promise<never> {
  if (text !== undefined) {
    await new Promise<void>((resolve) => {
      process.stderr.write(`${text}\n`, () => {
        resolve();
      });
    });
  }
  process.exit(code);
}

/** The counter is a file, so that it outlives the process: relative to the workspace, or below `~/`. */
async function failSometimes(turn: Turn, step: Extract<Step, { do: 'fail' }>): Promise<void> {
  const file = step.counter.startsWith('~/')
    ? path.join(os.homedir(), step.counter.slice(2))
    : path.resolve(turn.session.cwd, step.counter);
  const failures = Number(await readFile(file, 'utf8').catch(() => '0'));
  if (failures >= step.times) return;
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, String(failures + 1));
  const text = step.error ?? `failure ${failures + 1} of ${step.times}`;
  if (step.exit !== undefined) await crash(step.exit, text);
  throw new RequestError(-32603, text);
}
