import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CardAgentTools } from '../../../src/api/agentTools.ts';
import type { AgentCardRules } from '../../../src/model/settings.ts';
import { UserError } from '../../../src/model/failure.ts';
import type { ToolUser, UserAnswer, UserQuestion } from '../../../src/orchestrator/agentToolDesk.ts';
import { Boards } from '../../../src/tasks/boards.ts';
import { TaskService } from '../../../src/tasks/taskService.ts';
import { LocalEventBus } from '../../../src/events/eventBus.ts';
import { startServices, type TestServices } from '../../harness/services.ts';
import { newRun } from '../../store/cards.ts';

let services: TestServices;
let tools: CardAgentTools;
let rules: AgentCardRules;

beforeEach(async () => {
  services = await startServices();
  rules = { perCard: 3, depth: 2, mayStart: false };
  const agentTypes = await services.kandev.query('agentTypes', {});
  const bus = new LocalEventBus('test', () => undefined);
  tools = new CardAgentTools({
    store: services.store,
    tasks: new TaskService(services.store, bus, new Boards(services.store, bus)),
    actingAs: (agent) => services.actingAs(agent),
    agentTypes: () => agentTypes,
    rules: () => rules,
  });
});

afterEach(() => services.close());

interface TestUser extends ToolUser {
  told: string[];
  asked: UserQuestion[];
  answer: UserAnswer;
}

function userOf(taskId: string): TestUser {
  const told: string[] = [];
  const asked: UserQuestion[] = [];
  const user: TestUser = {
    run: { ...newRun(`run-${taskId}`, taskId), agentTypeId: 'demo' },
    agentName: 'Agent demo',
    told,
    asked,
    answer: { action: 'accept', answer: 'Red', more: '' },
    tell: (text) => told.push(text),
    done: (summary) => told.push(`Done: ${summary}`),
    ask: (question) => {
      asked.push(question);
      return Promise.resolve(user.answer);
    },
  };
  return user;
}

const open = new AbortController().signal;

function call(user: ToolUser, name: string, input: object, id = randomUUID()): Promise<unknown> {
  return tools.call(user, { id, name, input }, open);
}

async function newCard(title = 'Own'): Promise<string> {
  return (await services.kandev.execute('task.create', { title, agentTypeId: 'demo', ...place })).id;
}

const place = {
  workspaceMode: 'repository',
  repositoryUrl: 'https://example.org/a.git',
  branch: 'main',
} as const;

async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  return error instanceof UserError ? error.message : `not refused: ${JSON.stringify(error)}`;
}

describe('the tools of an agent', () => {
  it('create a card where its own one works, with its name and where it comes from', async () => {
    const taskId = await newCard();
    const user = userOf(taskId);
    const created = (await call(user, 'create_card', { title: ' Later ', labels: ['a'] })) as {
      card: string;
    };
    expect(created).toMatchObject({ title: 'Later', state: 'BACKLOG', agent: 'demo', canCreate: 2 });
    const { cards } = await services.kandev.query('cards', { taskIds: [created.card] });
    expect(cards[0]?.origin).toBe('Own');
    expect(cards[0]?.task).toMatchObject({
      ...place,
      createdBy: 'Agent demo',
      createdFrom: taskId,
      labels: ['a'],
    });
  });

  it('create one card for one call, however often that is made', async () => {
    const user = userOf(await newCard());
    const id = randomUUID();
    const [one, other] = await Promise.all([
      call(user, 'create_card', { title: 'Once' }, id),
      call(user, 'create_card', { title: 'Once' }, id),
    ]);
    expect(other).toEqual(one);
  });

  it('create no more cards than the user allows, also at once, and deleted ones count', async () => {
    const user = userOf(await newCard());
    const all = await Promise.allSettled(
      Array.from({ length: 8 }, (_none, n) => call(user, 'create_card', { title: `Card ${n}` })),
    );
    const made = all.flatMap((each) => (each.status === 'fulfilled' ? [each.value as { card: string }] : []));
    expect(made).toHaveLength(3);
    await services.kandev.execute('task.delete', { taskId: made[0]?.card ?? '' });
    expect(await refusal(call(user, 'create_card', { title: 'Again' }))).toContain(
      '3 cards were created already',
    );
  });

  it('go no deeper than the user allows, whatever card it is', async () => {
    let taskId = await newCard();
    for (let depth = 0; depth < 2; depth++) {
      const { card } = (await call(userOf(taskId), 'create_card', { title: 'Deeper' })) as { card: string };
      taskId = card;
    }
    const user = userOf(taskId);
    expect((await tools.list(user)).map(({ name }) => name)).not.toContain('create_card');
    expect(await refusal(call(user, 'create_card', { title: 'Too deep' }))).toContain(
      'was created by an agent',
    );
    rules = { perCard: 0, depth: 2, mayStart: false };
    expect(await refusal(call(userOf(await newCard()), 'create_card', { title: 'None' }))).toContain(
      'lets agents create no cards',
    );
  });

  it('have an agent begin only where the user allows that, and the schema says so', async () => {
    const user = userOf(await newCard());
    const schema = async (): Promise<string> =>
      JSON.stringify((await tools.list(user)).find(({ name }) => name === 'create_card'));
    expect(await schema()).not.toContain('"start"');
    expect(await refusal(call(user, 'create_card', { title: 'Now', start: true }))).toContain('start');
    rules = { ...rules, mayStart: true };
    expect(await schema()).toContain('"start"');
    const inFolder = await services.kandev.execute('task.create', { title: 'Own', agentTypeId: 'demo' });
    const input = { title: 'Now', description: 'Hello', start: true };
    const { card } = (await call(userOf(inFolder.id), 'create_card', input)) as { card: string };
    await services.until(card, ({ run }) => run !== null);
    await services.kandev.execute('task.stop', { taskId: card });
  });

  it('finish a card that the agent has created without an agent, and no other one', async () => {
    const taskId = await newCard();
    const user = userOf(taskId);
    const created = async (agent: string | null): Promise<string> =>
      ((await call(user, 'create_card', { title: 'A part', agent })) as { card: string }).card;
    const [mine, others] = [await created(null), await created('demo')];
    const foreign = await newCard('Foreign');
    expect(await call(user, 'finish_card', { card: mine, summary: 'It is done' })).toMatchObject({
      state: 'REVIEW',
    });
    const history = await services.kandev.query('task.history', { taskId: mine });
    expect(history.at(-1)).toMatchObject({ actor: 'Agent demo', why: 'It is done', to: 'REVIEW' });
    expect(await refusal(call(user, 'finish_card', { card: others, summary: 'x' }))).toContain(
      'for another agent',
    );
    for (const card of [foreign, 'nonsense', '']) {
      expect(await refusal(call(user, 'finish_card', { card, summary: 'x' }))).toContain('not yours');
    }
    await call(user, 'finish_card', { card: taskId, summary: 'All of it' });
    expect(user.told).toEqual(['Done: All of it']);
  });

  it('ask the user, and say the answer or that there is none', async () => {
    const user = userOf(await newCard());
    const question = { question: 'Which?', options: ['Red', 'Red', 'Blue'] };
    expect(await call(user, 'ask_user', question)).toEqual({ answer: 'Red' });
    expect(user.asked[0]?.choices).toEqual(['Red', 'Blue']);
    user.answer = { action: 'decline' };
    expect(await call(user, 'ask_user', question)).toContain('does not want to answer');
    user.answer = { action: 'cancel' };
    expect(await call(user, 'ask_user', question)).toContain('closed the question');
  });

  it('refuse what does not fit their schemas, and tools that there are not', async () => {
    const user = userOf(await newCard());
    const wrong: [string, object][] = [
      ['create_card', {}],
      ['create_card', { title: '  ' }],
      ['create_card', { title: 'x'.repeat(501) }],
      ['create_card', { title: 'a', agent: 'nobody' }],
      ['create_card', { title: 'a', createdFrom: 'b' }],
      ['ask_user', { question: 5 }],
      ['report_progress', { text: 'x'.repeat(2_001) }],
      ['finish_card', { summary: '' }],
      ['answer_permission', { request: 'r', option: 'o' }],
      ['__proto__', {}],
    ];
    for (const [name, input] of wrong) {
      expect(await refusal(call(user, name, input)), name).not.toContain('not refused');
    }
    const { cards } = await services.kandev.query('boards', {});
    expect(cards).toHaveLength(1);
  });
});
