import type { IncomingMessage } from 'node:http';
import { Writable, type Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import * as v from 'valibot';
import { dial } from './dial.ts';
import type { Engine } from './engine.ts';

/** The container's stdin, stdout and stderr as one connection; to be made before the start, or early output is lost. */
export function attach(engine: Engine, containerId: string, signal: AbortSignal): Promise<Duplex> {
  return engine.call(
    `connecting to container ${containerId.slice(0, 12)}`,
    async (docker, abortSignal) => {
      const socket = (await dial(docker, {
        method: 'POST',
        path: `/containers/${containerId}/attach`,
        query: { stream: true, stdin: true, stdout: true, stderr: true },
        abortSignal,
        hijack: true,
      })) as Duplex;
      // A connection that breaks shows by its end; with nobody listening the error would be fatal.
      socket.on('error', () => undefined);
      // Nobody waits for one that comes too late.
      if (abortSignal.aborted) socket.destroy();
      return socket;
    },
    { signal },
  );
}

/** The agent's stdin. It has no end: that of the connection is not the agent's, which outlives its clients. */
export function openEnded(socket: Duplex): Writable {
  const stdin = new Writable({
    write(chunk: Buffer, _encoding, done) {
      socket.write(chunk, done);
    },
  });
  // Whoever writes hears of a broken connection by the callback; with nobody listening it must not be fatal.
  stdin.on('error', () => undefined);
  return stdin;
}

const waitSchema = v.object({ StatusCode: v.number() });

/**
 * Begins to wait for the container's next exit, and resolves when the engine does: a container that is started after
 * that cannot end unnoticed.
 *
 * @returns the exit code; null when the engine left without telling it
 */
export async function beginWait(
  engine: Engine,
  containerId: string,
): Promise<{ exitCode: Promise<number | null> }> {
  const response = await engine.call(
    `waiting for container ${containerId.slice(0, 12)}`,
    (docker, abortSignal) =>
      dial(docker, {
        method: 'POST',
        path: `/containers/${containerId}/wait`,
        query: { condition: 'next-exit' },
        abortSignal,
        stream: true,
      }),
  );
  const exitCode = text(response as IncomingMessage).then(
    (body) => v.parse(waitSchema, JSON.parse(body)).StatusCode,
  );
  return { exitCode: exitCode.catch(() => null) };
}
