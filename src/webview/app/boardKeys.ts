import type { BoardController } from './boardController.ts';
import type { CardCommand, FocusCommand, KeyCommand } from './keyboard.ts';
import { placeOf, tabStop } from './layout.ts';
import { edgeOf, neighbourOf, placementByKey } from './moves.ts';

/** The parts of the page that keys lead to. */
export interface KeyTargets {
  focusCard(taskId: string): void;
  focusFilter(): void;
}

/**
 * Does what a key means. `taskId` is the card that has the focus, or null when something else has.
 * Returns false when the key means nothing there.
 */
export function runKeyCommand(
  command: KeyCommand,
  taskId: string | null,
  controller: BoardController,
  targets: KeyTargets,
): boolean {
  switch (command.kind) {
    case 'create':
      controller.form.create('BACKLOG');
      return true;
    case 'quickCreate':
      controller.quickCreate.open(stateForNew(taskId, controller));
      return true;
    case 'switchBoard':
      controller.commands.choose('board');
      return true;
    case 'undo':
      void controller.commands.undo();
      return true;
    case 'filter':
      targets.focusFilter();
      return true;
    case 'help':
      controller.store.update({ helpOpen: true });
      return true;
    case 'selectAll':
      controller.selection.selectAll();
      return true;
    case 'escape':
      return escape(controller);
    case 'focus':
    case 'focusEdge':
    case 'extend':
      return moveFocus(command, taskId, controller, targets);
    default:
      return taskId !== null && runCardCommand(command, taskId, controller);
  }
}

/** The column of the card where cards may begin there, else the first. */
function stateForNew(taskId: string | null, { store }: BoardController): 'BACKLOG' | 'TODO' {
  const { layout } = store.state;
  const place = taskId === null || !layout ? null : placeOf(layout, taskId);
  return place?.view.column.states[0] === 'TODO' ? 'TODO' : 'BACKLOG';
}

/** Takes away what lies over the board: a message first, then the selection. */
function escape({ store, commands, selection }: BoardController): boolean {
  if (store.state.notice) commands.dismissNotice();
  else if (store.state.undoable !== null) commands.dismissUndo();
  else if (store.state.selected.size > 0) selection.clear();
  else return false;
  return true;
}

function moveFocus(
  command: FocusCommand,
  taskId: string | null,
  { store, selection }: BoardController,
  targets: KeyTargets,
): boolean {
  const { layout, focusedTaskId } = store.state;
  if (!layout) return false;
  const next =
    taskId === null
      ? tabStop(layout, focusedTaskId)
      : command.kind === 'focusEdge'
        ? edgeOf(layout, taskId, command.edge)
        : neighbourOf(layout, taskId, command.direction);
  if (next === null) return true;
  if (command.kind === 'extend') selection.extendTo(next);
  else selection.startAt(next);
  targets.focusCard(next);
  return true;
}

function runCardCommand(command: CardCommand, taskId: string, controller: BoardController): boolean {
  const { commands, form, selection, store } = controller;
  switch (command.kind) {
    case 'move': {
      const { layout } = store.state;
      const to = layout && placementByKey(layout, taskId, selection.targets(taskId), command.direction);
      if (to) void commands.place(to.moved, to);
      break;
    }
    case 'open':
      commands.runUiCommand('kandev.openRun', taskId);
      break;
    case 'peek':
      store.update({ peekedTaskId: taskId });
      break;
    case 'select':
      selection.toggle(taskId);
      break;
    case 'edit':
      form.edit(taskId);
      break;
    case 'start':
      void commands.start(selection.targets(taskId));
      break;
    case 'stop':
      void commands.stop(selection.targets(taskId));
      break;
    case 'message':
      commands.message(taskId);
      break;
    case 'review':
      commands.review(taskId);
      break;
    case 'delete':
      void commands.delete(selection.targets(taskId));
      break;
  }
  return true;
}
