import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDevcontainer } from '../../../src/agents/devcontainerFile.ts';

let parent = '';
let folder = '';

beforeEach(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'kandev-devcontainer-'));
  folder = path.join(parent, 'project');
  await mkdir(folder);
});

afterEach(() => rm(parent, { recursive: true, force: true }));

async function write(file: string, content: unknown): Promise<void> {
  const target = path.join(folder, file);
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, typeof content === 'string' ? content : JSON.stringify(content));
}

const usual = '.devcontainer/devcontainer.json';

describe('the devcontainer.json of a folder', () => {
  it('is none where there is none', async () => {
    expect(await readDevcontainer(folder)).toBeNull();
  });

  it('is found where the specification has it, in its order', async () => {
    await write('.devcontainer/python/devcontainer.json', { image: 'three' });
    expect(await readDevcontainer(folder)).toMatchObject({ file: '.devcontainer/python/devcontainer.json' });
    await write('.devcontainer.json', { image: 'two' });
    expect(await readDevcontainer(folder)).toMatchObject({ file: '.devcontainer.json' });
    await write(usual, { image: 'one' });
    expect(await readDevcontainer(folder)).toMatchObject({
      file: usual,
      base: { kind: 'image', image: 'one' },
    });
  });

  it('is not guessed among several', async () => {
    await write('.devcontainer/a/devcontainer.json', { image: 'one' });
    await write('.devcontainer/b/devcontainer.json', { image: 'two' });
    expect(await readDevcontainer(folder)).toMatch(/several: .*\/a\/.*, .*\/b\//);
  });

  it('may have comments and trailing commas', async () => {
    await write(usual, '// ours\n{ "image": "node:22", /* that is all */ }');
    expect(await readDevcontainer(folder)).toMatchObject({ base: { image: 'node:22' }, leftOut: [] });
  });

  it('says which line is wrong', async () => {
    await write(usual, '{\n  "image": "a"\n  "x": 1\n}');
    expect(await readDevcontainer(folder)).toBe(`${usual} is no JSON: line 3 is wrong.`);
  });

  it('names a Dockerfile with its context, arguments and stage', async () => {
    await write('docker/Dockerfile', 'FROM scratch AS dev\n');
    await write(usual, {
      build: {
        dockerfile: '../docker/Dockerfile',
        context: '..',
        args: { HERE: '${localWorkspaceFolder}/x', NAME: '${localWorkspaceFolderBasename}' },
        target: 'dev',
      },
    });
    expect(await readDevcontainer(folder)).toMatchObject({
      base: {
        kind: 'build',
        dockerfile: 'docker/Dockerfile',
        content: 'FROM scratch AS dev\n',
        context: folder,
        args: { HERE: `${folder}/x`, NAME: 'project' },
        target: 'dev',
      },
    });
  });

  it('may name it in the older way, with the folder of the file as context', async () => {
    await write('.devcontainer/Dockerfile', 'FROM scratch\n');
    await write(usual, { dockerFile: 'Dockerfile' });
    expect(await readDevcontainer(folder)).toMatchObject({
      base: {
        dockerfile: '.devcontainer/Dockerfile',
        context: path.join(folder, '.devcontainer'),
        target: null,
      },
    });
  });

  it('has another hash when its text or its Dockerfile is another, and the same again when they are', async () => {
    const hash = async () => {
      const found = await readDevcontainer(folder);
      return typeof found === 'object' ? found?.hash : found;
    };
    await write('.devcontainer/Dockerfile', 'FROM one\n');
    await write(usual, { build: { dockerfile: 'Dockerfile' } });
    const first = await hash();
    await write('.devcontainer/Dockerfile', 'FROM two\n');
    const second = await hash();
    await write(usual, { build: { dockerfile: 'Dockerfile', args: { A: 'b' } } });
    const third = await hash();
    expect(new Set([first, second, third]).size).toBe(3);
    await write('.devcontainer/Dockerfile', 'FROM one\n');
    await write(usual, { build: { dockerfile: 'Dockerfile' } });
    expect(await hash()).toBe(first);
    // What the Dockerfile can run of its context, and not what lies elsewhere in the folder.
    await write('.devcontainer/install.sh', 'echo installed\n');
    const withScript = await hash();
    expect(withScript).not.toBe(first);
    await write('.devcontainer/install.sh', 'curl evil.example\n');
    expect([first, withScript]).not.toContain(await hash());
    await write('.devcontainer/install.sh', 'echo installed\n');
    await write('README.md', 'another text');
    expect(await hash()).toBe(withScript);
  });

  it('has the same hash whatever changes in the folder, when that itself is the context', async () => {
    const hash = async () => {
      const found = await readDevcontainer(folder);
      return typeof found === 'object' ? found?.hash : found;
    };
    await write('.devcontainer/Dockerfile', 'FROM one\n');
    await write(usual, { build: { dockerfile: 'Dockerfile', context: '..' } });
    const before = await hash();
    await write('README.md', 'another text');
    expect(await hash()).toBe(before);
  });

  it('tells what of it is left out', async () => {
    await write('.devcontainer/Dockerfile', 'FROM one\n');
    await write(usual, {
      build: { dockerfile: 'Dockerfile', options: ['--network=host'] },
      features: { 'ghcr.io/devcontainers/features/go:1': {} },
    });
    expect(await readDevcontainer(folder)).toMatchObject({
      leftOut: [
        `${usual} has features, which Kandev does not install: ghcr.io/devcontainers/features/go:1.`,
        `${usual} has options for the build, which Kandev leaves out.`,
      ],
    });
  });

  const refused: [string, unknown, RegExp][] = [
    ['compose', { dockerComposeFile: 'compose.yml', service: 'app' }, /Docker Compose/],
    ['nothing to build on', { name: 'Ours' }, /neither an image nor a Dockerfile/],
    ['another type of value', { image: 5 }, /“image”/],
    [
      'an image that would be more lines of a Dockerfile',
      { image: 'a\nRUN curl evil' },
      /an image that is none/,
    ],
    ['an image that would be an option', { image: '--platform=x' }, /an image that is none/],
    ['variables of this machine', { image: 'a:${localEnv:SECRET}' }, /\$\{localEnv:SECRET\}/],
    ['a Dockerfile that is not there', { build: { dockerfile: 'Dockerfile' } }, /is not there/],
    ['a Dockerfile that is outside', { build: { dockerfile: '../../secret' } }, /outside of the folder/],
    ['a link to the outside', { build: { dockerfile: 'link' } }, /outside of the folder/],
    [
      'a context that is outside',
      { build: { dockerfile: 'ours', context: '../..' } },
      /outside of the folder/,
    ],
    ['a stage that is none', { build: { dockerfile: 'ours', target: '--push' } }, /names no stage/],
    ['an argument that is none', { build: { dockerfile: 'ours', args: { 'a=b': '' } } }, /no build argument/],
  ];
  it.each(refused)('is not used with %s', async (_what, json, why) => {
    await writeFile(path.join(parent, 'secret'), 'FROM scratch\n');
    await write('.devcontainer/ours', 'FROM scratch\n');
    await symlink(path.join(parent, 'secret'), path.join(folder, '.devcontainer', 'link'));
    await write(usual, json);
    expect(await readDevcontainer(folder)).toMatch(why);
  });
});
