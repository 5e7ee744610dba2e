import { html, nothing, type TemplateResult } from 'lit';
import { icon, iconButton } from '../../elements/controls.ts';
import { t } from '../../l10n.ts';
import type { Row } from '../rows.ts';
import { foldButton, type RowSurroundings } from './rowTemplate.ts';

type ToolRow = Extract<Row, { kind: 'tool' }>;

const kindIcons: Readonly<Record<string, string>> = {
  read: 'eye',
  edit: 'edit',
  delete: 'trash',
  move: 'arrow-swap',
  search: 'search',
  execute: 'terminal',
  think: 'lightbulb',
  fetch: 'globe',
  switch_mode: 'settings',
};

const statusIcons: Readonly<Record<string, string>> = {
  pending: 'circle-outline',
  completed: 'pass',
  failed: 'error',
  cancelled: 'circle-slash',
};

/** A tool call: what it does, where, how it went; what it has put out is folded. */
export function toolTemplate(row: ToolRow, surroundings: RowSurroundings): TemplateResult {
  const { tool, outputs } = row;
  const { controller, isOpen } = surroundings;
  const head = html`${icon(kindIcons[tool.kind] ?? 'tools')}<span class="tool-title">${tool.title}</span>`;
  const hasMore = tool.texts.length + outputs.length > 0 || tool.hasRaw;
  return html`<div
    class="tool"
    role="group"
    data-status=${tool.status}
    aria-label=${t('Tool: {0}', tool.title)}
  >
    <div class="tool-head">
      ${hasMore ? foldButton(row.key, isOpen, controller, head) : html`<span class="fold">${head}</span>`}
      ${statusOf(tool.status)}
    </div>
    ${places(row, surroundings)} ${diffs(row, surroundings)} ${isOpen ? details(row, surroundings) : nothing}
  </div>`;
}

function statusOf(status: string): TemplateResult {
  const isRunning = status === 'in_progress';
  return html`<span class="tool-status" data-status=${status}>
    ${icon(isRunning ? 'loading' : (statusIcons[status] ?? 'circle-outline'), isRunning)}
    <span class=${status === 'failed' || status === 'cancelled' ? '' : 'visually-hidden'}
      >${statusWords(status)}</span
    >
  </span>`;
}

function statusWords(status: string): string {
  switch (status) {
    case 'pending':
      return t('pending');
    case 'in_progress':
      return t('in progress');
    case 'completed':
      return t('done');
    case 'failed':
      return t('failed');
    case 'cancelled':
      return t('cancelled');
    default:
      return status;
  }
}

function places({ tool }: ToolRow, { controller }: RowSurroundings): TemplateResult | typeof nothing {
  // A diff names its file itself.
  const shown = tool.locations.filter(({ label }) => !tool.diffs.some(({ path }) => path === label));
  if (shown.length === 0) return nothing;
  return html`<ul class="tool-places">
    ${shown.map(
      ({ path, line, label }) =>
        html`<li>
          <button
            type="button"
            class="link-button"
            title=${t('Open {0}', path)}
            @click=${() => void controller.openFile(path, line)}
          >
            ${label}${line === null ? nothing : `:${line}`}
          </button>
        </li>`,
    )}
  </ul>`;
}

function diffs(row: ToolRow, { controller }: RowSurroundings): TemplateResult | typeof nothing {
  const { tool, runId, seq } = row;
  if (tool.diffs.length === 0) return nothing;
  return html`<ul class="tool-diffs">
    ${tool.diffs.map(
      ({ path, added, removed, isNewFile }, index) =>
        html`<li>
          <button
            type="button"
            class="diff link-button"
            title=${t('Show the change of {0}', path)}
            @click=${() => void controller.openDiff({ of: 'tool', entry: { runId, seq }, index })}
          >
            ${icon('diff')}<span class="ellipsis"><bdi>${path}</bdi></span>
            ${isNewFile ? html`<span class="diff-new">${t('new')}</span>` : nothing}
            <span class="visually-hidden">${t('{0} lines added, {1} removed', added, removed)}</span>
            <span class="diff-added" aria-hidden="true">+${added}</span>
            <span class="diff-removed" aria-hidden="true">−${removed}</span>
          </button>
        </li>`,
    )}
  </ul>`;
}

function details(row: ToolRow, { controller, raw }: RowSurroundings): TemplateResult {
  const { tool, outputs } = row;
  return html`<div class="tool-details">
    ${tool.texts.map((text) => block(text))} ${outputs.map((text) => block(text))}
    ${
      tool.hasRaw
        ? html`<button
            type="button"
            class="link-button"
            aria-expanded=${raw !== null}
            @click=${() => void controller.toggleRaw(row)}
          >
            ${raw === null ? t('Show raw input and output') : t('Hide raw input and output')}
          </button>`
        : nothing
    }
    ${raw === null ? nothing : rawValues(raw)}
  </div>`;
}

function rawValues(raw: NonNullable<RowSurroundings['raw']>): TemplateResult {
  if (raw === 'loading') return html`<p class="row-time">${icon('loading', true)}</p>`;
  if ('message' in raw) return html`<p>${raw.message}</p>`;
  return html`${
    raw.input === null
      ? nothing
      : html`<p class="row-time">${t('Input')}</p>
          ${block(raw.input)}`
  }
  ${
    raw.output === null
      ? nothing
      : html`<p class="row-time">${t('Output')}</p>
          ${block(raw.output)}`
  }`;
}

function block(text: string): TemplateResult | typeof nothing {
  if (text === '') return nothing;
  return html`<div class="output-box">
    <pre class="output" tabindex="0">${text}</pre>
    ${iconButton({
      icon: 'copy',
      label: t('Copy'),
      className: 'row-copy',
      onClick: () => void navigator.clipboard.writeText(text),
    })}
  </div>`;
}
