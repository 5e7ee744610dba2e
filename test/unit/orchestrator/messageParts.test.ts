import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Picture } from '../../../src/model/picture.ts';
import { startServices, type TestServices } from '../../harness/services.ts';

/** One pixel. */
const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
/** As large as a small screenshot. */
const large = Buffer.concat([Buffer.from(png, 'base64'), Buffer.alloc(60_000, 7)]).toString('base64');

let services: TestServices;

beforeEach(async () => {
  services = await startServices();
});
afterEach(() => services.close());

const script = (...lines: string[]): string => ['```kandev-script', ...lines, '```'].join('\n');

async function readyCard(agentTypeId = 'demo'): Promise<string> {
  const taskId = await services.card(['message Hello'], agentTypeId);
  await services.kandev.execute('task.start', { taskId });
  await services.until(taskId, ({ run }) => run?.state === 'READY');
  return taskId;
}

function addPicture(taskId: string, name = 'shot.png', data = png): Promise<Picture> {
  return services.kandev.execute('picture.add', { taskId, name, data });
}

async function turnsDone(taskId: string, turns: number): Promise<void> {
  await services.until(taskId, ({ run }) => run?.state === 'READY' && run.turns === turns);
}

/** What the agent has said in a turn. */
async function said(taskId: string, turn: number): Promise<string> {
  const entries = await services.kandev.query('task.entries', { taskId, limit: 1000 });
  return entries
    .filter(({ entry }) => entry.turn === turn && (entry.kind === 'message' || entry.kind === 'notice'))
    .map(({ entry }) => entry.text)
    .join('\n');
}

describe('a message with pictures', () => {
  it('reaches the agent, is told of in the transcript, and is nowhere kept in full', async () => {
    const taskId = await readyCard();
    const picture = await addPicture(taskId, 'shot.png', large);
    const text = script('prompt');
    await services.kandev.execute('prompt.send', { taskId, text, pictures: [picture] });
    await turnsDone(taskId, 2);
    expect(await said(taskId, 2)).toContain(`picture image/png, ${picture.bytes} bytes`);
    const { run } = await services.until(taskId, () => true);
    const entries = await services.kandev.query('run.transcript', { runId: run?.id ?? '' });
    const user = entries.findLast(({ kind }) => kind === 'user');
    expect(JSON.parse(user?.data ?? 'null')).toEqual({ pictures: [picture] });
    // The record is written to its end with the run.
    await services.kandev.execute('task.stop', { taskId });
    const wire = await readFile(join(services.wireFolder, `${run?.id ?? ''}.jsonl`), 'utf8');
    expect(wire).toContain('characters of base64');
    expect(wire).not.toContain(large.slice(200, 1000));
    expect(services.log.lines.join('\n')).not.toContain(large.slice(200, 1000));
  });

  it('may have no text', async () => {
    const taskId = await readyCard();
    await services.kandev.execute('prompt.send', { taskId, text: ' ', pictures: [await addPicture(taskId)] });
    await vi.waitUntil(async () => (await said(taskId, 2)).includes('picture image/png'), 10_000);
    const nothing = services.kandev.execute('prompt.send', { taskId, text: ' ' });
    await expect(nothing).rejects.toThrow('needs some text');
  });

  it('waits with them while the agent works, and can be changed meanwhile', async () => {
    const taskId = await services.card(['delay 600ms', 'message Done']);
    await services.kandev.execute('task.start', { taskId });
    await services.until(taskId, ({ run }) => run?.state === 'RUNNING');
    const [one, two] = [await addPicture(taskId, 'one.png'), await addPicture(taskId, 'two.png', large)];
    const text = script('prompt');
    const waiting = await services.kandev.execute('prompt.send', { taskId, text, pictures: [one, two] });
    const promptId = waiting?.id ?? '';
    await services.kandev.execute('prompt.update', { promptId, text, pictures: [two] });
    const [kept] = await services.kandev.query('prompts', { taskId });
    expect(kept?.pictures).toEqual([two]);
    await turnsDone(taskId, 2);
    expect(await said(taskId, 2)).toContain(`prompt: picture image/png, ${two.bytes} bytes`);
  });

  it('is told without them to an agent that does not take pictures, which says so', async () => {
    const taskId = await readyCard('blind');
    expect(await services.kandev.query('prompt.takes', { taskId })).toEqual({
      image: false,
      embeddedContext: true,
    });
    const picture = await addPicture(taskId);
    await services.kandev.execute('prompt.send', { taskId, text: script('prompt'), pictures: [picture] });
    await turnsDone(taskId, 2);
    expect(await said(taskId, 2)).toMatch(/does not take pictures.*shot\.png[\s\S]*text only/);
  });

  it('is refused in words where it is none, too large, too many, or gone', async () => {
    const taskId = await readyCard();
    const text = Buffer.from('<svg/>').toString('base64');
    await expect(addPicture(taskId, 'a.svg', text)).rejects.toThrow('“a.svg” is no picture');
    const huge = Buffer.concat([Buffer.from(png, 'base64'), Buffer.alloc(5 * 1024 ** 2)]).toString('base64');
    await expect(addPicture(taskId, 'b.png', huge)).rejects.toThrow('“b.png” is larger than 5 MB');
    const picture = await addPicture(taskId);
    const pictures = Array.from({ length: 9 }, () => picture);
    const many = services.kandev.execute('prompt.send', { taskId, text: 'Look', pictures });
    await expect(many).rejects.toThrow('at most 8 pictures');
    const gone = { ...picture, id: '0'.repeat(40) };
    const lost = services.kandev.execute('prompt.send', { taskId, text: 'Look', pictures: [gone] });
    await expect(lost).rejects.toThrow('not kept any more');
    await services.pictures.removeCards([taskId]);
    await expect(services.kandev.query('picture', { taskId, pictureId: picture.id })).rejects.toThrow(
      'not kept any more',
    );
  });
});

describe('a message that mentions files', () => {
  it('links them as the agent sees them, and hands over what is small', async () => {
    await mkdir(join(services.folder, 'src/a b'), { recursive: true });
    await writeFile(join(services.folder, 'src/a b/größe.ts'), 'export const size = 1;\n');
    await writeFile(join(services.folder, 'large.log'), 'x'.repeat(100_000));
    const taskId = await readyCard();
    const mentions = '@"src/a b/größe.ts", @large.log, @src and @nobody or @types/node.';
    await services.kandev.execute('prompt.send', {
      taskId,
      text: `Look at ${mentions}\n${script('prompt')}`,
    });
    await turnsDone(taskId, 2);
    const agentFolder = `file://${services.folder}`;
    expect(await said(taskId, 2)).toBe(
      `prompt: file ${agentFolder}/src/a%20b/gr%C3%B6%C3%9Fe.ts, 23 characters; link ${agentFolder}/large.log; link ${agentFolder}/src`,
    );
  });

  it('is refused where they lie outside of the folder, by their path or by a link', async () => {
    const taskId = await readyCard();
    const outside = join(tmpdir(), 'kandev-outside.txt');
    await writeFile(outside, 'secret');
    await symlink(outside, join(services.folder, 'inside.txt'));
    for (const text of [`See @${outside}`, 'See @inside.txt']) {
      const sent = services.kandev.execute('prompt.send', { taskId, text });
      await expect(sent).rejects.toThrow('outside of the folder that the agent works in');
    }
  });

  it('is refused where a clone does not have them, with what helps', async () => {
    await writeFile(join(services.folder, '.env'), 'A=1');
    await writeFile(join(services.folder, '.gitignore'), '.env\n');
    const { id: taskId } = await services.kandev.execute('task.create', {
      title: 'Copy',
      description: script('message Hello'),
      agentTypeId: 'demo',
      workspaceMode: 'copy',
    });
    await services.kandev.execute('task.start', { taskId });
    await services.until(taskId, ({ run }) => run?.state === 'READY');
    const sent = services.kandev.execute('prompt.send', { taskId, text: 'Read @.env' });
    await expect(sent).rejects.toThrow('not in the workspace of this card');
    const action = { kind: 'openSetting', setting: 'kandev.workspace.copyFiles' };
    await expect(sent).rejects.toMatchObject({ failure: { action } });
  });
});
