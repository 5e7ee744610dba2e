import { l10n } from 'vscode';
import type { Kandev } from '../api/contract.ts';
import { failureOf, UserError, type Failure } from '../model/failure.ts';
import type { CardMove } from '../model/task.ts';

/** Moves cards by hand, from wherever it is asked for. */
export class CardMoves {
  readonly #kandev: Pick<Kandev, 'execute'>;

  constructor(kandev: Pick<Kandev, 'execute'>) {
    this.#kandev = kandev;
  }

  /**
   * Moves one card after the other; those that are refused stay where they are.
   * @throws UserError when there is such a one
   */
  async move(moves: readonly CardMove[], { stopRuns = false } = {}): Promise<void> {
    const refusals: Failure[] = [];
    for (const move of moves) {
      try {
        await this.#kandev.execute('task.move', { ...move, stopRun: stopRuns });
      } catch (error) {
        refusals.push(failureOf(error));
      }
    }
    const [refusal, ...others] = refusals;
    if (!refusal) return;
    if (others.length === 0) throw new UserError(refusal);
    const { reason, message } = refusal;
    const text = l10n.t('{0} of {1} cards stay where they are. {2}', refusals.length, moves.length, message);
    throw new UserError({ reason, message: text });
  }
}
