import * as v from 'valibot';
import { commandSchemas } from '../../api/contract.ts';
import { done, isDone } from './common.ts';
import { route, type Route } from '../route.ts';
import { boardOf } from './boardRoutes.ts';

const { columnId, boardId: _board, ...column } = commandSchemas['board.setColumn'].entries;
const idText = v.pipe(v.string(), v.minLength(1), v.maxLength(400));

/** The columns of a board. */
export const columnRoutes: readonly Route[] = [
  route({
    method: 'patch',
    path: '/boards/{id}/columns/{columnId}',
    operationId: 'updateColumn',
    summary: 'Names a column, limits it, hides or collapses it.',
    tag: 'Boards',
    scope: 'write',
    params: v.strictObject({ id: idText, columnId }),
    body: v.strictObject(column),
    response: done,
    handle: async ({ kandev, params: { id: boardId, columnId: wanted }, body }) => {
      await boardOf(kandev, boardId);
      await kandev.execute('board.setColumn', { boardId, columnId: wanted, ...body });
      return { body: isDone };
    },
  }),
];
