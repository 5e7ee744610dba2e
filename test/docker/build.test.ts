import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../scripts/processes.mts';
import type { Engine } from '../../src/agents/engine.ts';
import { findImage } from '../../src/agents/findImage.ts';
import { ensureImage } from '../../src/agents/images.ts';
import { containerLabels } from '../../src/agents/labels.ts';
import { dockerHost, makeFolder, testRunId } from '../harness/testRun.ts';
import {
  ensureTestImage,
  neverAborted,
  RecordedProgress,
  requestFor,
  testEngine,
  testImage,
  testManager,
  withAgent,
} from './agents.ts';
import { startRegistry } from './registry.ts';

let engine: Engine;
let distFolder = '';
let image = '';
let count = 0;

beforeAll(async () => {
  await ensureTestImage();
  engine = await testEngine();
});

beforeEach(async () => {
  distFolder = await makeFolder('dist');
  count += 1;
  image = `kandev-test/built-${count}:${testRunId()}`;
});

/** Writes the build context, with a Dockerfile that goes on after FROM as given. */
async function writeContext(lines: string, from = testImage()): Promise<void> {
  const context = path.join(distFolder, 'agents', 'test');
  await mkdir(context, { recursive: true });
  const label = `LABEL ${containerLabels.testRun}=${testRunId()}`;
  await writeFile(path.join(context, 'Dockerfile'), `FROM ${from}\n${label}\n${lines}\n`);
}

async function ensure(signal = neverAborted(), progress = new RecordedProgress()): Promise<RecordedProgress> {
  await ensureImage({
    engine,
    agentType: { name: 'Test agent', image, buildContext: 'agents/test' },
    distFolder,
    progress,
    signal,
  });
  return progress;
}

async function contentOf(file: string): Promise<string> {
  const manager = await testManager();
  const request = requestFor(await makeFolder('content'), ['cat', file], { image });
  return withAgent(manager.launch(request, new RecordedProgress(), neverAborted()), async ({ stdout }) =>
    Buffer.concat((await stdout.toArray()) as Buffer[]).toString(),
  );
}

/** How many images of this test run have lost their names. */
async function namelessImages(): Promise<number> {
  const filters = { label: [`${containerLabels.testRun}=${testRunId()}`], dangling: ['true'] };
  return (await engine.call('listing images', (docker) => docker.listImages({ filters }))).length;
}

describe('an image that the extension builds', () => {
  it('is built once, and again when its files change', async () => {
    await writeContext('COPY hello /hello');
    const hello = path.join(distFolder, 'agents', 'test', 'hello');
    await writeFile(hello, 'one');
    const first = await ensure();
    expect(first.activities).toEqual([`Building ${image} …`]);
    expect(first.logged.join('\n')).toMatch(/COPY hello \/hello/);
    expect(await contentOf('/hello')).toBe('one');

    expect(await ensure()).toMatchObject({ activities: [], logged: [] });

    await writeFile(hello, 'two');
    expect((await ensure()).activities).toEqual([`Building ${image} …`]);
    expect(await contentOf('/hello')).toBe('two');
    expect(await namelessImages()).toBe(0);
  });

  it('is built once for two cards that want it at the same time', async () => {
    await writeContext('RUN echo once && sleep 0.2');
    const [first, second] = await Promise.all([ensure(), ensure()]);
    expect([...first.activities, ...second.activities]).toEqual([`Building ${image} …`]);
  });

  it('is built for the second card when the first one is stopped', async () => {
    await writeContext('RUN echo twice && sleep 0.5');
    const abort = new AbortController();
    const progress = new RecordedProgress();
    const building = progress.told(/^Building/);
    const first = ensure(abort.signal, progress);
    await building;
    const second = ensure();
    abort.abort(new Error('stopped'));
    await expect(first).rejects.toThrow('stopped');
    expect((await second).activities).toEqual([`Building ${image} …`]);
  });

  it('is left alone where somebody else has made one of that name', async () => {
    await writeContext('RUN echo ours');
    const context = await makeFolder('theirs');
    const label = `LABEL ${containerLabels.testRun}=${testRunId()}`;
    await writeFile(path.join(context, 'Dockerfile'), `FROM scratch\n${label}\nCOPY Dockerfile /\n`);
    await run('docker', ['build', '--tag', image, context], { env: { DOCKER_HOST: dockerHost() } });
    const theirs = await findImage(engine, image);
    expect(await ensure()).toMatchObject({ activities: [], logged: [] });
    expect(await findImage(engine, image)).toEqual(theirs);
  });

  it('says why it could not be built', async () => {
    await writeContext('RUN echo the reason && exit 7');
    await expect(ensure()).rejects.toMatchObject({
      failure: {
        reason: 'image-build-failed',
        message: `The image ${image} could not be built. The log shows how far it came.`,
        detail: expect.stringMatching(/the reason[^]*7/) as string,
        action: { kind: 'showLog' },
      },
    });
  });

  it('is given up when that is cancelled, and no container is left', async () => {
    await writeContext('RUN echo begun && sleep 600');
    const abort = new AbortController();
    const reason = new Error('stopped by the user');
    const progress = new RecordedProgress();
    const begun = progress.told(/^(#\d+ [\d.]+ )?begun/);
    const building = ensure(abort.signal, progress);
    await Promise.race([begun, building]);
    const aborted = performance.now();
    abort.abort(reason);
    await expect(building).rejects.toBe(reason);
    expect(performance.now() - aborted).toBeLessThan(3_000);
    await gone();
  });

  it('says what is missing without the docker command', async () => {
    await writeContext('');
    const before = process.env.PATH;
    process.env.PATH = distFolder;
    try {
      await expect(ensure()).rejects.toMatchObject({
        failure: {
          reason: 'image-build-failed',
          message: expect.stringContaining('docker command') as string,
        },
      });
    } finally {
      process.env.PATH = before;
    }
  });
});

/** Waits until the engine has removed the container in which a step of the build ran. */
async function gone(): Promise<void> {
  const filters = { label: [`${containerLabels.testRun}=${testRunId()}`], status: ['running'] };
  const list = () =>
    engine.call('listing containers', (docker) => docker.listContainers({ all: true, filters }));
  const events = await engine.call('listening', (docker, abortSignal) =>
    docker.getEvents({ filters: { event: ['die', 'destroy'] }, abortSignal }),
  );
  try {
    while ((await list()).length > 0) await new Promise((resolve) => events.once('data', resolve));
  } finally {
    (events as NodeJS.ReadableStream & { destroy(): void }).destroy();
  }
}

describe('a base image that no registry gives out', () => {
  it('is made from this machine, which is said', async () => {
    const registry = await startRegistry();
    await registry.close();
    const from = `${registry.host}/node:22`;
    await writeContext('COPY agent.js /agent.js', from);
    await writeFile(path.join(distFolder, 'agents', 'test', 'agent.js'), 'console.log(process.version)');
    const progress = await ensure();
    expect(progress.activities).toEqual([
      `Pulling ${from} …`,
      'No registry answers: making the image from this machine …',
      `Building ${image} …`,
    ]);
    expect(progress.logged[0]).toBe(
      `No registry answers for ${from}. Made a base image from this machine's node ${process.version} instead.`,
    );
    const manager = await testManager();
    const request = requestFor(await makeFolder('machine'), ['node', '/agent.js'], { image });
    await withAgent(manager.launch(request, new RecordedProgress(), neverAborted()), async ({ stdout }) => {
      expect(Buffer.concat((await stdout.toArray()) as Buffer[]).toString()).toBe(`${process.version}\n`);
    });
  });

  it('has what agents are made with: npm, and the libraries that native programs load', async () => {
    const from = '127.0.0.1:1/node:22';
    await writeContext('RUN npm --version > /npm-version', from);
    const { logged } = await ensure();
    expect(logged.join('\n')).toContain('npm --version');
    expect(await contentOf('/npm-version')).toMatch(/^\d+\.\d+\.\d+\n$/);
    const script =
      'for (const name of ["librt.so.1", "libutil.so.1"]) process.dlopen({ exports: {} }, name); console.log(1)';
    const manager = await testManager();
    const request = requestFor(await makeFolder('libraries'), ['node', '-e', script], { image });
    await withAgent(manager.launch(request, new RecordedProgress(), neverAborted()), async (agent) => {
      await agent.exited;
      // They are found and loaded; that they are no addons of Node is another matter.
      expect(agent.stderrTail()).not.toMatch(/cannot open shared object file/);
      expect(agent.stderrTail()).toMatch(/self-register|not a valid/i);
    });
  });

  it('is not made anew while this machine is as it was', async () => {
    const from = '127.0.0.1:1/node:22';
    await writeContext('RUN true', from);
    await ensure();
    const base = await findImage(engine, 'kandev/machine-base:latest');
    await writeContext('RUN echo more', from);
    await ensure();
    expect((await findImage(engine, 'kandev/machine-base:latest'))?.id).toBe(base?.id);
  });

  it('is not replaced when the registry answers and has no such image', async () => {
    const registry = await startRegistry();
    try {
      await writeContext('', `${registry.host}/agent:other`);
      await expect(ensure()).rejects.toMatchObject({ failure: { reason: 'image-missing' } });
    } finally {
      await registry.close();
    }
  });
});
