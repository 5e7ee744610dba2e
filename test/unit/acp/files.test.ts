import { lstat, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { linesOf } from '../../../src/acp/textRange.ts';
import { createFileHandlers } from '../../../src/acp/workspaceFiles.ts';
import type { TextFiles } from '../../../src/acp/workspaceFiles.ts';
import { WorkspacePaths } from '../../../src/acp/workspacePaths.ts';
import { TestClient } from './pipeAgent.ts';

let base: string;
let folder: string;
/** The texts of open editors that are not saved, by path: what an editor adds to the disk. */
let unsaved: Map<string, string>;

beforeEach(async () => {
  base = await realpath(await mkdtemp(path.join(tmpdir(), 'kandev-acp-')));
  folder = path.join(base, 'project');
  await mkdir(folder);
  await writeFile(path.join(folder, 'a.txt'), 'one\ntwo\r\nthree\n');
  await writeFile(path.join(base, 'secret'), 'secret');
  unsaved = new Map();
});

afterEach(() => rm(base, { recursive: true, force: true }));

const files: TextFiles = {
  async read(hostPath) {
    const buffer = unsaved.get(hostPath);
    if (buffer !== undefined) return buffer;
    try {
      return await readFile(hostPath, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  },
  async write(hostPath, content) {
    await mkdir(path.dirname(hostPath), { recursive: true });
    await writeFile(hostPath, content);
    unsaved.delete(hostPath);
  },
};

/** An agent in a session of a client that serves the folder as /workspace. */
async function withFiles(missingFile?: 'error' | 'empty') {
  const paths = new WorkspacePaths([{ agentPath: '/workspace', hostPath: folder }], { realpath, lstat });
  const setup = await TestClient.withSession({
    handlers: { files: createFileHandlers(paths, files, missingFile) },
  });
  const read = (name: string, range: object = {}) =>
    setup.agent.ask('fs/read_text_file', { sessionId: 's1', path: `/workspace/${name}`, ...range });
  const write = (name: string, content: string) =>
    setup.agent.ask('fs/write_text_file', { sessionId: 's1', path: `/workspace/${name}`, content });
  return { ...setup, read, write };
}

describe('case 42: files', () => {
  test('are advertised each for itself', async () => {
    const { agent } = await withFiles();
    expect(agent.received[0]?.params?.clientCapabilities).toMatchObject({
      fs: { readTextFile: true, writeTextFile: true },
    });
    const readOnly = new TestClient({ handlers: { files: { readTextFile: () => Promise.resolve('') } } });
    await readOnly.initialize();
    expect(readOnly.agent.received[0]?.params?.clientCapabilities).toMatchObject({
      fs: { readTextFile: true, writeTextFile: false },
    });
    expect((await readOnly.agent.ask('fs/write_text_file', { path: '/a', content: '' })).error?.code).toBe(
      -32601,
    );
  });

  test('a dirty buffer wins over the disk', async () => {
    const { read } = await withFiles();
    unsaved.set(path.join(folder, 'a.txt'), 'not saved yet');
    expect((await read('a.txt')).result).toEqual({ content: 'not saved yet' });
  });

  test.each([
    [{}, 'one\ntwo\r\nthree\n'],
    [{ line: 1 }, 'one\ntwo\r\nthree\n'],
    [{ line: 2 }, 'two\r\nthree\n'],
    [{ limit: 2 }, 'one\ntwo\r\n'],
    [{ line: 2, limit: 1 }, 'two\r\n'],
    [{ line: 3, limit: 100 }, 'three\n'],
    [{ line: 4 }, ''],
    [{ line: 400, limit: 5 }, ''],
    [{ line: 0, limit: 0 }, ''],
    [{ line: null, limit: null }, 'one\ntwo\r\nthree\n'],
  ])('line and limit: %j', async (range, content) => {
    const { read } = await withFiles();
    expect((await read('a.txt', range)).result).toEqual({ content });
  });

  test('a file that is not there is not found, or empty for an agent that cannot bear it', async () => {
    const strict = await withFiles();
    expect((await strict.read('new.txt')).error).toMatchObject({ code: -32002 });
    const lenient = await withFiles('empty');
    expect((await lenient.read('new.txt')).result).toEqual({ content: '' });
  });

  test('writing creates a file, its folders, and replaces what was there', async () => {
    const { write, read } = await withFiles();
    expect((await write('deep/er/new.txt', 'héllo\n')).result).toEqual({});
    expect(await readFile(path.join(folder, 'deep/er/new.txt'), 'utf8')).toBe('héllo\n');
    expect((await write('a.txt', 'short')).result).toEqual({});
    expect((await read('a.txt')).result).toEqual({ content: 'short' });
  });

  test('what leaves the workspace is refused, by .. and by a link', async () => {
    const { read, write } = await withFiles();
    await symlink(base, path.join(folder, 'out'));
    for (const name of ['../secret', 'out/secret', 'deep/../../secret']) {
      expect((await read(name)).error?.code).toBe(-32602);
      expect((await write(name, 'gotcha')).error?.code).toBe(-32602);
    }
    expect(await readFile(path.join(base, 'secret'), 'utf8')).toBe('secret');
  });

  test('what makes no sense is refused; what fails is told and reported', async () => {
    const { agent, client, read } = await withFiles();
    expect((await agent.ask('fs/read_text_file', { sessionId: 's1' })).error?.code).toBe(-32602);
    expect((await agent.ask('fs/write_text_file', { path: '/workspace/a' })).error?.code).toBe(-32602);
    expect(client.errors).toEqual([]);
    const { error } = await read('');
    expect(error).toMatchObject({ code: -32603 });
    expect(error?.message).toContain('EISDIR');
    expect(client.errors).toHaveLength(1);
  });

  test('a read that the agent takes back is answered as cancelled', async () => {
    let signalled: AbortSignal | undefined;
    const { agent } = await TestClient.withSession({
      handlers: {
        files: {
          readTextFile: (_path, signal) => {
            signalled = signal;
            return new Promise(() => undefined);
          },
        },
      },
    });
    agent.send({ id: 'r', method: 'fs/read_text_file', params: { path: '/a' } });
    agent.send({ method: '$/cancel_request', params: { requestId: 'r' } });
    expect((await agent.answer('r')).error?.code).toBe(-32800);
    expect(signalled?.aborted).toBe(true);
  });

  test('an agent may read before its session is open', async () => {
    const client = new TestClient({ handlers: { files: { readTextFile: () => Promise.resolve('early') } } });
    await client.initialize();
    const opened = client.connection.newSession({ cwd: '/work', mcpServers: [] });
    const request = await client.agent.request('session/new');
    expect((await client.agent.ask('fs/read_text_file', { sessionId: 's1', path: '/a' })).result).toEqual({
      content: 'early',
    });
    client.agent.respond(request, { sessionId: 's1' });
    await opened;
  });
});

describe('the lines of a text', () => {
  test('pieces of any size put together are the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('\n', '\r', 'x', '🎉') }),
        fc.integer({ min: 1, max: 4 }),
        (text, limit) => {
          let joined = '';
          for (let line = 1; line <= text.length + limit; line += limit) joined += linesOf(text, line, limit);
          expect(joined).toBe(text);
        },
      ),
    );
  });

  test('no number is too strange', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true, max: 1e6 }), (line, limit) => {
        expect('one\ntwo\n').toContain(linesOf('one\ntwo\n', line, limit));
      }),
    );
  });
});
