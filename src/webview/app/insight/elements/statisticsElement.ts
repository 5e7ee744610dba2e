import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { successRate, type Figures, type Statistics } from '../../../../model/statistics.ts';
import { button } from '../../elements/controls.ts';
import { LightElement } from '../../elements/lightElement.ts';
import { formatDuration } from '../../format.ts';
import { t } from '../../l10n.ts';
import { chartsOf } from '../charts.ts';
import { weekChoices, type StatisticsController, type StatisticsState } from '../statisticsController.ts';
import { costsText, countText, runsText, shareText, tokensText } from '../wording.ts';
import { emptyPage, failureBar, loadingPage } from './pageParts.ts';

/** The page of statistics: what is asked for, figures, charts, agents beside each other, and how all is counted. */
export class StatisticsElement extends LightElement {
  static override properties: PropertyDeclarations = {
    controller: { attribute: false },
  };

  declare controller: StatisticsController;

  override connectedCallback(): void {
    super.connectedCallback();
    this.controller.onChange(() => {
      this.requestUpdate();
    });
  }

  protected override render(): TemplateResult {
    const { state } = this.controller;
    return html`<main class="insight">
      <header class="insight-header">
        <h1>${t('Statistics')}</h1>
        ${this.#choices(state)}
      </header>
      ${state.failure ? failureBar(state.failure, this.controller) : nothing} ${this.#body(state)}
      <div class="visually-hidden" role="status" aria-live="polite">${state.announcement}</div>
    </main>`;
  }

  #body({ statistics, failure }: StatisticsState): TemplateResult | typeof nothing {
    if (!statistics) return failure ? nothing : loadingPage();
    if (statistics.total.runs === 0) return this.#empty();
    const nameOf = (id: string): string => this.#nameOf(id);
    return html`${tiles(statistics.total)}
      <section class="charts" aria-label=${t('Charts')}>
        ${repeat(
          chartsOf(statistics, nameOf),
          ({ title }) => title,
          (chart) => html`<kandev-chart .chart=${chart}></kandev-chart>`,
        )}
      </section>
      ${agentTable(statistics, nameOf)} ${counting(statistics)}`;
  }

  #choices({ view, statistics, loading }: StatisticsState): TemplateResult {
    const { controller } = this;
    const boards = statistics?.boards ?? [];
    return html`<div class="choices" role="toolbar" aria-label=${t('What is shown')}>
      <div class="segments" role="group" aria-label=${t('Time')}>
        ${weekChoices.map(
          (weeks) =>
            html`<button
              type="button"
              class="segment"
              aria-pressed=${weeks === view.weeks}
              @click=${() => void controller.choose({ weeks })}
            >
              ${weeks === null ? t('All') : t('{0} weeks', weeks)}
            </button>`,
        )}
      </div>
      ${boards.length > 1 ? choice(t('Board'), t('All boards'), view.boardId, boards, (boardId) => void controller.choose({ boardId })) : nothing}
      ${choice(
        t('Agent'),
        t('All agents'),
        view.agentTypeId,
        agentsOf(this.controller.state).map((id) => ({ id, name: this.#nameOf(id) })),
        (agentTypeId) => void controller.choose({ agentTypeId }),
      )}
      ${button({
        label: t('Export as CSV…'),
        icon: 'export',
        disabled: loading || !statistics,
        onClick: () => void controller.exportCsv(),
      })}
    </div>`;
  }

  #empty(): TemplateResult {
    const { controller } = this;
    const { view } = controller.state;
    const isAll = view.weeks === null && view.boardId === null && view.agentTypeId === null;
    if (!isAll) {
      const all = { weeks: null, boardId: null, agentTypeId: null };
      return emptyPage(
        'graph',
        t('No run has begun in this time.'),
        button({ label: t('Show All Runs'), primary: true, onClick: () => void controller.choose(all) }),
      );
    }
    return emptyPage(
      'graph',
      t('When agents have worked on cards, you see here how it went, how long it took, and what it cost.'),
      button({
        label: t('Open Board'),
        primary: true,
        onClick: () => void controller.runUiCommand('kandev.openBoard'),
      }),
    );
  }

  #nameOf(agentTypeId: string): string {
    return this.controller.state.setting?.agentNames[agentTypeId] ?? agentTypeId;
  }
}

/** Those that have worked, and the one that is asked for. */
function agentsOf({ statistics, view }: StatisticsState): string[] {
  const asked = view.agentTypeId === null ? [] : [view.agentTypeId];
  return [...new Set([...(statistics?.agentTypeIds ?? []), ...asked])];
}

function choice(
  label: string,
  all: string,
  selected: string | null,
  options: readonly { id: string; name: string }[],
  choose: (id: string | null) => void,
): TemplateResult {
  return html`<select
    class="input choice"
    aria-label=${label}
    @change=${({ target }: Event) => {
      if (target instanceof HTMLSelectElement) choose(target.value === '' ? null : target.value);
    }}
  >
    <option value="" .selected=${selected === null}>${all}</option>
    ${options.map(({ id, name }) => html`<option value=${id} .selected=${id === selected}>${name}</option>`)}
  </select>`;
}

function tiles(total: Figures): TemplateResult {
  const rate = successRate(total);
  const { toReview, waited, waitedRuns, worked, runs, outcomes, tokenRuns, costRuns } = total;
  const judged = outcomes.finished + outcomes.failed;
  return html`<dl class="tiles">
    ${tile(
      t('Runs'),
      countText(runs),
      outcomes.going > 0
        ? t('{0} finished, {1} going on', countText(outcomes.finished), countText(outcomes.going))
        : t('{0} finished', countText(outcomes.finished)),
    )}
    ${tile(
      t('Success rate'),
      rate === null ? '–' : shareText(rate),
      judged === 0
        ? t('No run has ended by itself yet')
        : t('{0} of {1} that ended by themselves', countText(outcomes.finished), countText(judged)),
    )}
    ${tile(
      t('Time to review'),
      toReview ? formatDuration(toReview.median) : '–',
      toReview
        ? t(
            'Median; half from {0} to {1}',
            formatDuration(toReview.lowerQuartile),
            formatDuration(toReview.upperQuartile),
          )
        : t('No run has finished yet'),
    )}
    ${tile(
      t('Waiting on you'),
      formatDuration(waited),
      waitedRuns === 0
        ? t('No run has waited for an answer')
        : t('In {0}, {1} of their time', runsText(waitedRuns), shareText(waited / (worked + waited))),
    )}
    ${tile(t('Tokens'), tokensText(total), reportedText(tokenRuns, runs))}
    ${tile(t('Cost'), costsText(total), reportedText(costRuns, runs))}
  </dl>`;
}

function reportedText(told: number, runs: number): string {
  if (told === 0) return t('No agent has told');
  return told === runs ? t('Told of all runs') : t('Told of {0} of {1}', countText(told), runsText(runs));
}

function tile(name: string, value: string, more: string): TemplateResult {
  return html`<div class="tile">
    <dt>${name}</dt>
    <dd class="tile-value" data-muted=${value === '–' || value === t('Not reported') ? true : nothing}>
      ${value}
    </dd>
    <dd class="tile-more">${more}</dd>
  </div>`;
}

function agentTable({ byAgent }: Statistics, nameOf: (id: string) => string): TemplateResult {
  const cell = (label: string, text: string): TemplateResult =>
    html`<td role="cell" data-label=${label}><span>${text}</span></td>`;
  const head = [
    ...[t('Agent'), t('Runs'), t('Success'), t('Time to review'), t('Waiting on you')],
    ...[t('Tokens'), t('Cost')],
  ];
  return html`<section class="agents" aria-labelledby="agents-title">
    <h2 id="agents-title">${t('Agents')}</h2>
    <table class="agent-table" role="table" aria-labelledby="agents-title">
      <thead role="rowgroup">
        <tr role="row">
          ${head.map((name) => html`<th role="columnheader" scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${byAgent.map(({ agentTypeId, figures }) => {
          const rate = successRate(figures);
          const { toReview } = figures;
          return html`<tr role="row">
            <th role="rowheader" scope="row">${nameOf(agentTypeId)}</th>
            ${cell(t('Runs'), countText(figures.runs))}
            <td role="cell" data-label=${t('Success')}>
              <span class="rate">
                ${rate === null ? nothing : html`<span class="rate-bar" aria-hidden="true"><span .style=${`width: ${rate * 100}%`}></span></span>`}
                <span>${rate === null ? '–' : shareText(rate)}</span>
              </span>
            </td>
            ${cell(t('Time to review'), toReview ? formatDuration(toReview.median) : '–')}
            ${cell(t('Waiting on you'), formatDuration(figures.waited))}
            ${cell(t('Tokens'), tokensText(figures))} ${cell(t('Cost'), costsText(figures))}
          </tr>`;
        })}
      </tbody>
    </table>
  </section>`;
}

/** What is counted how; nobody should have to guess. */
function counting({ timeZone }: Statistics): TemplateResult {
  const rules = [
    t('Everything is counted in the week in which its run began. Weeks begin at midnight in {0}.', timeZone),
    t(
      'A run is one container of an agent on a card. A message that its agent gets later belongs to it, and to a new run when that container was gone. A run that another window has taken over is still the same.',
    ),
    t(
      'The success rate counts runs that have finished or failed. A failure that was tried again by itself is not counted: the next run is. Nor are runs that were stopped or still go on.',
    ),
    t(
      'The time to review is from the start of a run, or of the first one that it is a retry of, until its agent has first finished. It includes getting the container ready and waiting on you. Half of all runs took less than the median, and half lie in the middle half.',
    ),
    t(
      'Waiting on you is the time in which an agent could not go on without an answer. What still waits counts up to now.',
    ),
    t(
      'Tokens are what agents tell at the end of each turn, those from a cache included; cost is what they tell of it. Where an agent tells neither, it is not reported, which is not nothing. Currencies are never added to each other.',
    ),
    t('Runs of deleted cards count as long as the card can be brought back: 30 days.'),
  ];
  return html`<details class="counting">
    <summary>${t('How this is counted')}</summary>
    <ul>
      ${rules.map((rule) => html`<li>${rule}</li>`)}
    </ul>
  </details>`;
}
