import type { FrameLocator, Locator } from 'playwright-core';
import { patiently, type Workbench } from '../harness/workbench.ts';
import type { CardsByColumn } from './cardTree.ts';

export interface CardInput {
  title: string;
  description?: string;
  /** The agent's name as the form shows it; left out: a person does it. */
  agent?: string;
  priority?: 'Low' | 'Normal' | 'High' | 'Urgent';
  column?: 'Backlog' | 'To Do';
  /** Left out: what the board has as its default. Only one agent at a time works in the open folder. */
  worksIn?: 'The open folder' | 'A clone of its own' | 'A copy of the folder';
}

/** The board in its editor tab. */
export class BoardPage {
  readonly #workbench: Workbench;

  constructor(workbench: Workbench) {
    this.#workbench = workbench;
  }

  /** The webview's document; found anew each time, as VS Code loads it anew whenever its tab is shown again. */
  get page(): FrameLocator {
    return this.#workbench.page.frameLocator('iframe.webview').frameLocator('iframe#active-frame');
  }

  async open(): Promise<void> {
    const tab = this.#workbench.page.getByRole('tab', { name: 'Kandev Board' });
    await patiently(async (timeout) => {
      await this.#workbench.titleAction('Open Board').click({ timeout });
      await tab.waitFor({ timeout });
    });
    await this.page.getByRole('button', { name: /^(New|Continue) Card$/ }).waitFor();
  }

  card(title: string): Locator {
    const heading = this.page.getByRole('heading', { level: 3, name: title, exact: true });
    return this.page.locator('kandev-card').filter({ has: heading });
  }

  column(title: string): Locator {
    return this.page.getByRole('region', { name: title, exact: true });
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** A button of a card. Those in its corner show only while the pointer is on the card. */
  async press(title: string, label: string): Promise<void> {
    const card = this.card(title);
    await card.hover();
    await card.getByRole('button', { name: label, exact: true }).click();
  }

  field(label: string): Locator {
    return this.page.getByRole('form').getByLabel(label, { exact: true });
  }

  async fillIn({ title, description = '', agent, priority, column, worksIn }: CardInput): Promise<void> {
    await this.button('New Card').click();
    await this.field('Title').fill(title);
    await this.field('Description').fill(description);
    await this.field('Agent').selectOption({ label: agent ?? 'No agent: a person does it' });
    if (priority) await this.field('Priority').selectOption({ label: priority });
    if (worksIn) await this.field('Works in').selectOption({ label: worksIn });
    if (column) await this.field('Column').selectOption({ label: column });
  }

  /** Writes a card with the form, and puts it into its column. */
  async create(card: CardInput): Promise<void> {
    await this.fillIn(card);
    // Not its buttons: a notification may lie over them.
    await this.field('Title').press('Control+Enter');
    await this.#focused(card.title).waitFor();
  }

  async createAndStart(card: CardInput): Promise<void> {
    await this.fillIn(card);
    await this.field('Title').press('Control+Shift+Enter');
    await this.#focused(card.title).waitFor();
  }

  /** The card when it has the focus, which the form hands over to a new one. */
  #focused(title: string): Locator {
    return this.card(title).and(this.page.locator(':focus'));
  }

  /** Drops a card on the upper or lower half of another, with the mouse. */
  async dragToCard(title: string, other: string, half: 'upper' | 'lower'): Promise<void> {
    const target = this.card(other);
    const box = await target.boundingBox();
    const y = half === 'upper' ? 4 : (box?.height ?? 0) - 4;
    await this.card(title).dragTo(target, { targetPosition: { x: 20, y } });
  }

  async dragToColumn(title: string, column: string): Promise<void> {
    const target = this.column(column);
    const box = await target.boundingBox();
    // Below its cards, above the notifications.
    await this.card(title).dragTo(target, { targetPosition: { x: 40, y: (box?.height ?? 0) * 0.7 } });
  }

  cards(): Promise<CardsByColumn> {
    return this.page.locator('kandev-column').evaluateAll((columns) => {
      const texts = (parent: Element, selector: string) =>
        [...parent.querySelectorAll(selector)].map(({ textContent }) => textContent);
      return Object.fromEntries(
        columns
          .map((column) => [texts(column, '.column-title')[0] ?? '', texts(column, '.card-title')] as const)
          .filter(([, cards]) => cards.length > 0),
      );
    });
  }
}
