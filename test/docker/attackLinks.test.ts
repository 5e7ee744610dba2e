/** Links that an agent plants, and what the host then reads and writes for it: on the board as it ships. */
import { lstat, mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CardView } from '../../src/model/cardView.ts';
import type { WorkspaceMode } from '../../src/model/task.ts';
import { makeDist, openBoard, type TestBoard } from '../agents/board.ts';
import { importMachineImage } from '../harness/images.ts';
import { demoAgentFile } from '../harness/localAgents.ts';
import { makeRepository } from '../harness/repository.ts';
import { dockerHost, makeFolder, testRunId } from '../harness/testRun.ts';

const image = `kandev-test/links:${testRunId()}`;
const secret = 'words that are nobody’s business';
let folder = '';
/** Somewhere else on this machine, with files of the names that the agent uses. */
let outside = '';
let board: TestBoard;

beforeAll(async () => {
  await importMachineImage(dockerHost(), image, {
    '/opt/kandev/agent.js': await readFile(await demoAgentFile()),
  });
  folder = await makeRepository('linked', { 'README.md': '# Linked\n', 'src/c.txt': 'mine\n' });
  outside = await makeFolder('outside');
  await writeFile(path.join(outside, 'c.txt'), secret);
  await mkdir(path.join(outside, 'sub'));
  const command = ['node', '/opt/kandev/agent.js'];
  board = await openBoard(await makeDist(), {
    folder,
    environment: {},
    agents: [{ id: 'linker', image, command, files: true }],
  });
});

afterAll(() => board.close());

async function run(workspaceMode: WorkspaceMode, script: readonly string[]): Promise<CardView> {
  const { id: taskId } = await board.kandev.execute('task.create', {
    title: `Links in a ${workspaceMode}`,
    description: ['```kandev-script', ...script, '```'].join('\n'),
    agentTypeId: 'linker',
    workspaceMode,
  });
  await board.kandev.execute('task.start', { taskId });
  const card = await board.until(taskId, ({ task }) => task.state === 'REVIEW');
  await board.kandev.execute('task.stop', { taskId });
  return card;
}

const plant = (): string =>
  `terminal ln -s ${outside} out; ln -s ${outside}/c.txt file; ln -s ../../../../../../../../${outside}/c.txt far; rm -r src; ln -s ${outside} src; echo made > made.txt`;

/** What an agent asks the client for, by paths that lead out: absolute, or relative to its workspace. */
const requests = (root = '.'): string[] => {
  const names = ['file', 'far', 'out/c.txt', 'src/c.txt', `../${path.basename(outside)}/c.txt`];
  return [
    ...names.map((name) => `request fs/read_text_file ${JSON.stringify({ path: `${root}/${name}` })}`),
    ...[...names, 'out/new.txt', 'out/new/folder.txt', '.git/config', 'sub/.git/config'].map(
      (name) =>
        `request fs/write_text_file ${JSON.stringify({ path: `${root}/${name}`, content: 'gotcha' })}`,
    ),
  ];
};

async function said({ run: done }: CardView): Promise<string> {
  const entries = await board.kandev.query('run.transcript', { runId: done?.id ?? '' });
  return entries.map(({ text }) => text).join('\n');
}

async function expectUntouched(): Promise<void> {
  expect(await readdir(outside, { recursive: true })).toEqual(['c.txt', 'sub']);
  expect(await readFile(path.join(outside, 'c.txt'), 'utf8')).toBe(secret);
}

/** Both sides of all that has changed, as a review shows them. */
async function reviewed({ task, run: done }: CardView): Promise<Record<string, string | null>> {
  const texts: Record<string, string | null> = {};
  for (const span of [{ taskId: task.id }, { runId: done?.id ?? '' }]) {
    const { files } = await board.kandev.query('result.changes', { span });
    for (const { path: file } of files) {
      for (const side of ['before', 'after'] as const) {
        const content = await board.kandev.query('result.file', { span, side, path: file });
        texts[`${file} ${side}`] = content && Buffer.from(content, 'base64').toString('utf8');
      }
    }
  }
  return texts;
}

describe('links that lead out of the workspace', () => {
  it('are followed neither for the agent, nor by a review, nor when the folder is rolled back', async () => {
    const card = await run('folder', [plant(), ...requests(folder)]);
    const transcript = await said(card);
    expect(transcript).not.toContain(secret);
    expect(transcript.match(/by a link|outside of the workspace|belongs to git/g)?.length).toBe(
      requests(folder).length,
    );
    const review = await reviewed(card);
    expect(review).toMatchObject({
      'file after': `${outside}/c.txt`,
      'out after': outside,
      'src after': outside,
      'src/c.txt before': 'mine\n',
      'src/c.txt after': null,
    });
    expect(JSON.stringify(review)).not.toContain(secret);
    const outcome = await board.kandev.execute('result.rollBack', {
      runId: card.run?.id ?? '',
      conflicts: 'overwrite',
    });
    expect(outcome.done).toBe(true);
    expect((await lstat(path.join(folder, 'src'))).isDirectory()).toBe(true);
    expect(await readFile(path.join(folder, 'src', 'c.txt'), 'utf8')).toBe('mine\n');
    await expectUntouched();
  });

  it('come as links when a clone is applied, and nothing is written through them then or later', async () => {
    const first = await run('clone', [plant(), ...requests()]);
    expect((await said(first)).match(/by a link|outside of the workspace|belongs to git/g)?.length).toBe(
      requests().length,
    );
    expect(JSON.stringify(await reviewed(first))).not.toContain(secret);
    const applied = await board.kandev.execute('result.apply', { taskId: first.task.id });
    expect(applied.done).toBe(true);
    expect(await readlink(path.join(folder, 'src'))).toBe(outside);
    await expectUntouched();
    // Another card, which has begun with the folder as it was, changes a file below what is a link by now.
    await board.kandev.execute('result.undo', { taskId: first.task.id, undoId: applied.undoId ?? '' });
    const second = await run('clone', ['write src/c.txt "theirs\\n"', 'write src/new.txt "theirs\\n"']);
    await board.kandev.execute('result.apply', { taskId: first.task.id });
    await board.kandev.execute('result.apply', { taskId: second.task.id }).catch(() => undefined);
    await board.kandev
      .execute('result.apply', { taskId: second.task.id, uncommitted: 'merge' })
      .catch(() => undefined);
    await expectUntouched();
  });
});
