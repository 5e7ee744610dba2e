import { combine } from '@atlaskit/pragmatic-drag-and-drop/combine';
import {
  draggable,
  dropTargetForElements,
  monitorForElements,
} from '@atlaskit/pragmatic-drag-and-drop/element/adapter';
import { attachClosestEdge, extractClosestEdge } from '@atlaskit/pragmatic-drag-and-drop-hitbox/closest-edge';
import type { BoardController } from './boardController.ts';
import type { BoardLayout } from './layout.ts';
import { moveTo, placementAtCard, type Placement } from './moves.ts';

/** Cards and columns are the only things that are dragged and dropped on; this is what each tells of itself. */
const cardKey = 'kandevCard';
const columnKey = 'kandevColumn';

interface DropTarget {
  data: Record<string | symbol, unknown>;
}

interface DragEventPayload {
  source: { data: Record<string | symbol, unknown> };
  location: { current: { dropTargets: readonly DropTarget[] } };
}

/** Lets a card be dragged, and others be dropped above and below it. Returns what undoes that. */
export function makeCardDraggable(element: HTMLElement, taskId: () => string): () => void {
  return combine(
    draggable({
      element,
      getInitialData: () => ({ [cardKey]: taskId() }),
      onDragStart: () => {
        element.toggleAttribute('data-dragging', true);
      },
      onDrop: () => {
        element.toggleAttribute('data-dragging', false);
      },
    }),
    dropTargetForElements({
      element,
      canDrop: ({ source }) => cardKey in source.data,
      getData: ({ input }) =>
        attachClosestEdge({ [cardKey]: taskId() }, { element, input, allowedEdges: ['top', 'bottom'] }),
    }),
  );
}

/** Lets cards be dropped at the end of a column. Returns what undoes that. */
export function makeColumnDropTarget(element: HTMLElement, columnId: () => string): () => void {
  return dropTargetForElements({
    element,
    canDrop: ({ source }) => cardKey in source.data,
    getData: () => ({ [columnKey]: columnId() }),
  });
}

function textAt(data: DropTarget['data'], key: string): string | null {
  const value = data[key];
  return typeof value === 'string' ? value : null;
}

/** Follows every drag on the page: notes where the card would go, and moves it when it is dropped. */
export function followDrags(controller: BoardController): () => void {
  const { store, commands } = controller;

  const gapAt = (
    layout: BoardLayout,
    movedId: string,
    [innermost]: readonly DropTarget[],
  ): Placement | null => {
    if (!innermost) return null;
    const overTaskId = textAt(innermost.data, cardKey);
    if (overTaskId === null) {
      const columnId = textAt(innermost.data, columnKey);
      return columnId === null ? null : { columnId, beforeTaskId: null };
    }
    const edge = extractClosestEdge(innermost.data) === 'top' ? 'top' : 'bottom';
    return placementAtCard(layout, movedId, overTaskId, edge);
  };

  /** Null also where the card stands already: there is nothing to show and nothing to do. */
  const placementIn = (movedId: string, targets: readonly DropTarget[]): Placement | null => {
    const { layout, content } = store.state;
    const card = content?.cards.get(movedId);
    const gap = layout && gapAt(layout, movedId, targets);
    return card && gap && moveTo(layout, card, gap) ? gap : null;
  };

  const note = ({ source, location }: DragEventPayload) => {
    const taskId = textAt(source.data, cardKey);
    if (taskId === null) return;
    const over = placementIn(taskId, location.current.dropTargets);
    const known = store.state.drag;
    const same =
      known?.taskId === taskId &&
      known.over?.columnId === over?.columnId &&
      known.over?.beforeTaskId === over?.beforeTaskId;
    if (!same) store.update({ drag: { taskId, over } });
  };

  return monitorForElements({
    canMonitor: ({ source }) => cardKey in source.data,
    onDragStart: note,
    onDropTargetChange: note,
    onDrag: note,
    onDrop: ({ source, location }) => {
      const taskId = textAt(source.data, cardKey);
      store.update({ drag: null });
      if (taskId === null) return;
      const placement = placementIn(taskId, location.current.dropTargets);
      if (placement) void commands.place(taskId, placement);
    },
  });
}
