import { t } from './l10n.ts';
import { noSelection, rangeOf, shownIds, targetsOf, toggled, type Selection } from './selection.ts';
import type { Store } from './state.ts';

/** Which cards are selected, by mouse and by keys. */
export class SelectionController {
  readonly #store: Store;
  readonly #save: (selected: readonly string[]) => void;
  /** Where a range begins that is selected with Shift. */
  #anchor: string | null = null;

  /** `save` keeps the selection for when the page is loaded anew. */
  constructor(store: Store, save: (selected: readonly string[]) => void) {
    this.#store = store;
    this.#save = save;
  }

  /** The cards that a command on this one is for. */
  targets(taskId: string): string[] {
    const { layout, selected } = this.#store.state;
    return layout ? targetsOf(layout, selected, taskId) : [taskId];
  }

  toggle(taskId: string): void {
    this.#anchor = taskId;
    this.#set(toggled(this.#store.state.selected, taskId));
  }

  /** Adds all cards between the one where the range began and this one. */
  extendTo(taskId: string): void {
    const { layout, selected, focusedTaskId } = this.#store.state;
    if (!layout) return;
    this.#anchor ??= focusedTaskId ?? taskId;
    this.#set(new Set([...selected, ...rangeOf(layout, this.#anchor, taskId)]));
  }

  /** A range begins here from now on. */
  startAt(taskId: string): void {
    this.#anchor = taskId;
  }

  selectAll(): void {
    const { layout } = this.#store.state;
    if (layout) this.#set(new Set(shownIds(layout)));
  }

  clear(): void {
    if (this.#store.state.selected.size > 0) this.#set(noSelection);
  }

  #set(selected: Selection): void {
    this.#store.update({ selected });
    this.#save([...selected]);
    const { size } = selected;
    this.#store.announce(
      size === 0 ? t('Nothing selected') : size === 1 ? t('1 card selected') : t('{0} cards selected', size),
    );
  }
}
