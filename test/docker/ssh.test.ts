import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineAt } from '../harness/images.ts';
import { dockerHost, makeFolder } from '../harness/testRun.ts';
import {
  ensureTestImage,
  neverAborted,
  readUntil,
  RecordedProgress,
  requestFor,
  testManager,
} from './agents.ts';

/** What the docker command runs to get there: it does here what ssh has the other machine do. */
const ssh = (host: string): string => `#!/bin/sh
case "$*" in *nobody*) echo "nobody@far: Permission denied (publickey)." >&2; exit 255;; esac
while [ $# -gt 0 ] && [ "$1" != docker ]; do shift; done
DOCKER_HOST='${host}' exec "$@"
`;

const searchPath = process.env.PATH;

beforeAll(async () => {
  await ensureTestImage();
  const folder = await makeFolder('ssh');
  await writeFile(path.join(folder, 'ssh'), ssh(dockerHost()));
  await chmod(path.join(folder, 'ssh'), 0o755);
  process.env.PATH = `${folder}:${searchPath ?? ''}`;
});

afterAll(() => {
  process.env.PATH = searchPath;
});

describe('an engine over ssh', () => {
  it('is reached through the docker command, and says what it is', async () => {
    const status = await (await engineAt('ssh://me@far')).status();
    expect(status).toMatchObject({ endpoint: 'ssh://me@far', failure: null });
    expect(status.engine?.cpus).toBeGreaterThan(0);
  });

  it('runs an agent, whose output comes byte for byte', async () => {
    const manager = await testManager({ host: 'ssh://me@far' });
    const folder = await makeFolder('workspace');
    const agent = await manager.launch(requestFor(folder, ['cat']), new RecordedProgress(), neverAborted());
    try {
      const line = `${'ü'.repeat(100_000)}|end\n`;
      agent.stdin.write(line);
      expect(await readUntil(agent.stdout, /\|end\n/)).toBe(line);
    } finally {
      await agent.dispose();
    }
    expect((await agent.exited).exitCode).not.toBeNull();
  });

  it('says what ssh has said where it cannot be reached', async () => {
    const { failure } = await (await engineAt('ssh://nobody@far')).status();
    expect(failure?.reason).toBe('engine-not-answering');
    expect(failure?.message).toMatch(/ssh:\/\/nobody@far cannot be reached over ssh: .*Permission denied/);
    expect(failure?.action).toEqual({ kind: 'checkEngine' });
  });

  it('says so too where ssh ends before the request is written', async () => {
    // The CLI may report that it could not write, and not why.
    const folder = await makeFolder('cli');
    const cli = `#!/bin/sh
if read -r line; then echo "error while Copy (stdin to stream): write |1: file already closed" >&2; exit 1; fi
echo "command [ssh] has exited with exit status 255: stderr=nobody@far: Permission denied (publickey)." >&2; exit 1
`;
    await writeFile(path.join(folder, 'docker'), cli, { mode: 0o755 });
    const before = process.env.PATH;
    process.env.PATH = `${folder}:${before ?? ''}`;
    try {
      const { failure } = await (await engineAt('ssh://nobody@far')).status();
      expect(failure?.message).toMatch(/cannot be reached over ssh: .*Permission denied/);
    } finally {
      process.env.PATH = before;
    }
  });

  it('says that the docker command is missing', async () => {
    const before = process.env.PATH;
    process.env.PATH = '/nonexistent';
    try {
      const { failure } = await (await engineAt('ssh://me@far')).status();
      expect(failure?.message).toMatch(/reached by the docker command, which is not on your PATH/);
    } finally {
      process.env.PATH = before;
    }
  });
});
