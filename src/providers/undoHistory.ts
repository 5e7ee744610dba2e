import type { Disposable } from '../model/events.ts';
import { Listeners } from './listeners.ts';

/** Something that was done to cards and can be taken back. */
export interface UndoStep {
  /** What was done, in a sentence. */
  text: string;
  /** A notification offers it already. */
  isOffered?: boolean;
  undo(): Promise<void>;
}

/** How many steps are kept. */
const limit = 100;

/** What can be taken back, the last first, wherever it was done: on the board, in the tree or in the palette. */
export class UndoHistory {
  readonly #steps: UndoStep[] = [];
  readonly #listeners = new Listeners<UndoStep>();

  add(step: UndoStep): void {
    this.#steps.push(step);
    if (this.#steps.length > limit) this.#steps.shift();
    this.#listeners.fire(step);
  }

  /**
   * Takes the last step back, or a certain one; returns it, or null where there is none.
   * @throws what the step throws when it cannot be taken back; it is forgotten then
   */
  async undo(wanted = this.#steps.at(-1)): Promise<UndoStep | null> {
    const index = wanted ? this.#steps.indexOf(wanted) : -1;
    if (!wanted || index < 0) return null;
    this.#steps.splice(index, 1);
    await wanted.undo();
    return wanted;
  }

  /** Tells of each new step. */
  onDidAdd(listener: (step: UndoStep) => void): Disposable {
    return this.#listeners.add(listener);
  }
}
