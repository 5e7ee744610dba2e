import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { TimelineEntry } from '../../../../model/timeline.ts';
import { button, icon, iconButton } from '../../elements/controls.ts';
import { LightElement } from '../../elements/lightElement.ts';
import { formatDuration } from '../../format.ts';
import { t } from '../../l10n.ts';
import type { TimelineController, TimelineState } from '../timelineController.ts';
import { ago, barPieces, runParts, tell, type RunParts } from '../timelineText.ts';
import { failureBar, loadingPage } from './pageParts.ts';

type RunEntry = Extract<TimelineEntry, { kind: 'run' }>;

/** "5 minutes ago" is said anew so often. */
const refreshMs = 30_000;
/** Pauses between two entries are shown from here on. */
const shownPause = 60_000;

/** What has happened to a card, day by day, the newest first. */
export class TimelineElement extends LightElement {
  static override properties: PropertyDeclarations = {
    controller: { attribute: false },
  };

  declare controller: TimelineController;
  #timer: ReturnType<typeof setInterval> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.controller.onChange(() => {
      this.requestUpdate();
    });
    this.#timer = setInterval(() => {
      this.requestUpdate();
    }, refreshMs);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  protected override render(): TemplateResult {
    const { controller } = this;
    const { state } = controller;
    const title = state.setting?.cardTitle ?? t('Timeline');
    return html`<main class="insight timeline">
      <header class="insight-header">
        <h1 class="ellipsis" title=${title}>${title}</h1>
        <div class="choices" role="toolbar" aria-label=${t('Card')}>
          ${iconButton({
            icon: 'project',
            label: t('Show on Board'),
            onClick: () => void controller.runUiCommand('kandev.revealInBoard'),
          })}
          ${iconButton({
            icon: 'graph',
            label: t('Statistics'),
            onClick: () => void controller.runUiCommand('kandev.openStatistics'),
          })}
        </div>
      </header>
      ${state.failure ? failureBar(state.failure, controller) : nothing} ${this.#body(state)}
      <div class="visually-hidden" role="status" aria-live="polite">${state.announcement}</div>
    </main>`;
  }

  #body({ entries, before, loading, failure }: TimelineState): TemplateResult | typeof nothing {
    if (entries === null) return failure ? nothing : loadingPage();
    const { controller } = this;
    const longest = Math.max(1, ...entries.map((entry) => (entry.kind === 'run' ? this.#took(entry) : 0)));
    return html`${repeat(
      daysOf(entries),
      ([day]) => day,
      ([day, ofDay]) =>
        html`<section class="day" aria-label=${day}>
          <h2>${day}</h2>
          <ol class="entries">
            ${repeat(
              ofDay,
              ({ key }) => key,
              (entry, place) => this.#entry(entry, ofDay[place + 1], longest),
            )}
          </ol>
        </section>`,
    )}
    ${
      before
        ? html`<p class="older">
            ${button({
              label: t('Show Older'),
              icon: 'chevron-down',
              disabled: loading,
              onClick: () => void controller.loadOlder(),
            })}
          </p>`
        : nothing
    }`;
  }

  #entry(entry: TimelineEntry, older: TimelineEntry | undefined, longest: number): TemplateResult {
    const { controller } = this;
    const now = controller.clock.now();
    const told = tell(entry, (id) => controller.state.setting?.agentNames[id] ?? id);
    const pause = older ? entry.at - older.at : 0;
    return html`<li class="entry" data-kind=${entry.kind} data-tone=${told.tone}>
      <span class="entry-icon">${icon(told.icon)}</span>
      <div class="entry-body">
        <div class="entry-line">
          ${
            'runId' in entry
              ? html`<button
                  type="button"
                  class="entry-link"
                  title=${t('Show in the Run')}
                  @click=${() => void controller.openRun(entry.runId, entry.at)}
                >
                  ${told.text}
                </button>`
              : html`<span>${told.text}</span>`
          }
          ${told.tone === 'quiet' && told.more !== null ? html`<span>${told.more}</span>` : nothing}
          <time datetime=${new Date(entry.at).toISOString()} title=${longTime.format(entry.at)}>
            ${shortTime.format(entry.at)} · ${ago(entry.at, now)}
          </time>
        </div>
        ${told.more === null || told.tone === 'quiet' ? nothing : html`<p class="entry-more">${told.more}</p>`}
        ${entry.kind === 'run' ? this.#runBar(entry, longest, now) : nothing}
      </div>
      ${
        pause >= shownPause
          ? html`<span class="pause"
              ><span class="visually-hidden">${t('Before that, for')}</span> ${formatDuration(pause)}</span
            >`
          : nothing
      }
    </li>`;
  }

  #runBar({ spells }: RunEntry, longest: number, now: number): TemplateResult | typeof nothing {
    const parts = runParts(spells, now);
    const sum = parts.preparing + parts.working + parts.waiting;
    if (sum === 0) return nothing;
    const names = partNames();
    const kinds = Object.keys(names) as (keyof RunParts)[];
    // The styles are set as properties: as attributes the page's policy would refuse them.
    return html`<div
        class="run-bar"
        aria-hidden="true"
        .style=${`width: max(24px, ${(sum / longest) * 100}%)`}
      >
        ${barPieces(spells, now).map(
          ({ kind, took }) =>
            html`<span
              class="fill-${kind}"
              .style=${`flex-grow: ${took}`}
              title=${`${names[kind]}: ${formatDuration(took)}`}
            ></span>`,
        )}
      </div>
      <ul class="legend">
        ${kinds
          .filter((kind) => parts[kind] > 0)
          .map(
            (kind) =>
              html`<li>
                <span class="swatch fill-${kind}"></span>${names[kind]}: ${formatDuration(parts[kind])}
              </li>`,
          )}
      </ul>`;
  }

  #took({ spells }: RunEntry): number {
    const { preparing, working, waiting } = runParts(spells, this.controller.clock.now());
    return preparing + working + waiting;
  }
}

const shortTime = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const longTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const dayName = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });

function partNames(): Record<keyof RunParts, string> {
  return { preparing: t('Getting ready'), working: t('At work'), waiting: t('Waiting on you') };
}

/** Entries of the same day, by the day's name, in their order. */
function daysOf(entries: readonly TimelineEntry[]): [string, TimelineEntry[]][] {
  const days = new Map<string, TimelineEntry[]>();
  for (const entry of entries) {
    const day = dayName.format(entry.at);
    const ofDay = days.get(day);
    if (ofDay) ofDay.push(entry);
    else days.set(day, [entry]);
  }
  return [...days];
}
