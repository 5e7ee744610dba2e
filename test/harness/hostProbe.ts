/** What an extension host does while a test has it work, measured from within. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { packageDevExtension } from '../../scripts/devExtension.mts';
import { makeFolder } from './testRun.ts';

export interface HostMeasurement {
  /** The longest that the event loop kept anybody waiting, whoever had the machine meanwhile. */
  longestDelayMs: number;
  delay99Ms: number;
  /** The longest by the CPU time of its thread, which has no part of what other processes took. */
  longestStretchMs: number;
  /** CPU time of the whole process. */
  cpuMs: number;
  /** After a collection of garbage. */
  heapBeforeMb: number;
  heapAfterMb: number;
}

export interface HostProbe {
  /** For `startEditor`: the extension that measures, and where it finds this probe. */
  readonly editor: { extraExtensions: string[]; env: Record<string, string> };
  begin(): Promise<void>;
  end(): Promise<HostMeasurement>;
  close(): void;
}

export async function startHostProbe(): Promise<HostProbe> {
  const extension = await packageDevExtension('test/harness/probe', await makeFolder('probe'), [
    'test/harness/probe/probe.ts',
  ]);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const connected = once(server, 'connection') as Promise<[Socket]>;
  const ask = async (word: 'begin' | 'end'): Promise<unknown> => {
    const [socket] = await connected;
    const lines = createInterface({ input: socket });
    const answered = once(lines, 'line') as Promise<[string]>;
    socket.write(`${word}\n`);
    const [line] = await answered;
    lines.close();
    socket.resume();
    return JSON.parse(line);
  };
  return {
    editor: { extraExtensions: [extension], env: { KANDEV_PROBE_PORT: String(port) } },
    begin: async () => {
      await ask('begin');
    },
    end: async () => (await ask('end')) as HostMeasurement,
    close: () => {
      server.close();
    },
  };
}
