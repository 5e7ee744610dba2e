import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { baseImageOf, sourceHash, withBase } from '../../../src/agents/buildImage.ts';

describe('the base of a Dockerfile', () => {
  it.each([
    ['FROM node:22-slim\nCOPY a /a\n', 'node:22-slim', 'FROM mine\nCOPY a /a\n'],
    [
      '# FROM x\nfrom  node:22 AS build\nFROM other\n',
      'node:22',
      '# FROM x\nfrom  mine AS build\nFROM other\n',
    ],
    ['FROM --platform=linux/amd64 node\n', 'node', 'FROM --platform=linux/amd64 mine\n'],
  ])('%j', (dockerfile, base, rebased) => {
    expect(baseImageOf(dockerfile)).toBe(base);
    expect(withBase(dockerfile, 'mine')).toBe(rebased);
  });

  it('is unknown where a build argument names it', () => {
    expect(baseImageOf('ARG BASE=node\nFROM $BASE\n')).toBeNull();
  });
});

describe('sourceHash', () => {
  let folder = '';

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'kandev-build-'));
    await mkdir(path.join(folder, 'sub'));
    await writeFile(path.join(folder, 'Dockerfile'), 'FROM x\n');
    await writeFile(path.join(folder, 'sub', 'a'), 'one');
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('stays while nothing changes, wherever the folder is', async () => {
    const before = await sourceHash(folder);
    const moved = `${folder}-moved`;
    await rename(folder, moved);
    folder = moved;
    expect(await sourceHash(folder)).toBe(before);
  });

  it.each([
    ['a content', () => writeFile(path.join(folder, 'sub', 'a'), 'two')],
    ['a name', () => rename(path.join(folder, 'sub', 'a'), path.join(folder, 'sub', 'b'))],
    ['a new file', () => writeFile(path.join(folder, 'sub', 'b'), '')],
  ])('changes with %s', async (_what, change) => {
    const before = await sourceHash(folder);
    await change();
    expect(await sourceHash(folder)).not.toBe(before);
  });
});
