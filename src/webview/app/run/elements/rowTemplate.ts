import { html, nothing, type TemplateResult } from 'lit';
import { unsafeHTML } from 'lit/directives/unsafe-html.js';
import { actionLabel } from '../../actionLabels.ts';
import { button, icon, iconButton } from '../../elements/controls.ts';
import { formatDuration } from '../../format.ts';
import { t } from '../../l10n.ts';
import { renderMarkdown } from '../markdown.ts';
import type { Row } from '../rows.ts';
import type { RunPageController } from '../runPageController.ts';
import type { RawValue } from '../runState.ts';
import { pictureStrip } from './pictureStrip.ts';
import { toolTemplate } from './toolTemplate.ts';

export interface RowSurroundings {
  controller: RunPageController;
  isOpen: boolean;
  /** Of a tool call, when they were asked for. */
  raw: RawValue | null;
  /** More of it may come. */
  isStreaming: boolean;
}

/** Texts are rendered once for as long as they stay the same. */
const rendered = new WeakMap<Row, string>();

function markdownOf(row: Row & { text: string }): string {
  const known = rendered.get(row) ?? renderMarkdown(row.text);
  rendered.set(row, known);
  return known;
}

/** One row of the transcript. */
export function rowTemplate(row: Row, surroundings: RowSurroundings): TemplateResult {
  const { controller, isOpen } = surroundings;
  switch (row.kind) {
    case 'run':
      return runDivider(row, controller);
    case 'prompt':
      return html`<article class="prompt" aria-label=${t('You said')}>
        <div class="prompt-head">
          ${icon('account')}<strong>${t('You')}</strong>
          <time class="row-time">${timeOf(row.at)}</time>
          ${copyButton(row.text)}
        </div>
        <div class="markdown">${unsafeHTML(markdownOf(row))}</div>
        ${pictureStrip(row.pictures, {
          desk: controller.pictures,
          large: isOpen ? new Set(row.pictures.map(({ id }) => id)) : new Set(),
          onToggle: () => {
            controller.toggle(row.key);
          },
        })}
      </article>`;
    case 'message':
      return html`<article class="message" aria-label=${t('The agent said')}>
        <div class="markdown">${unsafeHTML(markdownOf(row))}</div>
        <div class="message-foot"><time class="row-time">${timeOf(row.at)}</time>${copyButton(row.text)}</div>
      </article>`;
    case 'thought':
      return thought(row, surroundings);
    case 'tool':
      return toolTemplate(row, surroundings);
    case 'terminal':
      return html`<div class="tool">
        ${foldButton(row.key, isOpen, controller, html`${icon('terminal')}<span class="tool-title">${t('Command')}</span>`)}
        ${isOpen ? html`<pre class="output" tabindex="0">${row.text}</pre>` : nothing}
      </div>`;
    case 'plan':
      return plan(row);
    case 'end':
      return html`<div class="turn-end" data-ok=${row.stopReason === 'end_turn'} role="separator">
        <span>${row.text} · ${formatDuration(row.took)}</span>
      </div>`;
    case 'notice':
      return html`<p class="notice" data-severity=${row.severity}>
        ${icon(noticeIcons[row.severity] ?? 'info')}<span>${row.text}</span>
      </p>`;
    case 'unknown':
      return html`<p class="notice" data-severity="info">${icon('question')}<span>${row.text}</span></p>`;
  }
}

const noticeIcons: Readonly<Record<string, string>> = { warning: 'warning', error: 'error' };

function runDivider(
  { run, number }: Extract<Row, { kind: 'run' }>,
  controller: RunPageController,
): TemplateResult {
  const { failure } = run;
  return html`<div class="run-divider" role="separator">
      <span>${t('Run {0}', number)} · ${run.agentName} · ${timeOf(run.createdAt)}</span>
    </div>
    ${failure ? failureBlock(failure, controller) : nothing}`;
}

/** What went wrong with a run, and the one thing to do about it. */
export function failureBlock(
  failure: NonNullable<Extract<Row, { kind: 'run' }>['run']['failure']>,
  controller: RunPageController,
): TemplateResult {
  const { message, detail, action } = failure;
  return html`<div class="failure" role="group" aria-label=${t('Failure')}>
    <p>${icon('error')}<span>${message}</span></p>
    ${
      detail === undefined || detail === '' || detail === message
        ? nothing
        : html`<details>
            <summary>${t('Details')}</summary>
            <pre class="output" tabindex="0">${detail}</pre>
          </details>`
    }
    ${action ? button({ label: actionLabel(action), primary: true, onClick: () => void controller.act(action) }) : nothing}
  </div>`;
}

function thought(
  row: Extract<Row, { kind: 'thought' }>,
  { controller, isOpen, isStreaming }: RowSurroundings,
): TemplateResult {
  const [firstLine = ''] = row.text.trim().split('\n');
  const head = html`${icon('lightbulb')}<span class="thought-head ellipsis"
      >${isStreaming ? t('Thinking …') : isOpen ? t('Thought') : firstLine.replace(/^[#*_\s]+|[*_]+$/g, '')}</span
    >`;
  return html`<div class="thought">
    ${foldButton(row.key, isOpen, controller, head)}
    ${isOpen ? html`<div class="markdown thought-text">${unsafeHTML(markdownOf(row))}</div>` : nothing}
  </div>`;
}

function plan({ steps }: Extract<Row, { kind: 'plan' }>): TemplateResult {
  const done = steps.filter(({ status }) => status === 'completed').length;
  return html`<div class="plan" role="group" aria-label=${t('Plan')}>
    <div class="plan-head">
      ${icon('checklist')}<strong>${t('Plan')}</strong>
      <span class="row-time">${t('{0} of {1} done', done, steps.length)}</span>
      <progress
        max=${Math.max(1, steps.length)}
        value=${done}
        aria-label=${t('Progress of the plan')}
      ></progress>
    </div>
    <ol>
      ${steps.map(
        ({ content, status }) =>
          html`<li data-status=${status}>
            ${icon(planIcons[status] ?? 'circle-outline')}<span>${content}</span>
            <span class="visually-hidden">${planWords(status)}</span>
          </li>`,
      )}
    </ol>
  </div>`;
}

const planIcons: Readonly<Record<string, string>> = { completed: 'pass-filled', in_progress: 'play-circle' };

function planWords(status: string): string {
  if (status === 'completed') return t('done');
  return status === 'in_progress' ? t('in progress') : t('to do');
}

/** Opens and closes what is folded. */
export function foldButton(
  key: string,
  isOpen: boolean,
  controller: RunPageController,
  label: TemplateResult,
): TemplateResult {
  return html`<button
    type="button"
    class="fold"
    aria-expanded=${isOpen}
    @click=${() => {
      controller.toggle(key);
    }}
  >
    ${icon(isOpen ? 'chevron-down' : 'chevron-right')}${label}
  </button>`;
}

function copyButton(text: string): TemplateResult {
  return iconButton({
    icon: 'copy',
    label: t('Copy'),
    className: 'row-copy',
    onClick: () => void navigator.clipboard.writeText(text),
  });
}

const clockTime = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** The time of day; of another day its date too. */
function timeOf(at: number): string {
  const isToday = new Date(at).toDateString() === new Date().toDateString();
  return (isToday ? clockTime : dateTime).format(at);
}
