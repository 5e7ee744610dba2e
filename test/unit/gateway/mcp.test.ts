import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../../harness/gateway.ts';

let test: TestGateway;

beforeAll(async () => {
  test = await startGateway();
});

afterAll(async () => {
  await test.close();
});

/** The protocol's own client. */
async function connect(token: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  const headers = { authorization: `Bearer ${token}` };
  const transport = new StreamableHTTPClientTransport(new URL(`${test.url}/mcp`), {
    requestInit: { headers },
  });
  await client.connect(transport);
  return client;
}

async function call(client: Client, name: string, input: object): Promise<Record<string, unknown>> {
  const result = await client.callTool({ name, arguments: { ...input } });
  const [content] = result.content as { text: string }[];
  if (result.isError === true) throw new Error(content?.text);
  return JSON.parse(content?.text ?? '') as Record<string, unknown>;
}

describe('a client of the Model Context Protocol', () => {
  it('creates a card, has it worked on, reads what was done, and finishes it', async () => {
    const client = await connect(test.token);
    const description = ['```kandev-script', 'write made.txt "made\\n"', 'message Done', '```'].join('\n');
    const made = await call(client, 'create_card', {
      title: 'By a model',
      description,
      agent: 'demo',
      start: true,
    });
    const taskId = String(made.card);
    await test.services.until(taskId, ({ task }) => task.state === 'REVIEW');
    expect(await call(client, 'get_card', { card: taskId })).toMatchObject({
      state: 'REVIEW',
      title: 'By a model',
    });
    const { entries } = await call(client, 'read_transcript', { card: taskId });
    expect((entries as { text: string }[]).map(({ text }) => text)).toContain('Done');
    expect(await call(client, 'read_changes', { card: taskId })).toMatchObject({
      files: [{ path: 'made.txt' }],
    });
    expect(await call(client, 'read_changes', { card: taskId, path: 'made.txt' })).toEqual({
      before: null,
      after: 'made\n',
    });
    await call(client, 'move_card', { card: taskId, to: 'COMPLETED' });
    const { cards } = await call(client, 'list_cards', { state: 'COMPLETED' });
    expect(cards).toHaveLength(1);
    await client.close();
  });

  it('sees which boards there are, and puts cards on them', async () => {
    const client = await connect(test.token);
    const { id: board } = await test.services.kandev.execute('board.create', { name: 'Other' });
    const { card } = await call(client, 'create_card', { title: 'There', board });
    const { boards } = await call(client, 'list_boards', {});
    expect(boards).toContainEqual({ board, name: 'Other', cards: 1, needAnAnswer: 0 });
    const [first] = boards as { board: string }[];
    expect(await call(client, 'move_card_to_board', { card, board: first?.board })).toMatchObject({
      board: first?.board,
    });
    expect(await call(client, 'list_cards', { board })).toMatchObject({ cards: [] });
    await client.close();
  });

  it('answers nothing, and starts nothing, unless its token says that it may', async () => {
    const client = await connect(await test.tokenFor('read', 'write'));
    const { tools } = await client.listTools();
    const names = tools.map(({ name }) => name);
    expect(names).toContain('create_card');
    expect(names).not.toContain('answer_permission');
    expect(names).not.toContain('start_card');
    expect(tools.find(({ name }) => name === 'list_cards')?.annotations?.readOnlyHint).toBe(true);
    await expect(call(client, 'create_card', { title: 'x', agent: 'demo', start: true })).rejects.toThrow(
      'scope-missing',
    );
    const { card } = await call(client, 'create_card', { title: 'x', agent: 'demo' });
    await expect(call(client, 'move_card', { card, to: 'TODO' })).rejects.toThrow('scope-missing');
    await expect(call(client, 'move_card', { card, to: 'REVIEW' })).rejects.toThrow('cannot go to Review');
    await expect(call(client, 'get_card', { card: 'none' })).rejects.toThrow('not-found');
    await expect(call(client, 'create_card', { title: 7 })).rejects.toThrow('Expected string');
    await expect(call(client, 'answer_permission', { request: 'x', option: 'y' })).rejects.toThrow('no tool');
    await client.close();
    await expect(connect('none')).rejects.toThrow();
  });
});
