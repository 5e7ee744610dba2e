import type { Board } from '../../../src/model/board.ts';
import type { CardView } from '../../../src/model/cardView.ts';
import type { BoardChange, BoardSnapshot, WindowState } from '../../../src/providers/boardState.ts';
import { board } from './cards.ts';

/** What a window shows, as a test says. */
export class TestState implements WindowState {
  current: BoardSnapshot = { status: 'loading' };
  boards: readonly Board[] = [board];
  readonly #listeners = new Set<(change: BoardChange) => void>();

  onDidChange(listener: (change: BoardChange) => void) {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  }

  /** The cards of all boards; nobody is told of them yet. */
  put(cards: readonly CardView[]): void {
    const shown = this.current.status === 'ready' ? this.current.board : this.boards[0];
    this.current = {
      status: 'ready',
      view: {
        revision: 1,
        boards: this.boards,
        queuePause: null,
        workspaceModes: ['folder', 'clone', 'repository'],
        cards: [...cards],
      },
      board: shown ?? board,
      agentTypes: [],
      engine: null,
    };
  }

  show(boardId: string): void {
    const shown = this.boards.find(({ id }) => id === boardId);
    if (this.current.status !== 'ready' || !shown) return;
    this.current = { ...this.current, board: shown };
    this.change({ structural: true });
  }

  change(change: Partial<BoardChange>): void {
    for (const listener of this.#listeners) {
      listener({ changed: [], removed: [], structural: false, ...change });
    }
  }
}
