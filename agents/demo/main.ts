/**
 * Kandev's demo agent: an ACP agent on stdin and stdout that needs no account, and with a script in the prompt the
 * agent that Kandev is tested with. See README.md.
 */
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { ndJsonStream } from '@agentclientprotocol/sdk';
import { DemoAgent } from './agent.ts';
import { FlagError, parseFlags, parseSpeed, type Flags } from './flags.ts';
import { SessionStore } from './sessions.ts';
import { Wire } from './wire.ts';

async function main(): Promise<void> {
  const flags = parseFlags(process.argv.slice(2));
  const speed = parseSpeed(process.env.KANDEV_DEMO_SPEED);
  const store = new SessionStore(flags.stateDirectory, (message) => {
    process.stderr.write(`${message}\n`);
  });
  // PID 1 has no default for these signals.
  process.on('SIGINT', () => process.exit(130));
  process.on('SIGTERM', () => {
    if (!flags.ignoreSigterm) process.exit(143);
  });
  if (flags.stderr !== undefined) process.stderr.write(`${flags.stderr}\n`);
  if (flags.exitBeforeInitialize !== undefined) process.exit(flags.exitBeforeInitialize);
  if (flags.login) {
    await store.setSignedIn(true);
    process.stdout.write('You are signed in to the demo agent.\n');
    return;
  }
  await serve(flags, store, speed);
  // A step that hangs must not outlive the client.
  process.exit(0);
}

/** Resolves when the client has closed stdin or is gone. */
async function serve(flags: Flags, store: SessionStore, speed: number): Promise<void> {
  const wire = new Wire(process.stdout);
  if (flags.noise) for (const line of startupNoise) await wire.writeLine(line);
  if (flags.silent) {
    process.stdin.resume();
    await once(process.stdin, 'end');
    return;
  }
  const app = new DemoAgent(flags, store, wire, speed).createApp();
  await app.connect(ndJsonStream(wire.writable, Readable.toWeb(process.stdin))).closed;
}

/** What real agents and the tools they start print on a stdout that is meant for messages. */
const startupNoise = [
  '',
  'Debugger listening on ws://127.0.0.1:9229/0f2c936f-b1cd-4ac9-aab3-f63b0f33d55e',
  '\u001b[33mwarning\u001b[0m: a newer version is available',
  '5',
  'null',
  '["not", "a", "message"]',
  '{"not": "a message"}',
  '{"unfinished": ',
];

process.stdout.on('error', () => {
  // The client is gone, and there is nobody to tell.
  process.exit(0);
});

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof FlagError ? error.message : String(error)}\n`);
  process.exit(error instanceof FlagError ? 2 : 1);
});
