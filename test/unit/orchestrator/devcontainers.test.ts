import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CardView } from '../../../src/model/cardView.ts';
import { startServices, type TestServices } from '../../harness/services.ts';

let services: TestServices;

beforeEach(async () => {
  services = await startServices();
});

afterEach(() => services.close());

const inReview = (card: CardView) => card.task.state === 'REVIEW';
const asks = (card: CardView) => card.queue?.needs === 'devcontainer';
const view = () => services.kandev.query('devcontainer', {});

async function writeJson(content: unknown): Promise<void> {
  await mkdir(path.join(services.folder, '.devcontainer'), { recursive: true });
  await writeFile(path.join(services.folder, '.devcontainer', 'devcontainer.json'), JSON.stringify(content));
}

async function start(agentTypeId = 'based'): Promise<string> {
  const taskId = await services.card(['message Hello'], agentTypeId);
  await services.kandev.execute('task.start', { taskId });
  return taskId;
}

async function answer(isUsed: boolean): Promise<void> {
  const found = await view();
  await services.kandev.execute('devcontainer.answer', { hash: found?.hash ?? '', isUsed });
}

async function notices(card: CardView): Promise<string[]> {
  const entries = await services.kandev.query('run.transcript', { runId: card.run?.id ?? '' });
  return entries.filter(({ kind }) => kind === 'notice').map(({ text }) => text);
}

const given = () => services.agents.requests.at(-1)?.devcontainer;

describe('the word about devcontainer.json', () => {
  it('is waited for, and what was seen is what the agent is given', async () => {
    await writeJson({ image: 'ours:1' });
    const taskId = await start();
    expect((await services.until(taskId, asks)).queue?.why).toMatch(/^Waits for you: .*devcontainer\.json/);
    expect(services.events.filter(({ type }) => type === 'devcontainer.needed')).toHaveLength(1);
    expect(services.agents.requests).toEqual([]);
    expect(await view()).toMatchObject({ image: 'ours:1', dockerfile: null, isUsed: null });
    await answer(true);
    expect(await notices(await services.until(taskId, inReview))).toEqual([]);
    expect(given()).toMatchObject({ base: { image: 'ours:1' } });
  });

  it('is kept over a reload for this content, and asked for again for another', async () => {
    await writeJson({ image: 'ours:1' });
    await answer(true);
    await services.reopen();
    await services.until(await start(), inReview);
    await writeJson({ image: 'theirs:1' });
    const taskId = await start();
    await services.until(taskId, asks);
    expect(services.agents.requests).toHaveLength(1);
    await writeJson({ image: 'ours:1' });
    await services.kandev.execute('task.start', { taskId });
    await services.until(taskId, inReview);
    expect(given()).toMatchObject({ base: { image: 'ours:1' } });
  });

  it('is not taken for what has changed while it was being read', async () => {
    await writeJson({ image: 'ours:1' });
    const seen = await view();
    await writeJson({ image: 'theirs:1' });
    const late = services.kandev.execute('devcontainer.answer', { hash: seen?.hash ?? '', isUsed: true });
    await expect(late).rejects.toMatchObject({
      failure: { reason: 'refused', action: { kind: 'devcontainer' } },
    });
    expect(await view()).toMatchObject({ image: 'theirs:1', isUsed: null });
  });

  it('may be no: then the usual image is taken, which the transcript says', async () => {
    await writeJson({ image: 'ours:1' });
    await answer(false);
    const card = await services.until(await start(), inReview);
    expect(given()).toBeNull();
    expect(await notices(card)).toEqual([expect.stringMatching(/usual image.*you have not agreed/)]);
  });

  it('is not asked for where the agent does not want it, or there is nothing to use, which is said', async () => {
    await writeJson({ image: 'ours:1' });
    await services.until(await start('demo'), inReview);
    await writeJson({ dockerComposeFile: 'compose.yml' });
    const card = await services.until(await start(), inReview);
    expect(await notices(card)).toEqual([expect.stringMatching(/Docker Compose.*usual image/)]);
    await expect(view()).rejects.toMatchObject({ failure: { reason: 'refused' } });
    expect(services.agents.requests.map(({ devcontainer }) => devcontainer)).toEqual([null, null]);
  });

  it("tells the agent's user what of it is left out", async () => {
    await writeJson({ image: 'ours:1', features: { 'ghcr.io/x/go:1': {} } });
    await answer(true);
    const card = await services.until(await start(), inReview);
    expect(await notices(card)).toEqual([expect.stringMatching(/features.*ghcr\.io\/x\/go:1/)]);
  });
});
