/** How the user left the page: what VS Code keeps for it while it is hidden and over a reload of the window. */
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

/** Writes the view through to VS Code whenever a part of it changes. */
export class ViewKeeper {
  readonly #storage: ViewStorage;
  #view: SavedView;

  constructor(storage: ViewStorage) {
    this.#storage = storage;
    this.#view = readSavedView(storage.getState());
  }

  get view(): SavedView {
    return this.#view;
  }

  save(patch: Partial<SavedView>): void {
    const next = { ...this.#view, ...patch };
    if (JSON.stringify(next) === JSON.stringify(this.#view)) return;
    this.#view = next;
    this.#storage.setState(next);
  }
}
