import { copyFile, mkdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentManager } from '../../src/agents/agentManager.ts';
import { containerLabels } from '../../src/agents/labels.ts';
import { removeContainer } from '../../src/agents/removeContainer.ts';
import type { NetworkAccess } from '../../src/model/networkAccess.ts';
import { bundled } from '../harness/localAgents.ts';
import { makeFolder } from '../harness/testRun.ts';
import {
  ensureTestImage,
  neverAborted,
  readUntil,
  RecordedProgress,
  requestFor,
  takenOver,
  testEngine,
  testManager,
  withAgent,
} from './agents.ts';

let manager: AgentManager;
let folder = '';
let server: Server;
/** What reached the server: the name that was asked for, and the path. */
const reached: string[] = [];
let port = 0;

beforeAll(async () => {
  await ensureTestImage();
  const distFolder = dirname(await bundled('src/egress/main.ts', 'egress.js'));
  await mkdir(join(distFolder, 'agents'));
  await copyFile(
    await bundled('src/agents/keeper/main.ts', 'keeper.js'),
    join(distFolder, 'agents', 'keeper.js'),
  );
  manager = await testManager({ distFolder });
  folder = await makeFolder('network');
  server = createServer((request, response) => {
    reached.push(`${request.headers.host ?? ''} ${request.url ?? ''}`);
    response.end('hello from the machine');
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  port = (server.address() as AddressInfo).port;
});

afterAll(() => {
  server.close();
});

/** Every address that this machine has, and names that lead to it. */
function hostAddresses(): string[] {
  const own = Object.values(networkInterfaces())
    .flat()
    .flatMap((entry) => (entry?.family === 'IPv4' ? [entry.address] : []));
  return [...own, 'host.docker.internal', 'gateway.docker.internal'];
}

/** Runs a program of node that prints a line of JSON, and returns what that says with what was told of its network. */
async function run(
  network: NetworkAccess,
  program: string,
): Promise<{ said: unknown; blocked: string[]; runId: string }> {
  const script = `const result = await (async () => { ${program} })(); console.log(JSON.stringify(result)); for await (const _ of process.stdin);`;
  const request = requestFor(folder, ['node', '--input-type=module', '-e', script], {
    resources: { cpus: 1, memoryMb: 256, pids: 100, network },
  });
  const blocked: string[] = [];
  const progress = Object.assign(new RecordedProgress(), {
    blocked: (entry: string) => {
      blocked.push(entry);
    },
  });
  return withAgent(manager.launch(request, progress, neverAborted()), async (agent) => {
    const said: unknown = JSON.parse(await readUntil(agent.stdout, /\n/));
    return { said, blocked, runId: request.runId };
  });
}

/** Tries to open a connection; gives what happened. */
const tryConnect = `
  const net = await import('node:net');
  const dial = (host, port) => new Promise((resolve) => {
    const socket = net.connect({ host, port });
    socket.setTimeout(2000, () => { resolve('timeout'); socket.destroy(); });
    socket.on('connect', () => { resolve('CONNECTED'); socket.destroy(); });
    socket.on('error', (error) => resolve(error.code));
  });`;

/** Asks through the proxy, as programs do that know only HTTP_PROXY. */
const throughProxy = `
  const http = await import('node:http');
  const proxy = new URL(process.env.HTTP_PROXY);
  const plain = (url, headers = {}) => new Promise((resolve) => {
    http.get({ host: proxy.hostname, port: proxy.port, path: url, headers: { host: new URL(url).host, ...headers } }, (answer) => {
      let text = ''; answer.on('data', (part) => text += part); answer.on('end', () => resolve(answer.statusCode + ' ' + text.trim()));
    }).on('error', (error) => resolve(error.code));
  });
  const tunnel = (target, send) => new Promise((resolve) => {
    const request = http.request({ host: proxy.hostname, port: proxy.port, method: 'CONNECT', path: target });
    request.on('connect', (answer, socket, head) => {
      if (answer.statusCode !== 200) return resolve(answer.statusCode);
      let text = head.toString(); socket.on('data', (part) => text += part); socket.on('end', () => resolve('200 ' + text.split('\\r\\n').at(-1)));
      socket.write(send);
    });
    request.on('error', (error) => resolve(error.code));
    request.end();
  });`;

async function namesOf(runId: string): Promise<string[]> {
  const engine = await testEngine();
  const found = await engine.call('listing containers', (docker) =>
    docker.listContainers({ all: true, filters: { label: [`${containerLabels.networkOf}=${runId}`] } }),
  );
  return found.flatMap(({ Names }) => Names);
}

async function volumes(): Promise<string[]> {
  const engine = await testEngine();
  const { Volumes } = await engine.call('listing volumes', (docker) => docker.listVolumes());
  return Volumes.map(({ Name }) => Name);
}

describe('an agent without a network', () => {
  it('reaches neither this machine nor anything else', async () => {
    const targets = [...hostAddresses(), '1.1.1.1', '169.254.169.254', 'example.com'];
    const { said } = await run(
      'none',
      `${tryConnect} return Promise.all(${JSON.stringify(targets)}.map((host) => dial(host, ${port})));`,
    );
    expect(said).not.toContain('CONNECTED');
    expect(said).toHaveLength(targets.length);
  });
});

describe('an agent in the bridge network', () => {
  it('reaches this machine, as the tests of the other networks count on', async () => {
    const { said } = await run(
      'bridge',
      `${tryConnect} return Promise.all(${JSON.stringify(hostAddresses())}.map((host) => dial(host, ${port})));`,
    );
    expect(said).toContain('CONNECTED');
  });
});

describe('an agent with a list of hosts', () => {
  it('reaches nothing past the proxy: neither this machine, nor the proxy itself, nor a name server', async () => {
    const targets = [...hostAddresses().filter((host) => host !== '127.0.0.1'), '1.1.1.1', '169.254.169.254'];
    const { said, blocked } = await run(
      ['api.example.com'],
      `${tryConnect}
       const dns = await import('node:dns/promises');
       const { networkInterfaces } = await import('node:os');
       const names = await Promise.all(['example.com', 'api.example.com'].map((name) => dns.lookup(name).then(() => 'FOUND', (error) => error.code)));
       const dials = await Promise.all(${JSON.stringify(targets)}.map((host) => dial(host, ${port})));
       return { names, dials, interfaces: Object.keys(networkInterfaces()) };`,
    );
    expect(said).toMatchObject({ interfaces: ['lo'] });
    expect(JSON.stringify(said)).not.toMatch(/CONNECTED|FOUND/);
    expect(blocked).toEqual([]);
  });

  it('reaches what is listed, by both ways, and is told of what is not', async () => {
    const host = `host.docker.internal:${port}`;
    const before = reached.length;
    const { said, blocked } = await run(
      [host, '*.example.org'],
      `${throughProxy}
       const listed = await plain('http://${host}/plain?a=1', { host: 'other.example.net' });
       const tunnelled = await tunnel('${host}', 'GET /tunnel HTTP/1.1\\r\\nHost: ${host}\\r\\nConnection: close\\r\\n\\r\\n');
       const refused = [await plain('http://evil.example.com/'), await tunnel('evil.example.com:443', ''), await tunnel('evil.example.com:22', ''),
         await plain('http://host.docker.internal:${port === 65535 ? 1 : port + 1}/'), await tunnel('127.0.0.1:3128', ''), await tunnel('169.254.169.254:80', '')];
       return { listed, tunnelled, refused };`,
    );
    expect(said).toMatchObject({
      listed: '200 hello from the machine',
      tunnelled: expect.stringContaining('hello from the machine') as string,
      refused: [
        expect.stringMatching(/^403 Kandev does not let this agent reach evil\.example\.com/) as string,
        403,
        403,
        expect.stringMatching(/^403/) as string,
        403,
        403,
      ],
    });
    // By the name that is listed, whatever else the agent has said.
    expect(reached.slice(before)).toEqual([`${host} /plain?a=1`, `${host} /tunnel`]);
    expect(blocked).toEqual([
      'evil.example.com',
      'evil.example.com:22',
      `host.docker.internal:${port === 65_535 ? 1 : port + 1}`,
      '127.0.0.1:3128',
      '169.254.169.254',
    ]);
  });

  it('reaches neither an inner network nor this machine by a name that only a pattern covers', async () => {
    // sslip.io and the like lead anywhere; here the engine's own name stands in for one: it leads to this machine.
    const { said } = await run(
      ['host.docker.internal', `*.docker.internal:${port}`],
      `${throughProxy} return [await plain('http://host.docker.internal:${port}/')];`,
    );
    expect(said).toEqual([expect.stringMatching(/^403 .*may not be reached/) as string]);
  });

  it('reaches no address that says who this machine is, and no loopback, whatever the list says', async () => {
    const { said } = await run(
      ['169.254.169.254', '*.google.internal', `localhost:${port}`, `127.0.0.1:${port}`],
      `${throughProxy}
       const urls = ['http://169.254.169.254/latest/meta-data/', 'http://2852039166/', 'http://0xa9fea9fe/', 'http://[::ffff:169.254.169.254]/',
         'http://metadata.google.internal/', 'http://localhost:${port}/', 'http://127.0.0.1:${port}/', 'http://0.0.0.0:${port}/', 'http://2130706433:${port}/', 'http://[::1]:${port}/'];
       return Promise.all([...urls.map((url) => plain(url)), tunnel('169.254.169.254:443', ''), tunnel('127.0.0.1:${port}', '')]);`,
    );
    for (const answer of said as (string | number)[]) expect(String(answer)).toMatch(/^(403|502)/);
    expect(JSON.stringify(said)).not.toContain('hello from the machine');
  });

  it('finds the way out where programs look for it, and node by itself', async () => {
    const { said } = await run(
      [`host.docker.internal:${port}`],
      `const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];
       return Object.fromEntries(names.map((name) => [name, process.env[name]]));`,
    );
    expect(said).toEqual({
      HTTP_PROXY: 'http://127.0.0.1:3128',
      HTTPS_PROXY: 'http://127.0.0.1:3128',
      http_proxy: 'http://127.0.0.1:3128',
      https_proxy: 'http://127.0.0.1:3128',
      NO_PROXY: 'localhost,127.0.0.1,::1',
      no_proxy: 'localhost,127.0.0.1,::1',
    });
  });

  it('leaves neither containers nor volumes behind', async () => {
    const before = await volumes();
    const { runId } = await run(['api.example.com'], `return 1;`);
    expect(await namesOf(runId)).toEqual([]);
    expect((await volumes()).filter((name) => !before.includes(name))).toEqual([]);
  });

  it('is cleaned up after when nobody could', async () => {
    const request = requestFor(folder, ['cat'], {
      resources: { cpus: 1, memoryMb: 256, pids: 100, network: ['api.example.com'] },
    });
    await manager.launch(request, new RecordedProgress(), neverAborted());
    expect((await namesOf(request.runId)).sort()).toEqual([
      `/kandev-${request.runId}-network`,
      `/kandev-${request.runId}-proxy`,
    ]);
    const other = await testManager({ workspace: 'another' });
    await other.removeLeftovers(() => false);
    expect(await namesOf(request.runId)).toHaveLength(2);
    // Also where the agent's own container is gone already, as by "docker rm".
    await removeContainer(await testEngine(), `kandev-${request.runId}`, 10_000);
    const left = await manager.findOrphans(() => Promise.resolve(false));
    const found = left.find(({ runId }) => runId === request.runId);
    expect(found).toMatchObject({ cause: { kind: 'card-gone' }, hasNetwork: true, holdsWork: false });
    expect(found?.containers).toHaveLength(2);
    expect(await manager.removeLeftovers(() => false)).toContain(request.runId);
    expect(await namesOf(request.runId)).toEqual([]);
  });

  it('is told of again by whoever goes on with the run', async () => {
    const request = requestFor(
      folder,
      [
        'node',
        '--input-type=module',
        '-e',
        `${throughProxy} for await (const name of process.stdin) console.log(await plain('http://' + name.toString().trim() + '/'));`,
      ],
      { resources: { cpus: 1, memoryMb: 256, pids: 100, network: ['api.example.com'] } },
    );
    const left = await manager.launch({ ...request, outlives: true }, new RecordedProgress(), neverAborted());
    left.stdin.write('before.example\n');
    await readUntil(left.stdout, /403/);
    left.detach();
    // The engine's clock for these is in whole seconds.
    await sleep(1_100);
    const told: string[] = [];
    const run = takenOver(request.runId, { blocked: (entry) => told.push(entry), toldUntil: Date.now() });
    const agent = await manager.takeOver(run, { offset: 0, asked: [], answered: [] }, neverAborted());
    if (agent === null || !('stdin' in agent)) throw new Error('The agent does not run any more.');
    await withAgent(Promise.resolve(agent), async () => {
      agent.stdin.write('after.example\n');
      await readUntil(agent.stdout, /403[^]*403/);
      await expect.poll(() => told).toEqual(['after.example']);
    });
  });

  it('can be given another one while it works', async () => {
    const request = requestFor(
      folder,
      [
        'node',
        '--input-type=module',
        '-e',
        `${throughProxy} for await (const _ of process.stdin) console.log(await plain('http://host.docker.internal:${port}/again'));`,
      ],
      { resources: { cpus: 1, memoryMb: 256, pids: 100, network: ['host.docker.internal:1'] } },
    );
    await withAgent(manager.launch(request, new RecordedProgress(), neverAborted()), async (agent) => {
      agent.stdin.write('go\n');
      expect(await readUntil(agent.stdout, /\n/)).toMatch(/^403/);
      await manager.setHosts(request.runId, request.folder, [`host.docker.internal:${port}`]);
      // The proxy reads the list when it is told to, which is a moment later.
      let answer = '';
      while (!answer.startsWith('200')) {
        agent.stdin.write('go\n');
        answer = await readUntil(agent.stdout, /\n/);
      }
      expect(answer).toBe('200 hello from the machine\n');
    });
  });
});

describe('a port of this machine', () => {
  it('that listens on its loopback alone is reached from nowhere', async () => {
    const local = createTcpServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => local.once('listening', resolve));
    const { port: localPort } = local.address() as AddressInfo;
    try {
      for (const network of ['none', ['api.example.com'], 'bridge'] as const) {
        const { said } = await run(
          network,
          `${tryConnect} return Promise.all(${JSON.stringify(hostAddresses())}.map((host) => dial(host, ${localPort})));`,
        );
        expect(said).not.toContain('CONNECTED');
      }
    } finally {
      local.close();
    }
  });
});
