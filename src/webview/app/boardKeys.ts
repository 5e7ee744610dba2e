import type { BoardController } from './boardController.ts';
import type { CardCommand, FocusCommand, KeyCommand } from './keyboard.ts';
import { tabStop } from './layout.ts';
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
    case 'filter':
      targets.focusFilter();
      return true;
    case 'help':
      controller.store.update({ helpOpen: true });
      return true;
    case 'focus':
    case 'focusEdge':
      return moveFocus(command, taskId, controller, targets);
    default:
      return taskId !== null && runCardCommand(command, taskId, controller);
  }
}

function moveFocus(
  command: FocusCommand,
  taskId: string | null,
  { store }: BoardController,
  targets: KeyTargets,
): boolean {
  const { layout, focusedTaskId } = store.state;
  if (!layout) return false;
  const next =
    taskId === null
      ? tabStop(layout, focusedTaskId)
      : command.kind === 'focus'
        ? neighbourOf(layout, taskId, command.direction)
        : edgeOf(layout, taskId, command.edge);
  if (next !== null) targets.focusCard(next);
  return true;
}

function runCardCommand(
  command: CardCommand,
  taskId: string,
  { commands, form, store }: BoardController,
): boolean {
  switch (command.kind) {
    case 'move': {
      const { layout } = store.state;
      const placement = layout && placementByKey(layout, taskId, command.direction);
      if (placement) void commands.place(taskId, placement);
      break;
    }
    case 'open':
      commands.runUiCommand('kandev.openRun', taskId);
      break;
    case 'edit':
      form.edit(taskId);
      break;
    case 'start':
      void commands.start(taskId);
      break;
    case 'stop':
      void commands.stop(taskId);
      break;
    case 'message':
      commands.message(taskId);
      break;
    case 'review':
      commands.review(taskId);
      break;
    case 'delete':
      void commands.delete(taskId);
      break;
  }
  return true;
}
