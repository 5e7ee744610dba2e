/** How the user left a board: what VS Code keeps for the page while it is hidden and over a reload of the window. */
export interface SavedView {
  focusedTaskId: string | null;
  /** The ids of the cards that are selected. */
  selected: readonly string[];
  /** The key of the draft whose form is open. */
  openForm: string | null;
  /** The agent type that was chosen last for a new card. */
  agentTypeId: string | null;
  /** Titles of new cards that were typed in a column, and whether they are still being typed. */
  quick: { state: 'BACKLOG' | 'TODO'; text: string; open: boolean } | null;
  /** Pixels that each scrolling part is scrolled by, by its name. */
  scroll: Readonly<Record<string, number>>;
}

const emptyView: SavedView = {
  focusedTaskId: null,
  selected: [],
  openForm: null,
  agentTypeId: null,
  quick: null,
  scroll: {},
};

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function quickOf(saved: unknown): SavedView['quick'] {
  if (!isRecord(saved) || typeof saved.text !== 'string') return null;
  const state = saved.state === 'TODO' ? 'TODO' : 'BACKLOG';
  return { state, text: saved.text, open: saved.open === true };
}

/** Reads a saved view; what is missing or of another form is as on a fresh page. */
function readSavedView(saved: unknown): SavedView {
  if (!isRecord(saved)) return emptyView;
  const scroll = isRecord(saved.scroll) ? Object.entries(saved.scroll) : [];
  return {
    focusedTaskId: textOf(saved.focusedTaskId),
    selected: Array.isArray(saved.selected) ? saved.selected.filter((id) => typeof id === 'string') : [],
    openForm: textOf(saved.openForm),
    agentTypeId: textOf(saved.agentTypeId),
    quick: quickOf(saved.quick),
    scroll: Object.fromEntries(
      scroll.filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
    ),
  };
}

export interface ViewStorage {
  getState(): unknown;
  setState(state: unknown): void;
}

/** Of how many boards the view is kept. */
const keptBoards = 50;

/** Keeps one view for each board, and writes it through to VS Code whenever a part of it changes. */
export class ViewKeeper {
  readonly #storage: ViewStorage;
  /** The board that was shown last stands at the end. */
  readonly #views: Map<string, SavedView>;
  #boardId: string | null = null;

  constructor(storage: ViewStorage) {
    this.#storage = storage;
    const saved = storage.getState();
    const boards = isRecord(saved) && isRecord(saved.boards) ? Object.entries(saved.boards) : [];
    this.#views = new Map(boards.map(([boardId, view]) => [boardId, readSavedView(view)]));
  }

  /** How the user left the board that is shown. */
  get view(): SavedView {
    return (this.#boardId === null ? undefined : this.#views.get(this.#boardId)) ?? emptyView;
  }

  /** From now on it is about this board. */
  show(boardId: string): void {
    const view = this.#views.get(boardId) ?? emptyView;
    this.#views.delete(boardId);
    this.#views.set(boardId, view);
    for (const other of [...this.#views.keys()].slice(0, -keptBoards)) this.#views.delete(other);
    this.#boardId = boardId;
  }

  /** Of the board that is shown, unless another one is named. */
  save(patch: Partial<SavedView>, boardId = this.#boardId): void {
    if (boardId === null) return;
    const before = this.#views.get(boardId) ?? emptyView;
    const next = { ...before, ...patch };
    if (JSON.stringify(next) === JSON.stringify(before)) return;
    this.#views.set(boardId, next);
    this.#storage.setState({ boards: Object.fromEntries(this.#views) });
  }
}
