import * as v from 'valibot';
import { boardFileSchema } from '../../api/boardFile.ts';
import { commandSchemas, type Kandev } from '../../api/contract.ts';
import type { BoardView } from '../../model/cardView.ts';
import { UserError } from '../../model/failure.ts';
import { networkOf } from '../cards.ts';
import { agentTypeSchema, boardSchema, itemsOf, permissionSchema, questionSchema } from '../resources.ts';
import { route, type Route } from '../route.ts';
import { done, isDone, oneId, strict } from './common.ts';

/** All cards with their history. */
const importMaxBody = 32 * 1024 * 1024;

/** The board itself, as a file too; agents, and what they ask. */
export const boardRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/boards',
    operationId: 'listBoards',
    summary: 'The boards of the folder that is open in VS Code: there is one.',
    tag: 'Boards',
    scope: 'read',
    response: itemsOf(boardSchema),
    handle: async ({ kandev }) => ({ body: { items: [shown(await kandev.query('board', {}))] } }),
  }),
  route({
    method: 'get',
    path: '/boards/{id}',
    operationId: 'getBoard',
    summary: 'A board with its columns.',
    tag: 'Boards',
    scope: 'read',
    params: oneId,
    response: boardSchema,
    handle: async ({ kandev, params: { id } }) => ({ body: shown(await boardOf(kandev, id)) }),
  }),
  route({
    method: 'patch',
    path: '/boards/{id}',
    operationId: 'updateBoard',
    summary: 'Says where the agents of new cards work.',
    tag: 'Boards',
    scope: 'write',
    params: oneId,
    body: v.strictObject({ workspaceMode: commandSchemas['board.setWorkspaceMode'].entries.mode }),
    response: boardSchema,
    handle: async ({ kandev, params: { id }, body: { workspaceMode: mode } }) => {
      await boardOf(kandev, id);
      await kandev.execute('board.setWorkspaceMode', { mode });
      return { body: shown(await boardOf(kandev, id)) };
    },
  }),
  route({
    method: 'get',
    path: '/boards/{id}/export',
    operationId: 'exportBoard',
    summary: 'The board as a file.',
    tag: 'Boards',
    scope: 'read',
    params: oneId,
    response: boardFileSchema,
    handle: async ({ kandev, params: { id } }) => {
      await boardOf(kandev, id);
      return { body: await kandev.query('board.file', {}) };
    },
  }),
  route({
    method: 'post',
    path: '/boards/{id}/import',
    operationId: 'importBoard',
    summary: 'Adds and changes the cards of a board file. Nothing is started by it.',
    tag: 'Boards',
    scope: 'write',
    params: oneId,
    body: boardFileSchema,
    maxBody: importMaxBody,
    response: v.object({
      added: v.number(),
      changed: v.number(),
      keptState: v.array(v.object({ title: v.string(), why: v.string() })),
    }),
    handle: async ({ kandev, params: { id }, body: file }) => {
      await boardOf(kandev, id);
      return { body: await kandev.execute('board.import', { file }) };
    },
  }),
  route({
    method: 'get',
    path: '/agent-types',
    operationId: 'listAgentTypes',
    summary: 'The agents that cards can be given to.',
    tag: 'Agents',
    scope: 'read',
    response: itemsOf(agentTypeSchema),
    handle: async ({ kandev }) => {
      const types = await kandev.query('agentTypes', {});
      const items = types.map(({ id, name, image, environment, resources, maxConcurrentRuns }) => ({
        id,
        name,
        image,
        environment: [...environment],
        resources: { ...resources, network: networkOf(resources.network) },
        ...(maxConcurrentRuns === undefined ? {} : { maxConcurrentRuns }),
      }));
      return { body: { items } };
    },
  }),
  route({
    method: 'get',
    path: '/permissions',
    operationId: 'listPermissions',
    summary: 'What agents ask whether they may do it, the oldest first.',
    tag: 'Questions',
    scope: 'read',
    response: itemsOf(permissionSchema),
    handle: async ({ kandev }) => {
      const { cards } = await kandev.query('board', {});
      const items = cards.flatMap(({ permissions }) => permissions);
      return { body: { items: items.sort((a, b) => a.requestedAt - b.requestedAt) } };
    },
  }),
  route({
    method: 'post',
    path: '/permissions/{id}/answer',
    operationId: 'answerPermission',
    summary: 'Answers with one of its options; null: the agent is told "cancelled". Whoever is first counts.',
    tag: 'Questions',
    scope: 'approve',
    params: oneId,
    body: strict(v.omit(commandSchemas['permission.answer'], ['requestId'])),
    response: done,
    handle: async ({ kandev, params: { id: requestId }, body }) => {
      await kandev.execute('permission.answer', { requestId, ...body });
      return { body: isDone };
    },
  }),
  route({
    method: 'get',
    path: '/questions',
    operationId: 'listQuestions',
    summary: 'What else agents ask, the oldest first.',
    tag: 'Questions',
    scope: 'read',
    response: itemsOf(questionSchema),
    handle: async ({ kandev }) => {
      const questions = await kandev.query('questions', {});
      const items = questions.map((question) => ({ ...question, elicitation: { ...question.elicitation } }));
      return { body: { items } };
    },
  }),
  route({
    method: 'post',
    path: '/questions/{id}/answer',
    operationId: 'answerQuestion',
    summary: 'Answers a question; what does not fit is refused, and it stays open.',
    tag: 'Questions',
    scope: 'approve',
    params: oneId,
    body: commandSchemas['question.answer'].entries.answer,
    response: done,
    handle: async ({ kandev, params: { id: questionId }, body: answer }) => {
      await kandev.execute('question.answer', { questionId, answer });
      return { body: isDone };
    },
  }),
];

async function boardOf(kandev: Kandev, id: string): Promise<BoardView> {
  const view = await kandev.query('board', {});
  if (view.board.id !== id) throw new UserError({ reason: 'not-found', message: 'There is no such board.' });
  return view;
}

function shown({ board, workspaceModes, queuePause }: BoardView): v.InferInput<typeof boardSchema> {
  const columns = board.columns.map((column) => ({ ...column, states: [...column.states] }));
  return { ...board, columns, workspaceModes, queuePause };
}
