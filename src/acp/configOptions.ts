import type { ConfigOption, SessionSetup } from './types.ts';

/** What can be chosen in one session, whichever way the agent offers it. */
export class ConfigOptions {
  #current: readonly ConfigOption[] = [];
  #older: readonly ConfigOption[] = [];
  #merged: readonly ConfigOption[] = [];

  begin({ configOptions, olderOptions }: SessionSetup): void {
    // What was said of them while the session was being opened is newer than its setup.
    if (this.#current.length === 0) this.#current = configOptions;
    this.#older = olderOptions;
    this.#merge();
  }

  /** Config options come complete each time. */
  replace(options: readonly ConfigOption[]): void {
    this.#current = options;
    this.#merge();
  }

  /** Something was chosen, and no complete options came with it. */
  choose(id: string, value: string | boolean): void {
    const chosen = (option: ConfigOption): ConfigOption =>
      option.id === id ? { ...option, currentValue: value } : option;
    this.#current = this.#current.map(chosen);
    this.#older = this.#older.map(chosen);
    this.#merge();
  }

  get all(): readonly ConfigOption[] {
    return this.#merged;
  }

  find(category: string): ConfigOption | undefined {
    return (
      this.#merged.find((option) => option.category === category) ??
      this.#merged.find((option) => option.id === category)
    );
  }

  /** A config option replaces the older way to choose the same thing: agents offer both to clients of any age. */
  #merge(): void {
    const isReplaced = (older: ConfigOption): boolean =>
      this.#current.some(({ category, id }) => category === older.category || id === older.id);
    this.#merged = [...this.#current, ...this.#older.filter((older) => !isReplaced(older))];
  }
}
