import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { containerLabels } from '../../src/agents/labels.ts';
import { testRunId } from '../harness/testRun.ts';

/** A registry on loopback, as far as a pull needs one. Engines take loopback without TLS. */
export interface TestRegistry {
  /** `127.0.0.1:41234` */
  host: string;
  /** Half of the layer is sent only when this is called. */
  releaseLayer(): void;
  /** Settles when half of the layer is on its way. */
  layerBegun: Promise<void>;
  /** Has another image under the same name from now on. */
  replaceImage(): Promise<void>;
  close(): Promise<void>;
}

interface Blob {
  digest: string;
  content: Buffer;
}

/** The size of the only layer; random, so that it stays as large when it is compressed. */
const layerBytes = 8_000_000;

/**
 * Holds `agent:1`; gives no `agent:other`; wants a sign-in for `private`, where ann with the password `secret` finds the
 * same, and refuses everybody for `refused`. With `wantsSignIn` it says so at its door, as registries do.
 */
export async function startRegistry({ wantsSignIn = false } = {}): Promise<TestRegistry> {
  let { layer, config, manifest } = await makeImage();
  const released = gate();
  const begun = gate();

  const sendLayer = async (response: ServerResponse) => {
    const half = layer.content.length / 2;
    response.writeHead(200, { 'Content-Length': layer.content.length });
    response.write(layer.content.subarray(0, half), () => {
      begun.resolve();
    });
    await released.promise;
    response.end(layer.content.subarray(half));
  };

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const asked = request.url ?? '';
    const isAnn = request.headers.authorization === `Basic ${Buffer.from('ann:secret').toString('base64')}`;
    // Somebody who is signed in finds the same there.
    const url = isAnn ? asked.replace('/v2/private/', '/v2/agent/') : asked;
    if (url === '/v2/' && wantsSignIn && !isAnn) {
      response.setHeader('WWW-Authenticate', 'Basic realm="test"');
      refuse(response, 401, 'UNAUTHORIZED', 'authentication required');
    } else if (url === '/v2/') {
      response.end('{}');
    } else if (url.startsWith('/v2/private/')) {
      response.setHeader('WWW-Authenticate', 'Basic realm="test"');
      refuse(response, 401, 'UNAUTHORIZED', 'authentication required');
    } else if (url.startsWith('/v2/refused/')) {
      refuse(response, 403, 'DENIED', 'requested access to the resource is denied');
    } else if (url === '/v2/agent/manifests/1' || url === `/v2/agent/manifests/${manifest.digest}`) {
      response.writeHead(200, {
        'Content-Type': 'application/vnd.docker.distribution.manifest.v2+json',
        'Content-Length': manifest.content.length,
        'Docker-Content-Digest': manifest.digest,
      });
      response.end(request.method === 'HEAD' ? undefined : manifest.content);
    } else if (url === `/v2/agent/blobs/${config.digest}`) {
      response.end(config.content);
    } else if (url === `/v2/agent/blobs/${layer.digest}`) {
      void sendLayer(response);
    } else {
      refuse(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown');
    }
  };

  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    releaseLayer: released.resolve,
    replaceImage: async () => {
      ({ layer, config, manifest } = await makeImage());
    },
    layerBegun: begun.promise,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A promise, and what settles it. */
function gate(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ errors: [{ code, message }] }));
}

function blob(content: Buffer | string): Blob {
  return { content: Buffer.from(content), digest: digestOf(content) };
}

function digestOf(content: Buffer | string): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** An image of one layer that no other has, labelled for this test run. */
async function makeImage(): Promise<{ layer: Blob; config: Blob; manifest: Blob }> {
  const archive = pack();
  archive.entry({ name: 'noise' }, randomBytes(layerBytes));
  archive.finalize();
  const tar = await buffer(archive);
  const layer = blob(gzipSync(tar, { level: 0 }));
  const config = blob(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Labels: { [containerLabels.testRun]: testRunId() } },
      rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
    }),
  );
  const manifest = blob(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      config: reference('application/vnd.docker.container.image.v1+json', config),
      layers: [reference('application/vnd.docker.image.rootfs.diff.tar.gzip', layer)],
    }),
  );
  return { layer, config, manifest };
}

function reference(mediaType: string, { digest, content }: Blob): object {
  return { mediaType, digest, size: content.length };
}
