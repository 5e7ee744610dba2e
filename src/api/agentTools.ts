import { createHash } from 'node:crypto';
import * as v from 'valibot';
import type { AgentType } from '../model/agentType.ts';
import type { CardView } from '../model/cardView.ts';
import { UserError } from '../model/failure.ts';
import type { AgentCardRules } from '../model/settings.ts';
import { priorities, type Task } from '../model/task.ts';
import type { AgentTools, ToolCall, ToolDescription, ToolUser } from '../orchestrator/agentToolDesk.ts';
import type { Store } from '../store/store.ts';
import type { TaskService } from '../tasks/taskService.ts';
import type { Kandev } from './contract.ts';
import { describeIssues, describeTool, type DescribableTool } from './toolDescription.ts';

export interface AgentToolServices {
  store: Store;
  tasks: TaskService;
  /** The board on behalf of an agent. */
  actingAs: (agentName: string) => Kandev;
  agentTypes: () => readonly AgentType[];
  rules: () => AgentCardRules;
}

interface AgentTool extends DescribableTool {
  run(user: ToolUser, call: ToolCall, signal: AbortSignal): Promise<unknown>;
}

const text = (max: number) =>
  v.pipe(v.string(), v.trim(), v.nonEmpty('It must not be empty.'), v.maxLength(max));

const progressInput = v.strictObject({
  text: v.pipe(text(2_000), v.description('One or two sentences.')),
});
const questionInput = v.strictObject({
  question: v.pipe(text(4_000), v.description('All that the user needs to know to answer it.')),
  options: v.pipe(
    v.optional(v.pipe(v.array(text(200)), v.maxLength(20)), []),
    v.description('The answers to choose from; left out: the user answers in their own words.'),
  ),
});
const finishInput = v.strictObject({
  card: v.pipe(
    v.optional(v.pipe(v.string(), v.maxLength(100))),
    v.description('One that you have created and have done yourself; left out: your own card.'),
  ),
  summary: v.pipe(text(2_000), v.description('What was done, in one to three sentences.')),
});

const newCardFields = {
  title: text(500),
  description: v.pipe(
    v.optional(v.pipe(v.string(), v.maxLength(50_000)), ''),
    v.description('Markdown. It is all that whoever does it is told.'),
  ),
  agent: v.pipe(
    v.optional(v.nullable(v.pipe(v.string(), v.maxLength(100)))),
    v.description('The id of the agent that is to do it; left out: one like you; null: nobody yet, or you.'),
  ),
  priority: v.optional(v.picklist(priorities), 'normal'),
  labels: v.optional(v.pipe(v.array(text(50)), v.maxLength(20)), []),
};
const newCardInput = v.strictObject(newCardFields);
const startableCardInput = v.strictObject({
  ...newCardFields,
  start: v.pipe(
    v.optional(v.boolean(), false),
    v.description('Have its agent begin as soon as there is room.'),
  ),
});

/** The tools of the agents in containers. Each is for the card that its agent works on, and for those created from it. */
export class CardAgentTools implements AgentTools {
  readonly #services: AgentToolServices;
  /** Cards are created one after another: what may be created is counted before. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(services: AgentToolServices) {
    this.#services = services;
  }

  async list(user: ToolUser): Promise<readonly ToolDescription[]> {
    const { depth } = await this.#lineage(user);
    return this.#tools()
      .filter(({ name }) => name !== 'create_card' || this.#mayCreate(depth))
      .map(describeTool);
  }

  async call(user: ToolUser, call: ToolCall, signal: AbortSignal): Promise<unknown> {
    const tool = this.#tools().find(({ name }) => name === call.name);
    if (!tool) throw refused(`There is no tool “${call.name.slice(0, 100)}”.`);
    try {
      return await tool.run(user, call, signal);
    } catch (error) {
      if (v.isValiError(error)) throw refused(describeIssues(error.issues));
      throw error;
    }
  }

  #tools(): AgentTool[] {
    const { perCard, mayStart } = this.#services.rules();
    return [
      {
        name: 'report_progress',
        title: 'Report progress',
        description: 'Tells your user how far you are, on your card.',
        readOnly: false,
        input: progressInput,
        run: (user, { input }) => {
          user.tell(v.parse(progressInput, input).text);
          return Promise.resolve('Noted.');
        },
      },
      {
        name: 'ask_user',
        title: 'Ask the user',
        description:
          'Asks your user something and waits for the answer. They may be away: call it again with the same arguments to go on waiting. The question is closed when your turn ends.',
        readOnly: true,
        input: questionInput,
        run: ask,
      },
      {
        name: 'create_card',
        title: 'Create a card',
        description: `Puts a card on the board for work that should be done apart from yours. ${
          mayStart ? '' : 'It waits in the backlog: your user starts it. '
        }From your card at most ${perCard} can be created altogether.`,
        readOnly: false,
        input: mayStart ? startableCardInput : newCardInput,
        run: (user, call) => this.#inTurn(() => this.#create(user, call)),
      },
      {
        name: 'list_cards',
        title: 'List your cards',
        description: 'Your own card, and those that were created from it, with their states.',
        readOnly: true,
        input: v.strictObject({}),
        run: (user) => this.#cards(user),
      },
      {
        name: 'finish_card',
        title: 'Mark as done',
        description:
          'Says that you are done with your card, or with one that you have created without an agent. It goes to Review, where your user looks at it. End your turn after your own.',
        readOnly: false,
        input: finishInput,
        run: (user, call) => this.#finish(user, call),
      },
    ];
  }

  async #create(user: ToolUser, { id: callId, input }: ToolCall): Promise<unknown> {
    const { tasks, actingAs, rules } = this.#services;
    const { perCard, mayStart } = rules();
    const { start, agent, ...fields } = mayStart
      ? v.parse(startableCardInput, input)
      : { ...v.parse(newCardInput, input), start: false };
    const { depth, created } = await this.#lineage(user);
    if (!this.#mayCreate(depth)) throw refused(tooDeep(depth));
    const from = await tasks.get(user.run.taskId);
    const id = cardId(user, callId);
    const isNew = !(await this.#createdFrom(from.id)).some(({ task }) => task.id === id);
    if (isNew && created >= perCard) throw refused(tooMany(perCard));
    const agentTypeId = agent === undefined ? user.run.agentTypeId : agent;
    this.#checkAgent(agentTypeId);
    const task = await tasks.create(
      {
        ...fields,
        ...placeOf(from),
        boardId: from.boardId,
        id,
        agentTypeId,
        state: 'BACKLOG',
        createdFrom: from.id,
      },
      user.agentName,
    );
    const starts = start && agentTypeId !== null && task.state === 'BACKLOG';
    const notStarted = starts
      ? await whyNot(actingAs(user.agentName).execute('task.start', { taskId: id }))
      : null;
    const canCreate = Math.max(0, perCard - created - (isNew ? 1 : 0));
    return { ...brief(await tasks.get(id)), canCreate, ...(notStarted === null ? {} : { notStarted }) };
  }

  async #cards(user: ToolUser): Promise<unknown> {
    const own = await this.#services.tasks.get(user.run.taskId);
    const created = await this.#createdFrom(own.id);
    return { own: brief(own), created: created.map(({ task }) => brief(task)) };
  }

  async #finish(user: ToolUser, { input }: ToolCall): Promise<unknown> {
    const { card: cardId, summary } = v.parse(finishInput, input);
    if (cardId === undefined || cardId === user.run.taskId) {
      user.done(summary);
      return 'Noted. End your turn now: your card goes to Review then.';
    }
    const found = (await this.#createdFrom(user.run.taskId)).find(({ task }) => task.id === cardId);
    if (!found) throw refused('This card is not yours: only your own and those that you have created are.');
    const { task } = found;
    if (task.agentTypeId !== null) {
      throw refused(`“${task.title}” is for another agent, which says itself when it is done.`);
    }
    if (task.state === 'REVIEW' || task.state === 'COMPLETED') return brief(task);
    const kandev = this.#services.actingAs(user.agentName);
    const taskId = task.id;
    if (task.state !== 'IN_PROGRESS') await kandev.execute('task.move', { taskId, to: 'IN_PROGRESS' });
    return brief(await kandev.execute('task.move', { taskId, to: 'REVIEW', why: summary }));
  }

  #mayCreate(depth: number): boolean {
    const rules = this.#services.rules();
    return rules.perCard > 0 && depth < rules.depth;
  }

  #lineage({ run }: ToolUser): Promise<{ depth: number; created: number }> {
    return this.#services.store.query('lineage', { taskId: run.taskId });
  }

  #createdFrom(taskId: string): Promise<Pick<CardView, 'task'>[]> {
    return this.#services.store.query('createdCards', { taskId });
  }

  #checkAgent(agentTypeId: string | null): void {
    const known = this.#services.agentTypes().map(({ id }) => id);
    if (agentTypeId === null || known.includes(agentTypeId)) return;
    throw refused(`There is no agent “${agentTypeId}”. There are: ${known.join(', ')}.`);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}

async function ask(user: ToolUser, { id, input }: ToolCall, signal: AbortSignal): Promise<unknown> {
  const { question, options } = v.parse(questionInput, input);
  const answer = await user.ask({ id, message: question, choices: [...new Set(options)] }, signal);
  if (answer.action === 'accept') {
    return { answer: answer.answer, ...(answer.more === '' ? {} : { more: answer.more }) };
  }
  return answer.action === 'decline'
    ? 'Your user does not want to answer this.'
    : 'Your user has closed the question without an answer. Go on as you think best.';
}

/** The same for the same call, so that a card is made once, also where two processes were asked for it. */
function cardId({ run }: ToolUser, callId: string): string {
  const hash = createHash('sha256').update(`${run.id} ${callId}`).digest('hex');
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    hash.slice(12, 16),
    hash.slice(16, 20),
    hash.slice(20, 32),
  ].join('-');
}

/** On the same board, and where the card works that it comes from. */
function placeOf({ boardId, workspaceMode, repositoryUrl, branch, includeUncommitted }: Task) {
  return { boardId, workspaceMode, repositoryUrl, branch, includeUncommitted };
}

function brief({ id, title, state, agentTypeId }: Task) {
  return { card: id, title, state, agent: agentTypeId };
}

/** What was refused; the card is there all the same. */
async function whyNot(work: Promise<unknown>): Promise<string | null> {
  try {
    await work;
    return null;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

function refused(message: string): UserError {
  return new UserError({ reason: 'refused', message });
}

function tooDeep(depth: number): string {
  return depth === 0
    ? 'Your user lets agents create no cards.'
    : 'Your card was created by an agent, and your user does not let its agent create further ones. Do the work yourself, or say in your last message what remains to be done.';
}

function tooMany(perCard: number): string {
  return `From your card ${perCard} cards were created already, and your user allows no more. Do the work yourself, or say in your last message what remains to be done.`;
}
