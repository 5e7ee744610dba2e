import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CardView } from '../../../src/model/cardView.ts';
import { startGateway, type TestGateway } from '../../harness/gateway.ts';

interface Task {
  id: string;
  title: string;
  state: string;
  version: number;
}
interface Board {
  id: string;
  name: string;
}
interface Page<T> {
  items: T[];
  next: string | null;
}

let test: TestGateway;

beforeAll(async () => {
  test = await startGateway();
});

afterAll(async () => {
  await test.close();
});

const tasks = '/api/v1/tasks';
const orchestrator = '/api/v1/orchestrator';

async function create(input: object, headers = {}): Promise<Task> {
  return (await test.ask<Task>('POST', tasks, { body: input, headers })).body;
}

/** A card whose agent does what a script says. */
async function scripted(...script: string[]): Promise<Task> {
  const description = ['```kandev-script', ...script, '```'].join('\n');
  return create({ title: script[0], description, agentTypeId: 'demo' });
}

const until = (taskId: string, wanted: (card: CardView) => boolean): Promise<CardView> =>
  test.services.until(taskId, wanted);

describe('cards', () => {
  it('are made, read, changed and deleted, and brought back', async () => {
    const made = await test.ask<Task>('POST', tasks, { body: { title: ' A card ', labels: ['new'] } });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ title: 'A card', state: 'BACKLOG', labels: ['new'] });
    const place = `${tasks}/${made.body.id}`;
    expect(made.headers.get('location')).toBe(place);
    expect((await test.ask('GET', place)).body).toEqual(made.body);
    const changed = await test.ask<Task>('PATCH', place, { body: { priority: 'urgent' } });
    expect(changed.body).toMatchObject({ title: 'A card', priority: 'urgent' });
    expect(changed.headers.get('etag')).not.toBe(made.headers.get('etag'));
    expect((await test.ask('DELETE', place)).body).toEqual({ done: true });
    expect((await test.problem('GET', place)).status).toBe(404);
    const deleted = await test.ask<Page<Task>>('GET', '/api/v1/deleted-tasks');
    expect(deleted.body.items.map(({ id }) => id)).toContain(made.body.id);
    await test.ask('POST', `/api/v1/deleted-tasks/${made.body.id}/restore`);
    expect((await test.ask<Task>('GET', place)).body.title).toBe('A card');
  });

  it('are moved as the table of states says, and refused with the reason elsewhere', async () => {
    const { id } = await create({ title: 'To be moved' });
    const state = `${tasks}/${id}/state`;
    const refused = await test.problem('PATCH', state, { body: { to: 'REVIEW' } });
    expect(refused).toMatchObject({ status: 409, reason: 'refused' });
    expect(refused.detail).toContain('Backlog');
    expect((await test.ask<Task>('PATCH', state, { body: { to: 'TODO', why: 'Planned' } })).body.state).toBe(
      'TODO',
    );
    const { body } = await test.ask<Page<{ to: string; why: string | null; actor: string }>>(
      'GET',
      `${tasks}/${id}/events`,
    );
    expect(body.items.at(-1)).toMatchObject({
      to: 'TODO',
      why: 'Planned',
      actor: 'ann (read+write+run+approve)',
    });
  });

  it('are not overwritten by who has not seen the last change', async () => {
    const { id, version } = await create({ title: 'Shared' });
    const headers = { 'if-match': `"v${version}"` };
    const place = `${tasks}/${id}`;
    const both = await Promise.all(
      ['Mine', 'Yours'].map((title) => test.ask('PATCH', place, { body: { title }, headers })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
    expect((await test.problem('PATCH', `${place}/state`, { body: { to: 'TODO' }, headers })).reason).toBe(
      'changed',
    );
    expect((await test.problem('DELETE', place, { headers })).status).toBe(412);
    expect((await test.problem('DELETE', place, { headers: { 'if-match': 'W/"x"' } })).status).toBe(412);
    // Somebody at the board counts as well.
    const { headers: now } = await test.ask('GET', place);
    await test.services.kandev.execute('task.setDependencies', { taskId: id, dependsOn: [] });
    const late = { 'if-match': now.get('etag') ?? '' };
    expect((await test.problem('PATCH', place, { body: { title: 'Late' }, headers: late })).status).toBe(412);
    expect((await test.ask('DELETE', place, { headers: { 'if-match': '*' } })).status).toBe(200);
  });

  it('are made once for one Idempotency-Key, however often and at whatever time it is sent', async () => {
    const headers = { 'idempotency-key': 'nightly-1' };
    const [first, second] = await Promise.all([
      create({ title: 'Once' }, headers),
      create({ title: 'Once' }, headers),
    ]);
    expect(second).toEqual(first);
    const other = await test.problem('POST', tasks, { body: { title: 'Another' }, headers });
    expect(other).toMatchObject({ status: 422, reason: 'idempotency-key-reused' });
    // What was remembered is gone with the gateway; the card's id follows from the key.
    await test.gateway.stop();
    await test.gateway.start();
    expect((await create({ title: 'Once' }, headers)).id).toBe(first.id);
    const another = await test.tokenFor('write');
    const { body } = await test.ask<Task>('POST', tasks, {
      body: { title: 'Once' },
      headers,
      token: another,
    });
    expect(body.id).not.toBe(first.id);
    const refusedTwice = [];
    for (let count = 0; count < 2; count++) {
      const refused = await test.problem('POST', tasks, {
        body: { title: '' },
        headers: { 'idempotency-key': 'bad' },
      });
      refusedTwice.push(refused.status);
    }
    expect(refusedTwice).toEqual([400, 400]);
  });

  it('are listed in pages and by filters, and the list is the same until something happens', async () => {
    for (const priority of ['low', 'high']) {
      await create({ title: `Page ${priority}`, priority, labels: ['paged'], description: 'In the text' });
    }
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const after = cursor === '' ? '' : `&cursor=${cursor}`;
      const page: { body: Page<Task> } = await test.ask<Page<Task>>(
        'GET',
        `${tasks}?limit=1&label=paged${after}`,
      );
      seen.push(...page.body.items.map(({ title }) => title));
      cursor = page.body.next;
    }
    expect(seen).toEqual(['Page low', 'Page high']);
    const titles = async (query: string) =>
      (await test.ask<Page<Task>>('GET', `${tasks}?${query}`)).body.items.map(({ title }) => title);
    expect(await titles('label=paged&priority=high,urgent')).toEqual(['Page high']);
    expect(await titles('label=paged&text=in+the+TEXT')).toHaveLength(2);
    expect(await titles('label=paged&state=REVIEW&state=TODO')).toEqual([]);
    expect(await titles('label=paged&needsYou=true')).toEqual([]);
    expect((await test.problem('GET', `${tasks}?cursor=x`)).errors?.[0]?.field).toBe('query.cursor');
    expect((await test.problem('GET', `${tasks}?colour=red`)).errors?.[0]?.field).toBe('query.colour');
    expect((await test.problem('GET', `${tasks}?limit=0`)).errors?.[0]?.field).toBe('query.limit');
    const etag = (await test.ask('GET', tasks)).headers.get('etag') ?? '';
    expect((await test.ask('GET', tasks, { headers: { 'if-none-match': etag } })).status).toBe(304);
    await create({ title: 'One more' });
    expect((await test.ask('GET', tasks, { headers: { 'if-none-match': etag } })).status).toBe(200);
  });

  it('depend on others', async () => {
    const [first, second] = [await create({ title: 'First' }), await create({ title: 'Second' })];
    const place = `${tasks}/${second.id}/dependencies`;
    const { body } = await test.ask('PUT', place, { body: { dependsOn: [first.id] } });
    expect(body).toMatchObject({ dependsOn: [first.id] });
    const circle = await test.problem('PUT', `${tasks}/${first.id}/dependencies`, {
      body: { dependsOn: [second.id] },
    });
    expect(circle.detail).toContain('for ever');
  });
});

describe('the board', () => {
  it('is told, changed, written to a file and read from one', async () => {
    const { body } = await test.ask<Page<{ id: string }>>('GET', '/api/v1/boards');
    const board = `/api/v1/boards/${body.items[0]?.id ?? ''}`;
    expect((await test.ask('GET', board)).body).toMatchObject({ name: 'Board', queuePause: null });
    expect((await test.ask('PATCH', board, { body: { workspaceMode: 'copy' } })).body).toMatchObject({
      workspaceMode: 'copy',
    });
    await test.ask('PATCH', board, { body: { workspaceMode: 'folder' } });
    const { id } = await create({ title: 'In the file' });
    const { body: file } = await test.ask<object>('GET', `${board}/export`);
    await test.ask('PATCH', `${tasks}/${id}`, { body: { title: 'Changed since' } });
    const { body: result } = await test.ask('POST', `${board}/import`, { body: file });
    expect(result).toMatchObject({ added: 0, changed: 1 });
    expect((await test.ask<Task>('GET', `${tasks}/${id}`)).body.title).toBe('In the file');
    expect((await test.problem('GET', '/api/v1/boards/none')).status).toBe(404);
  });

  it('is one of several, each with its cards', async () => {
    const made = await test.ask<Board>('POST', '/api/v1/boards', { body: { name: ' Later ' } });
    expect(made).toMatchObject({ status: 201, body: { name: 'Later' } });
    const place = made.headers.get('location') ?? '';
    expect(await test.problem('POST', '/api/v1/boards', { body: { name: 'Later' } })).toMatchObject({
      status: 409,
      reason: 'refused',
    });
    const [first] = (await test.ask<Page<Board>>('GET', '/api/v1/boards')).body.items;
    await test.ask('PATCH', place, { body: { name: 'Sooner', beforeBoardId: first?.id } });
    const names = async () =>
      (await test.ask<Page<Board>>('GET', '/api/v1/boards')).body.items.map(({ name }) => name);
    expect(await names()).toEqual(['Sooner', 'Board']);
    const boardId = made.body.id;
    const { id } = await create({ title: 'On the other board', boardId });
    const moved = await create({ title: 'Goes there' });
    await test.ask('PUT', `${tasks}/${moved.id}/board`, { body: { boardId, beforeTaskId: id } });
    const here = async () =>
      (await test.ask<Page<Task>>('GET', `${tasks}?boardId=${boardId}`)).body.items.map(({ title }) => title);
    expect(await here()).toEqual(['Goes there', 'On the other board']);
    expect((await test.problem('DELETE', `/api/v1/boards/none`)).status).toBe(404);
    await test.ask('DELETE', place);
    expect(await names()).toEqual(['Board']);
    expect((await test.problem('GET', `${tasks}/${id}`)).status).toBe(404);
    expect((await test.problem('DELETE', `/api/v1/boards/${first?.id ?? ''}`)).detail).toContain(
      'last board',
    );
    const deleted = await test.ask<Page<object>>('GET', '/api/v1/deleted-boards');
    expect(deleted.body.items).toMatchObject([{ id: boardId, name: 'Sooner', cards: 2 }]);
    await test.ask('POST', `/api/v1/deleted-boards/${boardId}/restore`);
    expect(await here()).toEqual(['Goes there', 'On the other board']);
    await test.ask('DELETE', place);
  });

  it('is not deleted while an agent is at work on it', async () => {
    const { body } = await test.ask<Board>('POST', '/api/v1/boards', { body: { name: 'Busy' } });
    const place = `/api/v1/boards/${body.id}`;
    const card = await scripted('message Hello', 'permission "Go on"');
    await test.ask('PUT', `${tasks}/${card.id}/board`, { body: { boardId: body.id } });
    await test.ask('POST', `${orchestrator}/tasks/${card.id}/start`);
    const { permissions } = await until(card.id, (each) => each.permissions.length > 0);
    expect(await test.problem('DELETE', place)).toMatchObject({ status: 409, reason: 'run-active' });
    await test.ask('POST', `/api/v1/permissions/${permissions[0]?.id ?? ''}/answer`, {
      body: { optionId: null },
    });
    // What waits for another message is ended with the board.
    await until(card.id, ({ run }) => run?.state === 'READY');
    await test.ask('DELETE', place);
    const [run] = await test.services.store.query('taskRuns', { taskId: card.id });
    expect(run?.state).toBe('COMPLETED');
  });

  it('says which agents there are, by the names of their variables', async () => {
    const { body } = await test.ask<Page<{ id: string; environment: string[] }>>(
      'GET',
      '/api/v1/agent-types',
    );
    expect(body.items.find(({ id }) => id === 'demo')?.environment).toContain('TEST_TOKEN');
  });
});

describe('agents', () => {
  it('work on a card, ask, are answered, sent a message, and tell what they did', async () => {
    const { id } = await scripted(
      'message Hello',
      'permission "Go on"',
      'write made.txt "made\\n"',
      'message Done',
    );
    const started = await test.ask('POST', `${orchestrator}/tasks/${id}/start`);
    expect(started.status).toBe(202);
    await until(id, ({ permissions }) => permissions.length > 0);
    expect((await test.ask('GET', `${orchestrator}/tasks/${id}/status`)).body).toMatchObject({
      needsYou: true,
    });
    const { body: open } = await test.ask<Page<{ id: string; options: { optionId: string }[] }>>(
      'GET',
      '/api/v1/permissions',
    );
    const [request] = open.items;
    const answer = `/api/v1/permissions/${request?.id ?? ''}/answer`;
    const body = { optionId: request?.options[0]?.optionId };
    const runner = await test.tokenFor('read', 'write', 'run');
    expect((await test.problem('POST', answer, { body, token: runner })).reason).toBe('scope-missing');
    expect((await test.ask('POST', answer, { body })).status).toBe(200);
    expect((await test.problem('POST', answer, { body })).reason).toBe('already-resolved');
    await until(id, ({ task }) => task.state === 'REVIEW');
    const { body: runs } = await test.ask<Page<{ id: string }>>('GET', `${tasks}/${id}/runs`);
    const run = `${tasks}/${id}/runs/${runs.items[0]?.id ?? ''}`;
    const pages: string[] = [];
    let before: number | null = null;
    do {
      const query: string = before === null ? '' : `&beforeSeq=${before}`;
      const page: { body: { items: { text: string }[]; beforeSeq: number | null } } = await test.ask(
        'GET',
        `${run}/transcript?limit=2${query}`,
      );
      pages.unshift(...page.body.items.map(({ text }) => text));
      before = page.body.beforeSeq;
    } while (before !== null);
    const whole = await test.ask<{ items: { text: string }[] }>('GET', `${run}/transcript`);
    expect(pages).toEqual(whole.body.items.map(({ text }) => text));
    expect(pages).toEqual(expect.arrayContaining(['Hello', 'Done']));
    expect((await test.ask('GET', `${run}/log`)).status).toBe(200);
    expect((await test.ask('GET', `${run}/changes`)).body).toMatchObject({ files: [{ path: 'made.txt' }] });
    const after = await test.ask<{ content: string }>('GET', `${run}/file?path=made.txt&side=after`);
    expect(Buffer.from(after.body.content, 'base64').toString()).toBe('made\n');
    const sent = await test.ask('POST', `${orchestrator}/tasks/${id}/prompt`, {
      body: { text: '```kandev-script\nmessage Again\n```' },
    });
    expect(sent).toMatchObject({ status: 202, body: { queued: null } });
    await until(id, ({ task, run: latest }) => task.state === 'REVIEW' && latest?.turns === 2);
    const elsewhere = await create({ title: 'Another' });
    const stranger = `${tasks}/${elsewhere.id}/runs/${runs.items[0]?.id ?? ''}`;
    expect((await test.problem('GET', `${stranger}/transcript`)).status).toBe(404);
  });

  it('wait in the queue while it is paused, and are stopped', async () => {
    await test.ask('POST', `${orchestrator}/queue/pause`);
    const { id } = await scripted('delay 60s');
    await test.ask('POST', `${orchestrator}/tasks/${id}/start`);
    const { body } = await test.ask<Page<{ taskId: string }>>('GET', `${orchestrator}/queue`);
    expect(body.items.map(({ taskId }) => taskId)).toEqual([id]);
    await test.ask('POST', `${orchestrator}/queue/resume`);
    await until(id, ({ run }) => run?.state === 'RUNNING');
    const waiting = await test.ask<{ queued: { id: string } }>('POST', `${orchestrator}/tasks/${id}/prompt`, {
      body: { text: 'Later' },
    });
    const prompt = `${orchestrator}/prompts/${waiting.body.queued.id}`;
    expect((await test.ask('PATCH', prompt, { body: { text: 'Much later' } })).body).toMatchObject({
      text: 'Much later',
    });
    expect(
      (await test.ask<Page<object>>('GET', `${orchestrator}/tasks/${id}/prompts`)).body.items,
    ).toHaveLength(1);
    await test.ask('DELETE', prompt);
    expect((await test.ask('POST', `${orchestrator}/tasks/${id}/stop`)).body).toMatchObject({
      state: 'TODO',
    });
    expect((await test.problem('POST', `${orchestrator}/tasks/${id}/stop`)).reason).toBe('no-run');
    const { id: nobody } = await create({ title: 'Without an agent' });
    expect((await test.problem('POST', `${orchestrator}/tasks/${nobody}/start`)).status).toBe(400);
  });
});
