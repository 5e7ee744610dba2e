import { connect, createServer, type Server } from 'node:net';
import { join } from './join.ts';

const mostConnections = 256;

/** Carries what connects to it to the socket of the proxy, which is in another network, and back. */
export function createForwarder(socketPath: string): Server {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    join(client, connect({ path: socketPath, allowHalfOpen: true }));
  });
  server.maxConnections = mostConnections;
  return server;
}
