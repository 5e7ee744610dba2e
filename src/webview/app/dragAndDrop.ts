import { combine } from '@atlaskit/pragmatic-drag-and-drop/combine';
import {
  draggable,
  dropTargetForElements,
  monitorForElements,
} from '@atlaskit/pragmatic-drag-and-drop/element/adapter';
import { setCustomNativeDragPreview } from '@atlaskit/pragmatic-drag-and-drop/element/set-custom-native-drag-preview';
import { attachClosestEdge, extractClosestEdge } from '@atlaskit/pragmatic-drag-and-drop-hitbox/closest-edge';
import type { BoardController } from './boardController.ts';
import type { BoardLayout } from './layout.ts';
import { t } from './l10n.ts';
import { movesTo, placementAtCard, type Placement } from './moves.ts';

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

/** What is drawn under the pointer for several cards; a single one is drawn by the browser. */
function drawCount(count: number): (preview: { container: HTMLElement }) => void {
  return ({ container }) => {
    const preview = document.createElement('div');
    preview.className = 'drag-count';
    preview.textContent = t('{0} cards', count);
    container.append(preview);
  };
}

/** Lets a card be dragged, and others be dropped above and below it. Returns what undoes that. */
export function makeCardDraggable(
  element: HTMLElement,
  taskId: () => string,
  targets: () => readonly string[],
): () => void {
  return combine(
    draggable({
      element,
      getInitialData: () => ({ [cardKey]: taskId() }),
      onGenerateDragPreview: ({ nativeSetDragImage }) => {
        const { length } = targets();
        if (length > 1) setCustomNativeDragPreview({ nativeSetDragImage, render: drawCount(length) });
      },
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
  const { store, commands, selection } = controller;

  const gapAt = (
    layout: BoardLayout,
    moved: readonly string[],
    [innermost]: readonly DropTarget[],
  ): Placement | null => {
    if (!innermost) return null;
    const overTaskId = textAt(innermost.data, cardKey);
    if (overTaskId === null) {
      const columnId = textAt(innermost.data, columnKey);
      return columnId === null ? null : { columnId, beforeTaskId: null };
    }
    const edge = extractClosestEdge(innermost.data) === 'top' ? 'top' : 'bottom';
    return placementAtCard(layout, moved, overTaskId, edge);
  };

  /** Null also where the cards stand already: there is nothing to show and nothing to do. */
  const placementIn = (moved: readonly string[], targets: readonly DropTarget[]): Placement | null => {
    const { layout, content } = store.state;
    const cards = moved.flatMap((taskId) => content?.cards.get(taskId) ?? []);
    const gap = layout && gapAt(layout, moved, targets);
    return gap && movesTo(layout, cards, gap).length > 0 ? gap : null;
  };

  const note = ({ source, location }: DragEventPayload) => {
    const taskId = textAt(source.data, cardKey);
    if (taskId === null) return;
    const known = store.state.drag;
    const taskIds = known?.taskIds ?? selection.targets(taskId);
    const over = placementIn(taskIds, location.current.dropTargets);
    const same = known?.over?.columnId === over?.columnId && known?.over?.beforeTaskId === over?.beforeTaskId;
    if (!known || !same) store.update({ drag: { taskIds, over } });
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
      const taskIds = selection.targets(taskId);
      const placement = placementIn(taskIds, location.current.dropTargets);
      if (placement) void commands.place(taskIds, placement);
    },
  });
}
