import * as v from 'valibot';
import type { CardView } from '../model/cardView.ts';
import { UserError } from '../model/failure.ts';
import type { GatewayScope } from '../model/gateway.ts';
import { priorities, taskStates } from '../model/task.ts';
import type { Kandev } from './contract.ts';

/** What a model can do with the board, by whichever way it is offered to it. */
export interface CardTool {
  name: string;
  title: string;
  /** For the model. */
  description: string;
  scope: GatewayScope;
  /** False where it changes something. */
  readOnly: boolean;
  input: v.GenericSchema;
  /** @param allow throws where the caller may not do that */
  run(kandev: Kandev, input: unknown, allow: (scope: GatewayScope) => void): Promise<unknown>;
}

const card = v.pipe(v.string(), v.minLength(1), v.maxLength(100), v.description('The id of a card.'));
const board = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(100),
  v.description('The id of a board, as list_boards has it.'),
);
const agent = v.pipe(v.string(), v.maxLength(100), v.description('The id of an agent, such as "claude".'));
/** A model reads no more at once. */
const mostText = 100_000;

function tool<S extends v.GenericSchema>(
  made: Omit<CardTool, 'run' | 'input'> & {
    input: S;
    run(kandev: Kandev, input: v.InferOutput<S>, allow: (scope: GatewayScope) => void): Promise<unknown>;
  },
): CardTool {
  return { ...made, run: (kandev, input, allow) => made.run(kandev, v.parse(made.input, input), allow) };
}

/** A card in such a state that has an agent is started by the queue, or is being worked on. */
export function startsAgent(state: string, agentTypeId: string | null): boolean {
  return agentTypeId !== null && (state === 'TODO' || state === 'IN_PROGRESS' || state === 'BLOCKED');
}

export const cardTools: readonly CardTool[] = [
  tool({
    name: 'list_boards',
    title: 'List boards',
    description: 'Lists the kanban boards, with how many cards each has and how many of them need an answer.',
    scope: 'read',
    readOnly: true,
    input: v.strictObject({}),
    run: async (kandev) => {
      const { boards, cards } = await kandev.query('boards', {});
      return {
        boards: boards.map(({ id, name }) => {
          const here = cards.filter(({ task }) => task.boardId === id);
          return { board: id, name, cards: here.length, needAnAnswer: here.filter(needsAnAnswer).length };
        }),
      };
    },
  }),
  tool({
    name: 'list_cards',
    title: 'List cards',
    description:
      'Lists the cards of the kanban boards, or of one of them, with their states and what their agents do.',
    scope: 'read',
    readOnly: true,
    input: v.strictObject({
      board: v.optional(board),
      state: v.optional(v.picklist(taskStates)),
      text: v.pipe(v.optional(v.string()), v.description('In the title or the description.')),
      limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(200)), 50),
    }),
    run: async (kandev, { board: boardId, state, text, limit }) => {
      const { cards } = await kandev.query('boards', {});
      const wanted = text?.toLowerCase();
      const found = cards.filter(
        ({ task }) =>
          (boardId === undefined || task.boardId === boardId) &&
          (state === undefined || task.state === state) &&
          (wanted === undefined || `${task.title}\n${task.description}`.toLowerCase().includes(wanted)),
      );
      return { cards: found.slice(0, limit).map(summary), more: Math.max(0, found.length - limit) };
    },
  }),
  tool({
    name: 'get_card',
    title: 'Look at a card',
    description: 'A card with its description, its run, and what its agent asks.',
    scope: 'read',
    readOnly: true,
    input: v.strictObject({ card }),
    run: async (kandev, input) => {
      const found = await cardOf(kandev, input.card);
      const { task, permissions, questions, dependencies } = found;
      return { ...summary(found), description: task.description, permissions, questions, dependencies };
    },
  }),
  tool({
    name: 'create_card',
    title: 'Create a card',
    description:
      'Puts a card on a board, the first one unless another is named. Its description is the prompt of its agent. It stays in the backlog unless `start` is true.',
    scope: 'write',
    readOnly: false,
    input: v.strictObject({
      board: v.optional(board),
      title: v.pipe(v.string(), v.minLength(1), v.maxLength(500)),
      description: v.optional(v.pipe(v.string(), v.maxLength(200_000)), ''),
      agent: v.optional(agent),
      priority: v.optional(v.picklist(priorities), 'normal'),
      labels: v.optional(v.array(v.string()), []),
      start: v.optional(v.boolean(), false),
    }),
    run: async (kandev, { board: boardId, agent: agentTypeId, start, ...fields }, allow) => {
      if (start) allow('run');
      const { id: taskId } = await kandev.execute('task.create', {
        ...fields,
        boardId,
        agentTypeId: agentTypeId ?? null,
      });
      if (start) await kandev.execute('task.start', { taskId });
      return summary(await cardOf(kandev, taskId));
    },
  }),
  tool({
    name: 'update_card',
    title: 'Change a card',
    description: 'Changes what is given of a card, and nothing else.',
    scope: 'write',
    readOnly: false,
    input: v.strictObject({
      card,
      title: v.optional(v.string()),
      description: v.optional(v.string()),
      agent: v.optional(agent),
      priority: v.optional(v.picklist(priorities)),
      labels: v.optional(v.array(v.string())),
    }),
    run: async (kandev, { card: taskId, agent: agentTypeId, ...patch }, allow) => {
      const { task } = await cardOf(kandev, taskId);
      if (agentTypeId !== undefined && startsAgent(task.state, agentTypeId)) allow('run');
      await kandev.execute('task.update', { taskId, agentTypeId, ...patch });
      return summary(await cardOf(kandev, taskId));
    },
  }),
  tool({
    name: 'move_card',
    title: 'Move a card',
    description: 'Puts a card into another state. In TODO, a card with an agent is queued for it.',
    scope: 'write',
    readOnly: false,
    input: v.strictObject({ card, to: v.picklist(taskStates), why: v.optional(v.string()) }),
    run: async (kandev, { card: taskId, to, why }, allow) => {
      const { task } = await cardOf(kandev, taskId);
      if (startsAgent(to, task.agentTypeId)) allow('run');
      await kandev.execute('task.move', { taskId, to, why });
      return summary(await cardOf(kandev, taskId));
    },
  }),
  tool({
    name: 'move_card_to_board',
    title: 'Move a card to another board',
    description: 'Puts a card on another board. Its state stays as it is.',
    scope: 'write',
    readOnly: false,
    input: v.strictObject({ card, board }),
    run: async (kandev, { card: taskId, board: boardId }) => {
      await kandev.execute('task.setBoard', { taskId, boardId });
      return summary(await cardOf(kandev, taskId));
    },
  }),
  tool({
    name: 'start_card',
    title: 'Start a card',
    description: 'Has the agent of a card work on it, now or when there is room.',
    scope: 'run',
    readOnly: false,
    input: v.strictObject({ card }),
    run: async (kandev, { card: taskId }) => {
      await kandev.execute('task.start', { taskId });
      return summary(await cardOf(kandev, taskId));
    },
  }),
  tool({
    name: 'stop_card',
    title: 'Stop a card',
    description: 'Ends the run of a card, or takes it out of the queue.',
    scope: 'run',
    readOnly: false,
    input: v.strictObject({ card }),
    run: async (kandev, { card: taskId }) => {
      await kandev.execute('task.stop', { taskId });
      return summary(await cardOf(kandev, taskId));
    },
  }),
  tool({
    name: 'message_card',
    title: 'Message the agent of a card',
    description: 'Sends a message to the agent of a card. While it is at work the message waits.',
    scope: 'run',
    readOnly: false,
    input: v.strictObject({ card, text: v.pipe(v.string(), v.minLength(1), v.maxLength(200_000)) }),
    run: async (kandev, { card: taskId, text }) => {
      const queued = await kandev.execute('prompt.send', { taskId, text });
      return { sent: queued === null, waits: queued !== null };
    },
  }),
  tool({
    name: 'read_transcript',
    title: 'Read a transcript',
    description: 'What was said and done in the latest run of a card, from its end. `before` pages back.',
    scope: 'read',
    readOnly: true,
    input: v.strictObject({
      card,
      before: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
      limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(200)), 50),
    }),
    run: async (kandev, { card: taskId, before, limit }) => {
      const { run } = await cardOf(kandev, taskId);
      if (!run) return { entries: [] };
      const entries = await kandev.query('run.transcript', { runId: run.id, beforeSeq: before, limit });
      return { entries: entries.map(({ seq, turn, kind, text }) => ({ seq, turn, kind, text })) };
    },
  }),
  tool({
    name: 'read_changes',
    title: 'Read the changes of a card',
    description:
      'The files that the latest run of a card has changed; with `path`, that file before and after as text.',
    scope: 'read',
    readOnly: true,
    input: v.strictObject({
      card,
      path: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(10_000))),
    }),
    run: async (kandev, { card: taskId, path }) => {
      const { run } = await cardOf(kandev, taskId);
      if (!run) return { files: [] };
      const span = { runId: run.id };
      if (path === undefined) {
        const { files } = await kandev.query('result.changes', { span });
        return {
          files: files.map(({ path: name, kind, added, removed }) => ({ path: name, kind, added, removed })),
        };
      }
      const [before, after] = await Promise.all(
        (['before', 'after'] as const).map((side) => kandev.query('result.file', { span, side, path })),
      );
      return { before: textOf(before ?? null), after: textOf(after ?? null) };
    },
  }),
  tool({
    name: 'answer_permission',
    title: 'Answer an agent',
    description:
      'Answers what the agent of a card asks to be allowed, with one of the options of the request.',
    scope: 'approve',
    readOnly: false,
    input: v.strictObject({ request: v.pipe(v.string(), v.maxLength(100)), option: v.string() }),
    run: async (kandev, { request: requestId, option: optionId }) => {
      await kandev.execute('permission.answer', { requestId, optionId });
      return { answered: true };
    },
  }),
];

async function cardOf(kandev: Kandev, taskId: string): Promise<CardView> {
  const { cards } = await kandev.query('cards', { taskIds: [taskId] });
  if (!cards[0]) throw new UserError({ reason: 'not-found', message: 'This card no longer exists.' });
  return cards[0];
}

function needsAnAnswer({ permissions, questions }: CardView): boolean {
  return permissions.length + questions.length > 0;
}

function summary(found: CardView) {
  const { task, run, queue } = found;
  return {
    card: task.id,
    board: task.boardId,
    title: task.title,
    state: task.state,
    priority: task.priority,
    agent: task.agentTypeId,
    labels: task.labels,
    run: run && { state: run.state, activity: run.activity, failure: run.failure?.message ?? null },
    queue: queue && { place: queue.place, why: queue.why },
    needsAnAnswer: needsAnAnswer(found),
  };
}

function textOf(content: string | null): string | null {
  return content === null ? null : Buffer.from(content, 'base64').toString().slice(0, mostText);
}
