import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualItem,
} from '@tanstack/virtual-core';
import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { isBusy } from '../../../../model/run.ts';
import { button, icon } from '../../elements/controls.ts';
import { LightElement } from '../../elements/lightElement.ts';
import { t } from '../../l10n.ts';
import { markMatches } from '../findMarks.ts';
import type { RunPageController } from '../runPageController.ts';
import type { RunViewState } from '../runState.ts';
import type { ReadingPlace, RunViewKeeper } from '../runViewKeeper.ts';
import type { Row } from '../rows.ts';
import { rowTemplate } from './rowTemplate.ts';

/** Pixels from the end within which the list is taken to be at its end, and follows what is added. */
const endThreshold = 32;
/** Rows from the beginning of what is known at which older ones are read. */
const readAhead = 15;

/** The transcript: draws only the rows that can be seen, follows the stream, and stays where its reader is. */
export class TranscriptElement extends LightElement {
  static override properties: PropertyDeclarations = {
    state: { attribute: false },
    controller: { attribute: false },
    keeper: { attribute: false },
  };

  declare state: RunViewState;
  declare controller: RunPageController;
  declare keeper: RunViewKeeper;
  #unmount: (() => void) | null = null;
  #placed = false;
  /** What is new is shown: the reader is at the end, and has not scrolled away from it. */
  #following = true;
  #scrolledTo = 0;
  #shownMatch: string | null = null;
  /** The key of the row that is to be shown. */
  #wanted: string | null = null;

  #rows: readonly Row[] = [];
  #estimates: number[] = [];

  readonly #options = {
    count: 0,
    getScrollElement: () => this.#scroller,
    // Both are asked for thousands of rows whenever one has another height than was thought.
    estimateSize: (index: number) => this.#estimates[index] ?? 40,
    getItemKey: (index: number) => this.#rows[index]?.key ?? index,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    overscan: 6,
    anchorTo: 'end' as const,
    followOnAppend: true,
    scrollEndThreshold: endThreshold,
    onChange: () => {
      this.requestUpdate();
    },
  };
  readonly #virtualizer = new Virtualizer<HTMLElement, HTMLElement>(this.#options);

  get #scroller(): HTMLElement | null {
    return this.querySelector<HTMLElement>('.transcript');
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unmount?.();
    this.#unmount = null;
  }

  /** Shows the last thing that the user has said. */
  showLastPrompt(): void {
    const index = this.state.rows.findLastIndex(({ kind }) => kind === 'prompt');
    if (index === -1) return;
    this.#following = false;
    this.#virtualizer.scrollToIndex(index, { align: 'start' });
  }

  showEnd(): void {
    this.#following = true;
    this.#virtualizer.scrollToEnd();
  }

  /** Shows a row at the top, as soon as it is there. */
  showRow(key: string): void {
    this.#wanted = key;
    this.requestUpdate();
  }

  focusList(): void {
    this.#scroller?.focus();
  }

  protected override willUpdate(): void {
    const { rows } = this.state;
    if (rows !== this.#rows) {
      const [before, known] = [this.#rows, this.#estimates];
      this.#rows = rows;
      // Most of them are the rows of before, at the same place from the end or from the beginning.
      const moved = rows.length - before.length;
      this.#estimates = rows.map((row, index) => {
        if (before[index] === row) return known[index] ?? estimate(row);
        return before[index - moved] === row ? (known[index - moved] ?? estimate(row)) : estimate(row);
      });
    }
    this.#virtualizer.setOptions({ ...this.#options, count: this.state.rows.length });
  }

  protected override updated(): void {
    this.#unmount ??= this.#virtualizer._didMount();
    this.#virtualizer._willUpdate();
    for (const row of this.querySelectorAll<HTMLElement>('.row')) this.#virtualizer.measureElement(row);
    // Rows that are gone are no longer watched.
    this.#virtualizer.measureElement(null);
    this.#place();
    this.#showWanted();
    // Also when the list has become lower, or its rows higher.
    if (this.#following && !this.#virtualizer.isAtEnd(1)) this.#virtualizer.scrollToEnd();
    this.#showMatch();
    markMatches(this, this.state.find);
    const [first] = this.#virtualizer.getVirtualItems();
    if (first && first.index < readAhead && this.state.hasOlder && !this.state.loadingOlder) {
      void this.controller.loadOlder();
    }
  }

  protected override render(): TemplateResult {
    const { rows, loadingOlder } = this.state;
    const items = this.#virtualizer.getVirtualItems();
    const height = `height: ${this.#virtualizer.getTotalSize()}px`;
    const offset = `transform: translateY(${items[0]?.start ?? 0}px)`;
    // The style is set as a property: as an attribute the page's policy would refuse it.
    return html`<div
        class="transcript"
        role="region"
        aria-label=${t('Transcript')}
        tabindex="0"
        @scroll=${this.#onScroll}
      >
        ${loadingOlder ? html`<p class="older">${icon('loading', true)}${t('Reading older messages …')}</p>` : nothing}
        <div class="rows" .style=${height}>
          <div class="rows-shown" .style=${offset}>
            ${repeat(
              items,
              ({ key }) => key,
              (item) => this.#row(item, rows[item.index]),
            )}
          </div>
        </div>
      </div>
      ${
        this.#following || rows.length === 0
          ? nothing
          : html`<div class="to-end">
              ${button({
                label: t('Latest'),
                icon: 'arrow-down',
                title: t('Go to the latest message (End)'),
                onClick: () => {
                  this.showEnd();
                },
              })}
            </div>`
      }`;
  }

  #row({ index }: VirtualItem, row: Row | undefined): TemplateResult | typeof nothing {
    if (!row) return nothing;
    const { rows, content, toggled, raw, find } = this.state;
    const run = content?.card.run;
    const isStreaming =
      index === rows.length - 1 && run?.id === row.runId && isBusy(run.state) && run.state !== 'WAITING';
    const isFound = find !== null && find.matches[find.current] === row.key;
    return html`<div class="row" data-index=${index} data-key=${row.key} data-kind=${row.kind}>
      ${rowTemplate(row, {
        controller: this.controller,
        isOpen: isFound || toggled.has(row.key) !== (row.kind === 'thought' && isStreaming),
        raw: raw.get(row.key) ?? null,
        isStreaming,
      })}
    </div>`;
  }

  /** Where the reader was when the page was last shown; else at the end. */
  #place(): void {
    if (this.#placed || this.state.rows.length === 0 || !this.#virtualizer.scrollElement) return;
    this.#placed = true;
    const { place } = this.keeper;
    const index = place ? this.state.rows.findIndex(({ key }) => key === place.key) : -1;
    if (place && index !== -1) {
      this.#following = false;
      this.#virtualizer.scrollToIndex(index, { align: 'start' });
      this.#virtualizer.scrollBy(place.offset);
    } else this.#virtualizer.scrollToEnd();
  }

  #showWanted(): void {
    const index = this.#placed ? this.state.rows.findIndex(({ key }) => key === this.#wanted) : -1;
    if (index === -1) return;
    this.#wanted = null;
    this.#following = false;
    this.#virtualizer.scrollToIndex(index, { align: 'start' });
  }

  #showMatch(): void {
    const { find, rows } = this.state;
    const match = find ? `${find.query} ${find.matches[find.current] ?? ''}` : null;
    if (match === this.#shownMatch) return;
    this.#shownMatch = match;
    const key = find?.matches[find.current];
    const index = key === undefined ? -1 : rows.findIndex((row) => row.key === key);
    if (index === -1) return;
    this.#following = false;
    this.#virtualizer.scrollToIndex(index, { align: 'center' });
  }

  readonly #onScroll = (): void => {
    const scroller = this.#scroller;
    if (!scroller || !this.#placed) return;
    const { scrollTop, scrollHeight, clientHeight } = scroller;
    const isAtEnd = scrollHeight - clientHeight - scrollTop <= endThreshold;
    const following = isAtEnd || (this.#following && scrollTop >= this.#scrolledTo);
    this.#scrolledTo = scrollTop;
    if (following !== this.#following) this.requestUpdate();
    this.#following = following;
    this.keeper.savePlace(following ? null : this.#readingPlace());
  };

  #readingPlace(): ReadingPlace | null {
    const offset = this.#virtualizer.scrollOffset ?? 0;
    const item = this.#virtualizer.getVirtualItemForOffset(offset);
    return item ? { key: String(item.key), offset: offset - item.start } : null;
  }
}

/** Pixels that a row is likely to be high, until it is measured. */
function estimate(row: Row): number {
  switch (row.kind) {
    case 'message':
    case 'prompt':
      return 44 + 20 * Math.ceil(row.text.length / 90);
    case 'tool':
      return 44 + 22 * (row.tool.locations.length + row.tool.diffs.length);
    case 'plan':
      return 40 + 22 * row.steps.length;
    default:
      return 36;
  }
}
