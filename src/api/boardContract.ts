import * as v from 'valibot';
import type { Board, DeletedBoard } from '../model/board.ts';
import type { BoardsView } from '../model/cardView.ts';
import { boardWorkspaceModes, type DeletedTask, type Task } from '../model/task.ts';
import type { BoardFile, ImportPreview, ImportResult } from './boardFile.ts';

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(100));
const name = v.pipe(
  v.string(),
  v.trim(),
  v.nonEmpty('A board needs a name.'),
  v.maxLength(60, 'The name of a board has at most 60 characters.'),
);
/** Left out: the first one. */
const onBoard = { boardId: v.optional(id) };

export const boardCommandSchemas = {
  /** Behind the others. @throws UserError `refused` when another one has that name */
  'board.create': v.object({
    /** Chosen by the caller so that asking twice makes one board; left out, a new one. */
    id: v.optional(id),
    name,
  }),
  'board.rename': v.object({ boardId: id, name }),
  /** Puts a board before another one; null: behind all. */
  'board.place': v.object({ boardId: id, beforeBoardId: v.nullable(id) }),
  /**
   * Takes a board away with its cards; both can be brought back for 30 days. Agents that wait for another message are
   * ended. @throws UserError `refused` for the last board, `run-active` while an agent is at work on it
   */
  'board.delete': v.object({ boardId: id }),
  /** Brings a deleted board back, with the cards that went with it. */
  'board.restore': v.object({ boardId: id }),
  /** Where the agents of new cards work. */
  'board.setWorkspaceMode': v.object({ ...onBoard, mode: v.picklist(boardWorkspaceModes) }),
  /** Names a column, limits it, hides or collapses it. @throws UserError `refused` when no column would be left */
  'board.setColumn': v.object({
    ...onBoard,
    columnId: id,
    title: v.optional(v.pipe(v.string(), v.trim(), v.nonEmpty('A column needs a name.'), v.maxLength(60))),
    limit: v.optional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(9999)))),
    isHidden: v.optional(v.boolean()),
    isCollapsed: v.optional(v.boolean()),
  }),
  /** Puts a few cards that show what Kandev does on an empty board. */
  'board.addSamples': v.object(onBoard),
  /**
   * Adds and changes the cards of a board file (docs/board.schema.json). Those that are new go to a board, or to a new
   * one with the name and the columns' names of the file; the others stay on theirs.
   */
  'board.import': v.object({ ...onBoard, file: v.unknown(), asNewBoard: v.optional(v.boolean(), false) }),
  /** Puts a card on another board, before another card of its column there; without `beforeTaskId` at the end. */
  'task.setBoard': v.object({
    taskId: id,
    boardId: id,
    beforeTaskId: v.optional(v.nullable(id)),
    /** As in `task.update`. */
    ifVersion: v.optional(v.pipe(v.number(), v.integer())),
  }),
};

export interface BoardCommandResults {
  'board.create': Board;
  'board.rename': Board;
  'board.place': null;
  'board.delete': null;
  'board.restore': Board;
  'board.setWorkspaceMode': null;
  'board.setColumn': null;
  'board.addSamples': Task[];
  'board.import': ImportResult;
  'task.setBoard': Task;
}

export const boardQuerySchemas = {
  /** All boards with their cards. */
  boards: v.object({}),
  /** The boards that can be brought back, the last deleted first. */
  deletedBoards: v.object({}),
  /** The cards that can be brought back, the last deleted first. */
  deletedTasks: v.object({}),
  /** A board as a file. */
  'board.file': v.object(onBoard),
  /** What importing this file would do. */
  'board.importPreview': v.object({ file: v.unknown() }),
};

export interface BoardQueryResults {
  boards: BoardsView;
  deletedBoards: DeletedBoard[];
  deletedTasks: DeletedTask[];
  'board.file': BoardFile;
  'board.importPreview': ImportPreview;
}
