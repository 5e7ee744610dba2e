import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../../../scripts/paths.mts';
import { commandSchemas, querySchemas } from '../../../src/api/contract.ts';
import { startGateway, type TestGateway } from '../../harness/gateway.ts';

/** What programs cannot do, and why. All else that the board can do is an address of the API. */
const notForPrograms: Record<string, string> = {
  'credentials.share': 'a word that only the user can give',
  credentials: 'it names what there is of the user’s',
  'devcontainer.answer': 'a word that only the user can give',
  devcontainer: 'it is asked for that word',
  'agent.signedIn': 'it follows a sign-in in a terminal',
  'agent.check': 'it is the user’s, who is setting an agent up',
  'agent.cancelCheck': 'as the check',
  'database.exportCopy': 'it writes a file wherever it is told to',
  'database.restoreBackup': 'it ends all runs, and replaces what everybody sees',
  backups: 'as restoring one',
  'gateway.start': 'the gateway is not its own master',
  'gateway.stop': 'the gateway is not its own master',
  'gateway.reconfigure': 'the gateway is not its own master',
  'gateway.createToken': 'a token makes no tokens',
  'gateway.revokeTokens': 'a token is no master of others',
  gateway: 'whoever asks knows where it is',
  'gateway.tokens': 'a token knows of no others',
  'board.addSamples': 'they are for people who look',
  'task.prompt': '`prompt.send` does it, and waits where it has to',
  'review.follow': 'for texts that are not saved yet: an editor’s',
  'engine.check': 'the question for the engine looks for it, too',
  'result.cancel': 'whoever has asked waits for the answer',
};

let test: TestGateway;

beforeAll(async () => {
  test = await startGateway();
});

afterAll(async () => {
  await test.close();
});

async function gatewaySource(): Promise<string> {
  const folder = path.join(projectRoot, 'src/gateway');
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.ts'));
  const texts = await Promise.all(files.map((file) => readFile(path.join(folder, file), 'utf8')));
  // A schema alone does nothing.
  return texts.join('\n').replaceAll(/commandSchemas\['[^']+'\]/g, '');
}

interface Items<T> {
  items: T[];
}

describe('what the board can do', () => {
  it('is in the API, but for what is only the user’s', async () => {
    const source = await gatewaySource();
    const names = [...Object.keys(commandSchemas), ...Object.keys(querySchemas)];
    const isUsed = (name: string): boolean => {
      const [prefix, verb = ''] = name.split('.');
      // Several of a kind are made of one piece.
      const isOneOfKind = source.includes(`(\`${prefix}.\${verb}\``) && source.includes(`'${verb}'`);
      return source.includes(`'${name}'`) || isOneOfKind;
    };
    expect(names.filter((name) => !isUsed(name) && !(name in notForPrograms))).toEqual([]);
    expect(Object.keys(notForPrograms).filter((name) => !names.includes(name))).toEqual([]);
  });
});

describe('a review by a program', () => {
  it('is written, changed, sent and settled', async () => {
    const taskId = await test.services.card(['write made.txt "one\\ntwo\\n"']);
    await test.services.kandev.execute('task.start', { taskId });
    await test.services.until(taskId, ({ task }) => task.state === 'REVIEW');
    const comments = `/api/v1/tasks/${taskId}/comments`;
    const body = { path: 'made.txt', side: 'after', lines: { start: 1, end: 2 }, text: 'Why two?' };
    const { body: made, status } = await test.ask<{ id: string; quote: string }>('POST', comments, { body });
    expect([status, made.quote]).toEqual([201, 'two']);
    const gone = await test.problem('POST', comments, { body: { ...body, path: 'no.txt' } });
    expect(gone.status).toBe(404);
    await test.ask('PATCH', `/api/v1/comments/${made.id}`, { body: { text: 'Make it three' } });
    await test.ask('PATCH', `/api/v1/comments/${made.id}`, { body: { isResolved: true } });
    await test.ask('PATCH', `/api/v1/comments/${made.id}`, { body: { isResolved: false } });
    const { body: other } = await test.ask<{ id: string }>('POST', comments, { body });
    await test.ask('DELETE', `/api/v1/comments/${other.id}`);
    const { body: sent } = await test.ask('POST', `${comments}/send`);
    expect(sent).toEqual({ comments: 1, waits: false });
    await test.ask('POST', `/api/v1/orchestrator/tasks/${taskId}/stop`);
    const { body: all } = await test.ask<Items<{ text: string }>>('GET', comments);
    expect(all.items.map(({ text }) => text)).toEqual(['Make it three']);
    const marks = `/api/v1/tasks/${taskId}/reviewed-files`;
    await test.ask('PUT', marks, { body: { path: 'made.txt', content: 'abc' } });
    expect((await test.ask('GET', marks)).body).toEqual({ items: [{ path: 'made.txt', content: 'abc' }] });
    expect((await test.problem('PATCH', '/api/v1/comments/none', { body: { text: 'x' } })).status).toBe(404);
  });
});

describe('a picture for an agent', () => {
  it('is kept, and given back; whether the agent takes it is told', async () => {
    const taskId = await test.services.card(['message Hello']);
    await test.services.kandev.execute('task.start', { taskId });
    await test.services.until(taskId, ({ task }) => task.state === 'REVIEW');
    const data = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1]).toString('base64');
    const place = `/api/v1/tasks/${taskId}`;
    const body = { name: 'dot.png', data };
    const { body: picture } = await test.ask<{ id: string; mimeType: string }>('POST', `${place}/pictures`, {
      body,
    });
    expect(picture.mimeType).toBe('image/png');
    expect((await test.ask('GET', `${place}/pictures/${picture.id}`)).body).toEqual({ data });
    const { body: takes } = await test.ask('GET', `/api/v1/orchestrator/tasks/${taskId}/accepts`);
    expect(takes).toMatchObject({ accepts: expect.any(Object) as unknown });
  });
});

describe('the columns and a file of a board', () => {
  it('are named and limited, and looked at before it is taken', async () => {
    const { body: boards } = await test.ask<Items<{ id: string; columns: { id: string }[] }>>(
      'GET',
      '/api/v1/boards',
    );
    const [board] = boards.items;
    const place = `/api/v1/boards/${board?.id ?? ''}`;
    const column = board?.columns[0]?.id ?? '';
    await test.ask('PATCH', `${place}/columns/${column}`, { body: { title: 'Ideas', limit: 5 } });
    expect((await test.ask('GET', place)).body).toMatchObject({
      columns: expect.arrayContaining([expect.objectContaining({ id: column, title: 'Ideas' })]) as unknown,
    });
    const { body: file } = await test.ask<object>('GET', `${place}/export`);
    const { body: preview } = await test.ask<{ added: string[] }>('POST', `${place}/import/preview`, {
      body: file,
    });
    expect(preview.added).toEqual([]);
    expect((await test.problem('PATCH', `${place}/columns/none`, { body: { limit: 1 } })).status).toBe(404);
  });
});

describe('the machine', () => {
  it('is told of: engine, usage, what is left over, workspaces', async () => {
    const taskId = await test.services.card(['message Hello']);
    for (const place of ['engine', 'usage', 'leftovers', 'workspaces', `tasks/${taskId}/workspace`]) {
      expect((await test.ask('GET', `/api/v1/${place}`)).status, place).toBe(200);
    }
    expect((await test.ask('POST', '/api/v1/workspaces/clear', { body: {} })).body).toEqual({ items: [] });
    const removed = await test.ask('POST', '/api/v1/leftovers/remove', { body: { runIds: ['none'] } });
    expect(removed.body).toEqual({ items: [] });
  });

  it('lets no program say what an agent may reach without the scope for that', async () => {
    const taskId = await test.services.card(['message Hello']);
    const place = `/api/v1/orchestrator/tasks/${taskId}/blocked-hosts`;
    const body = { entry: 'example.org', answer: 'card' };
    const token = await test.tokenFor('read', 'write', 'run');
    expect((await test.problem('POST', place, { body, token })).reason).toBe('scope-missing');
    expect((await test.problem('POST', place, { body })).reason).toBe('refused');
  });
});

describe('permission rules', () => {
  it('are made, tried, changed, put in order and taken away by who may answer, and by nobody else', async () => {
    const place = '/api/v1/permission-rules';
    const rule = { decision: 'allow', toolKind: 'read', path: '**' };
    const token = await test.tokenFor('read', 'write', 'run');
    expect((await test.problem('POST', place, { body: rule, token })).reason).toBe('scope-missing');
    expect((await test.ask('POST', `${place}/test`, { body: { rule }, token })).body).toMatchObject({
      requests: [],
    });
    const { status, body: made } = await test.ask<{ rule: { id: string } }>('POST', place, { body: rule });
    expect([status, made]).toMatchObject([201, { answered: 0, rule: { ...rule, matches: 0 } }]);
    const one = `${place}/${made.rule.id}`;
    const off = await test.ask('PATCH', one, { body: { isEnabled: false } });
    expect(off.body).toMatchObject({ rule: { isEnabled: false } });
    await test.ask('POST', `${one}/place`, { body: { beforeRuleId: null } });
    const { body: all } = await test.ask<Items<{ id: string }>>('GET', place, { token });
    expect(all.items.at(-1)?.id).toBe(made.rule.id);
    expect((await test.problem('DELETE', one, { token })).reason).toBe('scope-missing');
    await test.ask('DELETE', one);
    expect((await test.problem('PATCH', one, { body: { isEnabled: true } })).status).toBe(404);
    expect((await test.ask('POST', `${one}/restore`)).status).toBe(200);
    const chained = { ...rule, command: 'npm test && *' };
    expect((await test.problem('POST', place, { body: chained })).reason).toBe('invalid-input');
  });

  it('leave for the rest what is chosen for a board or an agent', async () => {
    const place = '/api/v1/permission-presets';
    const { body: boards } = await test.ask<Items<{ id: string }>>('GET', '/api/v1/boards');
    const choice = { boardId: boards.items[0]?.id ?? '', agentTypeId: 'demo', preset: 'read' };
    expect((await test.ask('PUT', place, { body: choice })).body).toEqual({ answered: 0 });
    expect((await test.ask('GET', place)).body).toEqual({ items: [choice] });
    await test.ask('PUT', place, { body: { ...choice, preset: null } });
    expect((await test.ask('GET', place)).body).toEqual({ items: [] });
    expect((await test.problem('PUT', place, { body: { ...choice, boardId: 'none' } })).status).toBe(404);
  });
});
