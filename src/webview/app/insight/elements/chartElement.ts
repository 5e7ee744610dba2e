import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { LightElement } from '../../elements/lightElement.ts';
import { t } from '../../l10n.ts';
import type { Bar, Chart, Column } from '../chart.ts';

/** Labels below the columns: about so many. */
const labels = 5;

/** A chart of columns, which arrow keys and the pointer read out one by one, and the same as a table. */
export class ChartElement extends LightElement {
  static override properties: PropertyDeclarations = {
    chart: { attribute: false },
  };

  declare chart: Chart;
  /** The column that Tab leads to; -1: the last one. */
  #current = -1;
  /** The one that is read out; null: none. */
  #shown: number | null = null;

  protected override render(): TemplateResult {
    const { title, summary, series, columns } = this.chart;
    const shown = this.#shown === null ? undefined : columns[this.#shown];
    return html`<figure class="chart">
      <figcaption>
        <h2>${title}</h2>
        <p class="chart-readout" aria-hidden="true">
          ${shown ? html`<b>${shown.name}</b> ${shown.text}` : summary}
        </p>
      </figcaption>
      ${this.#plot()}
      <ul class="legend" aria-label=${t('Legend')}>
        ${series.map(({ name, fill }) => html`<li><span class="swatch ${fill}"></span>${name}</li>`)}
      </ul>
      ${this.#table()}
    </figure>`;
  }

  #plot(): TemplateResult {
    const { title, columns, scale, format } = this.chart;
    const every = Math.max(1, Math.ceil(columns.length / labels));
    const isLabelled = (index: number): boolean => (columns.length - 1 - index) % every === 0;
    return html`<div class="plot">
      <div class="axis" aria-hidden="true">
        ${scale.ticks.map(
          (tick) =>
            html`<span class="tick" .style=${`bottom: ${(tick / scale.max) * 100}%`}>
              <span>${format(tick)}</span>
            </span>`,
        )}
      </div>
      <div
        class="columns-plot ${columns.length > 60 ? 'many' : ''}"
        role="group"
        aria-label=${t('{0} by week; arrow keys go from week to week', title)}
        @keydown=${this.#onKey}
        @pointerleave=${() => {
          this.#show(null);
        }}
      >
        ${columns.map((column, index) => this.#column(column, index, isLabelled(index)))}
      </div>
    </div>`;
  }

  #column(column: Column, index: number, isLabelled: boolean): TemplateResult {
    const { columns, scale } = this.chart;
    const current = this.#current === -1 ? columns.length - 1 : this.#current;
    return html`<div
      class="plot-column"
      role="img"
      aria-label="${column.name}: ${column.text}"
      tabindex=${index === current ? 0 : -1}
      data-index=${index}
      @focus=${() => {
        this.#current = index;
        this.#show(index);
      }}
      @blur=${() => {
        this.#show(null);
      }}
      @pointerenter=${() => {
        this.#show(index);
      }}
    >
      <div class="bars">
        ${column.bars.map((bar) => this.#bar(bar))}
        ${
          column.mark === null
            ? nothing
            : html`<div
                class="mark fill-median"
                .style=${`bottom: ${(column.mark / scale.max) * 100}%`}
              ></div>`
        }
      </div>
      ${isLabelled ? html`<span class="column-label" aria-hidden="true">${column.label}</span>` : nothing}
    </div>`;
  }

  #bar({ series, from, to }: Bar): TemplateResult {
    const { scale } = this.chart;
    const fill = this.chart.series.find(({ key }) => key === series)?.fill ?? '';
    const place = `bottom: ${(from / scale.max) * 100}%; height: ${((to - from) / scale.max) * 100}%`;
    // The style is set as a property: as an attribute the page's policy would refuse it.
    return html`<div class="bar ${fill}" .style=${place}></div>`;
  }

  #table(): TemplateResult {
    const { title, table } = this.chart;
    return html`<details class="chart-table">
      <summary>${t('Table')}<span class="visually-hidden">: ${title}</span></summary>
      <div class="table-scroller" tabindex="0" role="region" aria-label=${t('{0} as a table', title)}>
        <table>
          <thead>
            <tr>
              ${table.head.map((cell) => html`<th scope="col">${cell}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${[...table.rows].reverse().map(
              ([first, ...cells]) =>
                html`<tr>
                  <th scope="row">${first}</th>
                  ${cells.map((cell) => html`<td>${cell}</td>`)}
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </details>`;
  }

  #show(index: number | null): void {
    this.#shown = index;
    this.requestUpdate();
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    const { length } = this.chart.columns;
    const current = this.#current === -1 ? length - 1 : this.#current;
    const wanted = { ArrowLeft: current - 1, ArrowRight: current + 1, Home: 0, End: length - 1 }[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    const index = Math.min(length - 1, Math.max(0, wanted));
    this.querySelector<HTMLElement>(`.plot-column[data-index="${index}"]`)?.focus();
  };
}
