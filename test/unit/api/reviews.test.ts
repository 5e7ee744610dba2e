import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isReviewed, type ReviewComment } from '../../../src/model/review.ts';
import { startServices, type TestServices } from '../../harness/services.ts';

let services: TestServices;

beforeEach(async () => {
  services = await startServices();
});

afterEach(async () => {
  await services.close();
  expect(services.log.lines.filter((line) => line.startsWith('error'))).toEqual([]);
});

const file = 'src/app.js';
const script = (...steps: string[]): string => ['```kandev-script', ...steps, '```'].join('\n');
const writing = (text: string): string => `write ${file} ${JSON.stringify(text)}`;
const onDisk = (): Promise<string> => readFile(join(services.folder, file), 'utf8');

/** A card whose agent has written the file and waits for what is said to it. */
async function reviewedCard(text: string): Promise<string> {
  const taskId = await services.card([writing(text)]);
  await services.kandev.execute('task.start', { taskId });
  await services.until(taskId, ({ task }) => task.state === 'REVIEW');
  return taskId;
}

async function comment(
  taskId: string,
  line: number,
  text: string,
  more: { document?: string } = {},
): Promise<ReviewComment> {
  const lines = { start: line - 1, end: line };
  const document = more.document ?? (await onDisk());
  return services.kandev.execute('review.comment', {
    taskId,
    path: file,
    side: 'after',
    lines,
    document,
    text,
  });
}

const comments = (taskId: string): Promise<ReviewComment[]> =>
  services.kandev.query('review.comments', { taskId });
const states = async (taskId: string): Promise<string[]> =>
  (await comments(taskId)).map(({ state, lines }) => `${state} ${lines.start + 1}`);

/** Resolves when nothing waits for the agent any more. */
async function settled(taskId: string): Promise<void> {
  await services.until(taskId, ({ review }) => review.sent === 0);
}

async function lastMessage(taskId: string): Promise<string> {
  const runs = await services.kandev.query('task.runs', { taskId });
  const entries = await services.kandev.query('run.transcript', { runId: runs.at(-1)?.id ?? '' });
  return entries.filter(({ kind }) => kind === 'user').at(-1)?.text ?? '';
}

describe('files that were looked at', () => {
  it('are so until they change, and again when they are as they were', async () => {
    const { kandev } = services;
    const taskId = await reviewedCard('one\n');
    const reviewed = async (): Promise<boolean[]> => {
      const { files } = await services.kandev.query('result.changes', { span: { taskId } });
      const marks = await services.kandev.query('review.marks', { taskId });
      return files.map((each) => isReviewed(each, marks));
    };
    const [change] = (await kandev.query('result.changes', { span: { taskId } })).files;
    await kandev.execute('review.mark', { taskId, path: file, content: change?.content ?? '' });
    expect(await reviewed()).toEqual([true]);
    await writeFile(join(services.folder, file), 'two\n');
    expect(await reviewed()).toEqual([false]);
    await writeFile(join(services.folder, file), 'one\n');
    await services.reopen();
    expect(await reviewed()).toEqual([true]);
    await services.kandev.execute('review.mark', { taskId, path: file, content: null });
    expect(await reviewed()).toEqual([false]);
  });
});

describe('comments on what an agent has made', () => {
  it('are sent as one message; those whose lines it then changes are resolved, the others open again', async () => {
    const taskId = await reviewedCard('one\ntwo\nthree\nfour\n');
    // As editors do, which show them.
    services.kandev.subscribe('review.changed', () => void comments(taskId));
    await comment(taskId, 2, `Say it in German.\n${script(writing('zero\none\nzwei\nthree\nfour\n'))}`);
    await comment(taskId, 4, 'And this one, too.');
    const sent = await services.kandev.execute('review.send', { taskId });
    expect(sent).toEqual({ comments: 2, waits: false });
    await settled(taskId);
    expect(await states(taskId)).toEqual(['resolved 3', 'reopened 5']);
    const message = await lastMessage(taskId);
    expect(message).toMatch(
      /`src\/app.js`, line 2:\n\n```js\ntwo\n```\n\nSay it in German[^]*line 4:[^]*four/,
    );
    const card = await services.until(taskId, () => true);
    expect(card.review).toEqual({ drafts: 0, sent: 0, reopened: 1 });
  });

  it('are kept when the board is opened again, and belong to their card', async () => {
    const taskId = await reviewedCard('one\n');
    await comment(taskId, 1, 'Why?');
    await services.reopen();
    expect(await comments(taskId)).toMatchObject([
      { text: 'Why?', quote: 'one', state: 'draft', createdBy: 'ann' },
    ]);
    await services.kandev.execute('task.delete', { taskId });
    await services.kandev.execute('task.restore', { taskId });
    expect(await comments(taskId)).toHaveLength(1);
  });

  it('wait with their message while the agent is at work, and what it does until then is no answer', async () => {
    const taskId = await reviewedCard('one\ntwo\n');
    await comment(taskId, 2, `Not like this.\n${script('message "I see."')}`);
    const busy = script('delay 300', writing('one\nother\n'));
    await services.kandev.execute('prompt.send', { taskId, text: busy });
    expect(await services.kandev.execute('review.send', { taskId })).toEqual({ comments: 1, waits: true });
    await services.until(taskId, ({ run }) => run?.state === 'READY' && run.turns === 3);
    await settled(taskId);
    expect(await states(taskId)).toEqual(['reopened 2']);
  });

  it('are drafts again when their message is taken back before the agent had it', async () => {
    const taskId = await reviewedCard('one\n');
    await comment(taskId, 1, 'Why?');
    await services.kandev.execute('prompt.send', { taskId, text: script('delay 60000') });
    await services.kandev.execute('review.send', { taskId });
    expect(await states(taskId)).toEqual(['sent 1']);
    const [prompt] = await services.kandev.query('prompts', { taskId });
    await services.kandev.execute('prompt.remove', { promptId: prompt?.id ?? '' });
    await services.until(taskId, ({ review }) => review.drafts === 1);
  });

  it('stay drafts when the agent cannot be sent anything', async () => {
    const taskId = await services.card([writing('one\n')]);
    await comment(taskId, 1, 'Why?', { document: 'one\n' });
    await expect(services.kandev.execute('review.send', { taskId })).rejects.toMatchObject({
      failure: { reason: 'no-run' },
    });
    expect(await states(taskId)).toEqual(['draft 1']);
  });

  it('follow their lines when a person changes the file', async () => {
    const taskId = await reviewedCard('one\ntwo\n');
    await comment(taskId, 2, 'Why?');
    await services.kandev.execute('review.follow', { taskId, path: file, document: 'new\nnew\none\ntwo\n' });
    expect(await states(taskId)).toEqual(['draft 4']);
    await comment(taskId, 1, 'And this?', { document: 'new\none\ntwo\n' });
    expect(await states(taskId)).toEqual(['draft 3', 'draft 1']);
  });

  it('go with a file that the agent renames, and are resolved with one that it deletes', async () => {
    await writeFile(join(services.folder, 'old.js'), 'one\ntwo\nthree\nfour\nfive\nsix\n');
    const taskId = await reviewedCard('one\n');
    const document = await readFile(join(services.folder, 'old.js'), 'utf8');
    const lines = { start: 1, end: 2 };
    const said = { taskId, side: 'after' as const, lines, document, text: 'Why?' };
    await services.kandev.execute('review.comment', { ...said, path: 'old.js' });
    await comment(taskId, 1, script('terminal mv old.js new.js && rm src/app.js'));
    await services.kandev.execute('review.send', { taskId });
    await settled(taskId);
    expect((await comments(taskId)).map(({ path, state }) => `${path} ${state}`)).toEqual([
      'new.js reopened',
      'src/app.js resolved',
    ]);
  });

  it('on lines that are gone are resolved when something comes in their place', async () => {
    await writeFile(join(services.folder, 'kept.js'), 'one\ntwo\nthree\n');
    const taskId = await services.card(['write kept.js "one\\nthree\\n"']);
    await services.kandev.execute('task.start', { taskId });
    const { run } = await services.until(taskId, ({ task }) => task.state === 'REVIEW');
    const comment = {
      ...({ taskId, path: 'kept.js', side: 'before', before: { runId: run?.id ?? '' } } as const),
      ...{ lines: { start: 1, end: 2 }, document: 'one\ntwo\nthree\n' },
      text: `Why did you delete this?\n${script('write kept.js "one\\nzwei\\nthree\\n"')}`,
    };
    await services.kandev.execute('review.comment', comment);
    await services.kandev.execute('review.send', { taskId });
    await settled(taskId);
    expect(await comments(taskId)).toMatchObject([{ state: 'resolved', lines: { start: 1, end: 2 } }]);
    expect(await lastMessage(taskId)).toContain('line 2 of the file as it was before your change');
  });

  it('can be changed, settled and removed by hand, and are not changed while the agent has them', async () => {
    const taskId = await reviewedCard('one\n');
    const { id: commentId } = await comment(taskId, 1, 'Why?');
    const { kandev } = services;
    await kandev.execute('review.edit', { commentId, text: 'Why not?' });
    await kandev.execute('review.resolve', { commentId, isResolved: true });
    await expect(kandev.execute('review.send', { taskId })).rejects.toMatchObject({
      failure: { reason: 'refused' },
    });
    await kandev.execute('review.resolve', { commentId, isResolved: false });
    await kandev.execute('prompt.send', { taskId, text: script('delay 60000') });
    await kandev.execute('review.send', { taskId });
    await expect(kandev.execute('review.edit', { commentId, text: 'x' })).rejects.toMatchObject({
      failure: { reason: 'refused' },
    });
    await kandev.execute('review.remove', { commentId });
    expect(await comments(taskId)).toEqual([]);
    await rm(join(services.folder, file));
  });
});
