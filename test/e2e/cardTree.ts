import type { Locator } from 'playwright-core';
import type { Workbench } from '../harness/workbench.ts';

/** The titles of the cards by column, from top to bottom. Columns without cards are left out. */
export type CardsByColumn = Record<string, string[]>;

/** The tree of the side bar. */
export class CardTree {
  readonly #workbench: Workbench;

  constructor(workbench: Workbench) {
    this.#workbench = workbench;
  }

  /** The row of a column, a card or a request, by its label. */
  row(label: string): Locator {
    const { sideBar } = this.#workbench;
    return sideBar
      .getByRole('treeitem')
      .filter({ has: sideBar.page().locator('.label-name').getByText(label, { exact: true }) });
  }

  /** What stands behind a row's label. */
  description(label: string): Promise<string> {
    return this.row(label).locator('.label-description').innerText();
  }

  async clickAction(label: string, action: string): Promise<void> {
    await this.#workbench.clickAction(this.row(label), action);
  }

  async cards(): Promise<CardsByColumn> {
    const rows = await this.#workbench.sideBar.getByRole('treeitem').evaluateAll((elements) =>
      elements
        .map((element) => ({
          index: Number(element.getAttribute('data-index')),
          level: element.getAttribute('aria-level'),
          label: element.querySelector('.label-name')?.textContent ?? '',
        }))
        .sort((a, b) => a.index - b.index),
    );
    const columns: CardsByColumn = {};
    let column: string[] = [];
    for (const { level, label } of rows) {
      if (level === '1') columns[label] = column = [];
      else if (level === '2') column.push(label);
    }
    // What waits for the user stands above the columns.
    const { 'Needs You': _, ...others } = columns;
    return Object.fromEntries(Object.entries(others).filter(([, cards]) => cards.length > 0));
  }
}
