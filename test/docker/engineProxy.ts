import { connect, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { engineAt } from '../harness/images.ts';
import { makeFolder } from '../harness/testRun.ts';

interface Hook {
  pattern: RegExp;
  /** Before the request goes on to the engine, or before its answer comes back. */
  when: 'request' | 'answer';
  /** What this settles with says whether it goes on; one that never settles holds it for ever. */
  run(): Promise<void> | void;
}

/** A way to the engine on which requests and answers can be watched and held up. */
export interface EngineProxy {
  /** As in DOCKER_HOST. */
  dockerHost: string;
  /** Runs once, at the next request whose first line (`POST /containers/create?name=…`) matches. */
  once(when: Hook['when'], pattern: RegExp, run: Hook['run']): void;
  /** Breaks all connections there are. */
  cut(): void;
  close(): Promise<void>;
}

export async function startEngineProxy(dockerHost: string): Promise<EngineProxy> {
  const { connection } = (await engineAt(dockerHost)).endpoint;
  if (connection.kind === 'ssh') throw new Error('The proxy has no way over ssh.');
  const hooks: Hook[] = [];
  const sockets = new Set<Socket>();
  const take = (when: Hook['when'], line: string): Hook | undefined => {
    const index = hooks.findIndex((hook) => hook.when === when && hook.pattern.test(line));
    return index < 0 ? undefined : hooks.splice(index, 1)[0];
  };

  const server = createServer((client) => {
    const engine =
      connection.kind === 'socket' ? connect(connection.path) : connect(connection.port, connection.host);
    for (const socket of [client, engine]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        engine.destroy();
      });
    }
    let request = '';
    relay(client, engine, (chunk) => {
      // Node's client begins every request with a packet of its own.
      const [, line] = /^((?:GET|POST|DELETE) \S+) HTTP/.exec(chunk.toString('latin1')) ?? [];
      if (line === undefined) return undefined;
      request = line;
      return take('request', line)?.run();
    });
    relay(engine, client, () => take('answer', request)?.run());
  });

  const socketFile = path.join(await makeFolder('proxy'), 'docker.sock');
  await new Promise<void>((resolve) => server.listen(socketFile, resolve));
  return {
    dockerHost: `unix://${socketFile}`,
    once: (when, pattern, run) => {
      hooks.push({ pattern, when, run });
    },
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function relay(from: Socket, to: Socket, before: (chunk: Buffer) => Promise<void> | void): void {
  let tail: Promise<void> = Promise.resolve();
  from.on('data', (chunk) => {
    tail = tail.then(async () => {
      await before(chunk);
      to.write(chunk);
    });
  });
  from.on('end', () => {
    void tail.then(() => to.end());
  });
}
