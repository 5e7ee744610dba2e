import type { AgentType } from '../../model/agentType.ts';
import type { Board } from '../../model/board.ts';
import { noFilter, type CardFilter } from '../../model/cardFilter.ts';
import type { EngineStatus } from '../../model/engine.ts';
import type { Failure, UserAction } from '../../model/failure.ts';
import type { RunUsage } from '../../model/runUsage.ts';
import type { CardMove, QueuePause, WorkspaceMode } from '../../model/task.ts';
import type { BoardCard, Draft, Drafts, FormValues } from '../protocol.ts';
import { layOut, type BoardLayout } from './layout.ts';
import type { Placement } from './moves.ts';
import { noSelection, pruned, type Selection } from './selection.ts';

/** A command on a card that has not been answered yet. */
export type PendingWork = 'moving' | 'starting' | 'stopping' | 'nudging' | 'deleting';

export interface Notice {
  failure: Failure;
  /** The moves that were asked for, to be done after all once their hindrance is gone. */
  moves: readonly CardMove[];
}

export interface FormState {
  /** The card's id, or `newCardKey`. */
  key: string;
  draft: Draft;
  /** Something was typed before the form was opened, and comes back. */
  restored: boolean;
  titleError: string | null;
  failure: Failure | null;
  saving: boolean;
}

/** Titles of new cards that are typed right in a column. */
export interface QuickState {
  /** Where the cards go. */
  state: FormValues['state'];
  text: string;
  error: string | null;
  saving: boolean;
}

export interface DragState {
  /** In the order of the board. */
  taskIds: readonly string[];
  /** Where they would go if they were dropped now. */
  over: Placement | null;
}

export interface BoardContent {
  board: Board;
  cards: ReadonlyMap<string, BoardCard>;
  queuePause: QueuePause | null;
  workspaceModes: readonly WorkspaceMode[];
  agentTypes: readonly AgentType[];
  engine: EngineStatus | null;
}

/** Everything that the page draws. It is replaced, never changed in place. */
export interface AppState {
  status: 'loading' | 'unavailable' | 'ready';
  /** Why there is nothing to show. */
  failure: Failure | null;
  content: BoardContent | null;
  /** How many boards there are, and how many cards of the others wait for the user. */
  boards: { count: number; waitingElsewhere: number };
  layout: BoardLayout | null;
  /** What live runs use, by card, as far as it was measured. */
  usage: ReadonlyMap<string, RunUsage>;
  filter: CardFilter;
  /** The card that arrow keys start from and that Tab leads to. */
  focusedTaskId: string | null;
  selected: Selection;
  /** The card that is looked at without being opened. */
  peekedTaskId: string | null;
  pending: ReadonlyMap<string, PendingWork>;
  /** The option that was chosen for each permission request that is being answered. */
  answering: ReadonlyMap<string, string>;
  addingSamples: boolean;
  /** The button of a failure whose work is under way. */
  runningAction: UserAction['kind'] | null;
  drag: DragState | null;
  form: FormState | null;
  drafts: Drafts;
  quick: QuickState | null;
  /** What was just done and can be taken back, in a sentence. */
  undoable: string | null;
  notice: Notice | null;
  helpOpen: boolean;
  /** What screen readers are told; `count` tells a repeated text from an old one. */
  announcement: { text: string; count: number };
}

const initialState: AppState = {
  status: 'loading',
  failure: null,
  content: null,
  boards: { count: 1, waitingElsewhere: 0 },
  layout: null,
  usage: new Map(),
  filter: noFilter,
  focusedTaskId: null,
  selected: noSelection,
  peekedTaskId: null,
  pending: new Map(),
  answering: new Map(),
  addingSamples: false,
  runningAction: null,
  drag: null,
  form: null,
  drafts: {},
  quick: null,
  undoable: null,
  notice: null,
  helpOpen: false,
  announcement: { text: '', count: 0 },
};

export function agentName(agentTypes: readonly AgentType[], agentTypeId: string | null): string | null {
  if (agentTypeId === null) return null;
  return agentTypes.find(({ id }) => id === agentTypeId)?.name ?? agentTypeId;
}

/** The one place where the page's state lives. */
export class Store {
  #state = initialState;
  readonly #listeners = new Set<() => void>();

  get state(): AppState {
    return this.#state;
  }

  /** Replaces parts of the state. The layout follows from content and filter, and is kept in step with them. */
  update(patch: Partial<Omit<AppState, 'layout'>>): void {
    const previous = this.#state;
    const next = { ...previous, ...patch };
    if (next.content !== previous.content || next.filter !== previous.filter) {
      next.layout = next.content && layoutOf(next.content, next.filter, previous.layout);
      if (next.layout) next.selected = pruned(next.selected, next.layout);
    }
    this.#state = next;
    for (const listener of this.#listeners) listener();
  }

  /** Tells screen readers. */
  announce(text: string): void {
    this.update({ announcement: { text, count: this.#state.announcement.count + 1 } });
  }

  subscribe(listener: () => void): void {
    this.#listeners.add(listener);
  }
}

function layoutOf(
  { board, cards, agentTypes }: BoardContent,
  filter: CardFilter,
  previous: BoardLayout | null,
): BoardLayout {
  const input = {
    board,
    cards: cards.values(),
    filter,
    agentName: (id: string) => agentName(agentTypes, id) ?? '',
  };
  return layOut(input, previous ?? undefined);
}
