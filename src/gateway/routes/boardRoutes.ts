import * as v from 'valibot';
import { boardFileSchema } from '../../api/boardFile.ts';
import { commandSchemas, type Kandev } from '../../api/contract.ts';
import type { Board } from '../../model/board.ts';
import type { BoardsView, CardView } from '../../model/cardView.ts';
import { UserError } from '../../model/failure.ts';
import { isLive } from '../../model/run.ts';
import { networkOf } from '../cards.ts';
import { requireScope } from '../guard.ts';
import { agentTypeSchema, boardSchema, itemsOf, permissionSchema, questionSchema } from '../resources.ts';
import { route, type Route } from '../route.ts';
import { done, empty, isDone, oneId, strict } from './common.ts';

type ShownBoard = v.InferInput<typeof boardSchema>;

/** All cards with their history. */
const importMaxBody = 32 * 1024 * 1024;

/** The boards themselves, as files too; agents, and what they ask. */
export const boardRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/boards',
    operationId: 'listBoards',
    summary: 'The boards of the folder that is open in VS Code, in their order.',
    tag: 'Boards',
    scope: 'read',
    response: itemsOf(boardSchema),
    handle: async ({ kandev }) => {
      const view = await kandev.query('boards', {});
      return { body: { items: view.boards.map((board) => shown(board, view)) } };
    },
  }),
  route({
    method: 'post',
    path: '/boards',
    operationId: 'createBoard',
    summary: 'Makes a board behind the others.',
    tag: 'Boards',
    scope: 'write',
    body: strict(commandSchemas['board.create']),
    status: 201,
    response: boardSchema,
    handle: async ({ kandev, body, onceId }) => {
      const { id } = await kandev.execute('board.create', { ...body, id: body.id ?? onceId ?? undefined });
      return { body: await boardOf(kandev, id), location: `/boards/${encodeURIComponent(id)}` };
    },
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
    handle: async ({ kandev, params: { id } }) => ({ body: await boardOf(kandev, id) }),
  }),
  route({
    method: 'patch',
    path: '/boards/{id}',
    operationId: 'updateBoard',
    summary: 'Renames a board, says where the agents of its new cards work, or puts it before another one.',
    tag: 'Boards',
    scope: 'write',
    params: oneId,
    body: v.strictObject({
      name: v.optional(commandSchemas['board.rename'].entries.name),
      workspaceMode: v.optional(commandSchemas['board.setWorkspaceMode'].entries.mode),
      beforeBoardId: v.pipe(
        v.optional(commandSchemas['board.place'].entries.beforeBoardId),
        v.description('Null: behind all.'),
      ),
    }),
    response: boardSchema,
    handle: async ({
      kandev,
      params: { id: boardId },
      body: { name, workspaceMode: mode, beforeBoardId },
    }) => {
      await boardOf(kandev, boardId);
      if (name !== undefined) await kandev.execute('board.rename', { boardId, name });
      if (mode !== undefined) await kandev.execute('board.setWorkspaceMode', { boardId, mode });
      if (beforeBoardId !== undefined) await kandev.execute('board.place', { boardId, beforeBoardId });
      return { body: await boardOf(kandev, boardId) };
    },
  }),
  route({
    method: 'delete',
    path: '/boards/{id}',
    operationId: 'deleteBoard',
    summary:
      'Takes a board away with its cards; refused for the last one, and while an agent is at work on it. It can be brought back for 30 days.',
    tag: 'Boards',
    scope: 'write',
    params: oneId,
    response: done,
    handle: async ({ kandev, caller, params: { id: boardId } }) => {
      const { cards } = await kandev.query('boards', {});
      const isLiveHere = ({ task, run }: CardView) =>
        task.boardId === boardId && run !== null && isLive(run.state);
      if (cards.some(isLiveHere)) requireScope(caller, 'run');
      await kandev.execute('board.delete', { boardId });
      return { body: isDone };
    },
  }),
  route({
    method: 'get',
    path: '/deleted-boards',
    operationId: 'listDeletedBoards',
    summary: 'The boards that can be brought back, the last deleted first.',
    tag: 'Boards',
    scope: 'read',
    response: itemsOf(
      v.object({ id: v.string(), name: v.string(), deletedAt: v.number(), cards: v.number() }),
    ),
    handle: async ({ kandev }) => {
      const deleted = await kandev.query('deletedBoards', {});
      const items = deleted.map(({ board: { id, name }, ...rest }) => ({ id, name, ...rest }));
      return { body: { items } };
    },
  }),
  route({
    method: 'post',
    path: '/deleted-boards/{id}/restore',
    operationId: 'restoreBoard',
    summary:
      'Brings a deleted board back, with the cards that went with it. Those that were queued are queued again.',
    tag: 'Boards',
    scope: 'write',
    params: oneId,
    body: empty,
    response: boardSchema,
    handle: async ({ kandev, params: { id: boardId } }) => {
      await kandev.execute('board.restore', { boardId });
      return { body: await boardOf(kandev, boardId) };
    },
  }),
  route({
    method: 'get',
    path: '/boards/{id}/export',
    operationId: 'exportBoard',
    summary: 'A board as a file.',
    tag: 'Boards',
    scope: 'read',
    params: oneId,
    response: boardFileSchema,
    handle: async ({ kandev, params: { id } }) => {
      return { body: await kandev.query('board.file', { boardId: id }) };
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
      boardId: v.string(),
      added: v.number(),
      changed: v.number(),
      keptState: v.array(v.object({ title: v.string(), why: v.string() })),
    }),
    handle: async ({ kandev, params: { id: boardId }, body: file }) => {
      await boardOf(kandev, boardId);
      return { body: await kandev.execute('board.import', { boardId, file }) };
    },
  }),
  route({
    method: 'post',
    path: '/boards/{id}/import/preview',
    operationId: 'previewImport',
    summary: 'What importing a board file would do.',
    tag: 'Boards',
    scope: 'read',
    params: oneId,
    body: boardFileSchema,
    maxBody: importMaxBody,
    response: v.object({
      added: v.array(v.string()),
      changed: v.array(v.object({ title: v.string(), fields: v.array(v.string()) })),
      unchanged: v.number(),
    }),
    handle: async ({ kandev, params: { id }, body: file }) => {
      await boardOf(kandev, id);
      return { body: await kandev.query('board.importPreview', { file }) };
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
      const { cards } = await kandev.query('boards', {});
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

/** @throws UserError `not-found` */
export async function boardOf(kandev: Kandev, id: string): Promise<ShownBoard> {
  const view = await kandev.query('boards', {});
  const board = view.boards.find((each) => each.id === id);
  if (!board) throw new UserError({ reason: 'not-found', message: 'There is no such board.' });
  return shown(board, view);
}

function shown(board: Board, { workspaceModes, queuePause }: BoardsView): ShownBoard {
  const columns = board.columns.map((column) => ({ ...column, states: [...column.states] }));
  return { ...board, columns, workspaceModes, queuePause };
}
