import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readDevcontainer } from '../../src/agents/devcontainerFile.ts';
import { devcontainerLabels, onDevcontainer } from '../../src/agents/devcontainerImage.ts';
import type { Engine } from '../../src/agents/engine.ts';
import { findImage } from '../../src/agents/findImage.ts';
import { remakeImage } from '../../src/agents/images.ts';
import { containerLabels } from '../../src/agents/labels.ts';
import type { Devcontainer } from '../../src/model/devcontainer.ts';
import { makeFolder, testRunId } from '../harness/testRun.ts';
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

const label = `LABEL ${containerLabels.testRun}=${testRunId()}`;

let engine: Engine;
let folder = '';
let distFolder = '';
let id = '';
let count = 0;

beforeAll(async () => {
  await ensureTestImage();
  engine = await testEngine();
});

beforeEach(async () => {
  folder = await makeFolder('workspace');
  distFolder = await makeFolder('dist');
  count += 1;
  id = `test-${testRunId()}-${count}`.toLowerCase();
  // The base that it names is not there, and would be pulled.
  await write(
    path.join(distFolder, 'agents/test/Dockerfile'),
    `FROM 127.0.0.1:1/node:22\nRUN id -u > /built-by\nUSER 1000\n`,
  );
});

async function write(file: string, content: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
}

async function devcontainer(json: unknown, dockerfile = ''): Promise<Devcontainer> {
  await write(path.join(folder, '.devcontainer/devcontainer.json'), JSON.stringify(json));
  await write(path.join(folder, '.devcontainer/Dockerfile'), dockerfile);
  const found = await readDevcontainer(folder);
  if (found === null || typeof found === 'string') throw new Error(found ?? 'There is none.');
  return found;
}

const agentType = () => ({ id, image: `kandev-test/ordinary-${id}:latest`, buildContext: 'agents/test' });

/** What a run says of its container, and what was told while it was made ready. */
async function runIn(base: Devcontainer, command: readonly string[]) {
  const manager = await testManager({ distFolder });
  const progress = new RecordedProgress();
  const request = { ...requestFor(folder, command, agentType()), devcontainer: base };
  const said = await withAgent(manager.launch(request, progress, neverAborted()), async ({ stdout }) =>
    Buffer.concat((await stdout.toArray()) as Buffer[]).toString(),
  );
  return { said, progress };
}

const imageOf = (base: Devcontainer) => findImage(engine, onDevcontainer(agentType(), base).image);

describe('an agent whose image is built on a devcontainer.json', () => {
  it('runs in its own Dockerfile on the image that is named there, once built', async () => {
    const base = await devcontainer({ image: testImage() });
    const first = await runIn(base, ['sh', '-c', 'cat /built-by; id -u']);
    expect(first.said).toMatch(/^0\n\d+\n$/);
    expect(first.progress.activities.filter((text) => text.startsWith('Building'))).toHaveLength(1);
    expect((await imageOf(base))?.labels).toMatchObject(devcontainerLabels(base));
    // The ordinary image is another matter.
    expect(await findImage(engine, agentType().image)).toBeNull();
    const second = await runIn(base, ['cat', '/built-by']);
    expect(second.progress.activities.filter((text) => text.startsWith('Building'))).toEqual([]);
  });

  it('runs on what the Dockerfile builds: with its context, arguments, stage, and whatever user it ends with', async () => {
    await write(path.join(folder, 'tool.txt'), 'from the context\n');
    const dockerfile = [
      `FROM ${testImage()} AS dev`,
      label,
      'ARG WHO',
      'COPY tool.txt /tool.txt',
      'RUN echo "for $WHO" > /who',
      'ENTRYPOINT ["false"]',
      'USER 1000',
      'FROM dev AS other',
      'RUN exit 9',
    ].join('\n');
    const base = await devcontainer(
      {
        build: {
          dockerfile: 'Dockerfile',
          context: '..',
          args: { WHO: '${localWorkspaceFolderBasename}' },
          target: 'dev',
        },
      },
      dockerfile,
    );
    const { said, progress } = await runIn(base, ['cat', '/tool.txt', '/who', '/built-by']);
    expect(said).toBe(`from the context\nfor ${path.basename(folder)}\n0\n`);
    expect(progress.activities).toContain('Building the image of .devcontainer/devcontainer.json …');
  });

  it('is built of what was agreed to, whatever the Dockerfile has become since', async () => {
    const base = await devcontainer(
      { build: { dockerfile: 'Dockerfile' } },
      `FROM ${testImage()}\n${label}\nRUN echo agreed > /word\n`,
    );
    await write(
      path.join(folder, '.devcontainer/Dockerfile'),
      `FROM ${testImage()}\nRUN echo other > /word\n`,
    );
    expect((await runIn(base, ['cat', '/word'])).said).toBe('agreed\n');
  });

  it('leaves no image of what it was before', async () => {
    const build = { build: { dockerfile: 'Dockerfile' } };
    const before = await devcontainer(build, `FROM ${testImage()}\n${label}\nRUN echo one > /word\n`);
    await runIn(before, ['true']);
    const after = await devcontainer(build, `FROM ${testImage()}\n${label}\nRUN echo two > /word\n`);
    expect((await runIn(after, ['cat', '/word'])).said).toBe('two\n');
    expect(await imageOf(before)).toBeNull();
    const all = await engine.call('listing images', (docker) =>
      docker.listImages({
        filters: { label: Object.entries(devcontainerLabels(after)).map((pair) => pair.join('=')) },
      }),
    );
    expect(all.flatMap(({ RepoTags }) => RepoTags ?? [])).toHaveLength(2);
  });

  it('is made anew from its beginning when that is asked for', async () => {
    const base = await devcontainer(
      { build: { dockerfile: 'Dockerfile' } },
      `FROM ${testImage()}\n${label}\nRUN cat /proc/sys/kernel/random/uuid > /word\n`,
    );
    const { said: first } = await runIn(base, ['cat', '/word']);
    const request = requestFor(folder, ['true'], agentType());
    await remakeImage({
      ...{ engine, distFolder, devcontainer: base, signal: neverAborted() },
      agentType: onDevcontainer(request.agentType, base),
      progress: new RecordedProgress(),
    });
    expect((await runIn(base, ['cat', '/word'])).said).not.toBe(first);
  });

  it('says which of the two could not be built, and never takes another base', async () => {
    const noImage = await devcontainer({ image: '127.0.0.1:1/gone:1' });
    await expect(runIn(noImage, ['true'])).rejects.toMatchObject({
      failure: { reason: 'registry-unreachable' },
    });
    const broken = await devcontainer(
      { build: { dockerfile: 'Dockerfile' } },
      `FROM ${testImage()}\n${label}\nRUN exit 3\n`,
    );
    await expect(runIn(broken, ['true'])).rejects.toMatchObject({
      failure: {
        reason: 'image-build-failed',
        message: expect.stringMatching(
          /^The image of \.devcontainer\/devcontainer\.json could not/,
        ) as string,
        action: { kind: 'showLog' },
      },
    });
    await write(path.join(distFolder, 'agents/test/Dockerfile'), 'FROM node:22\nRUN npm --version\n');
    const noNode = await devcontainer(
      { build: { dockerfile: 'Dockerfile' } },
      `FROM ${testImage()}\n${label}\nENV PATH=/bin\nRUN mkdir -p /nowhere\n`,
    );
    await expect(runIn(noNode, ['true'])).rejects.toMatchObject({
      failure: {
        message:
          'The image of Test agent could not be built on .devcontainer/devcontainer.json. It needs node and npm for that.',
        action: { kind: 'devcontainer' },
      },
    });
  });
});
