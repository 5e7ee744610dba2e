import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { PermissionOption } from '../../../model/permission.ts';
import { rulingText } from '../../../model/ruleText.ts';
import type { DiffSummary, PermissionView } from '../../protocol.ts';
import { t } from '../l10n.ts';
import { button, icon } from './controls.ts';

const toolIcons: Readonly<Record<string, string>> = {
  read: 'eye',
  edit: 'edit',
  delete: 'trash',
  move: 'file',
  search: 'search',
  execute: 'terminal',
  fetch: 'globe',
};

const optionIcons: Readonly<Record<PermissionOption['kind'], string>> = {
  allow_once: 'check',
  allow_always: 'check-all',
  reject_once: 'close',
  reject_always: 'circle-slash',
  unknown: 'circle-outline',
};

/** What can be done about a request. */
export interface RequestCommands {
  answer(requestId: string, optionId: string): Promise<void>;
  runUiCommand(
    command: 'kandev.answerPermission' | 'kandev.answerQuestion' | 'kandev.makeRule',
    taskId: string,
  ): void;
  /** Shows a proposed change; left out: they are only named. */
  openDiff?: (requestId: string, index: number) => void;
}

export interface PermissionBlock {
  taskId: string;
  /** Open requests, oldest first; never empty. */
  permissions: readonly PermissionView[];
  /** The option that was just chosen for the first of them. */
  chosen: string | null;
  commands: RequestCommands;
  tabIndex: number;
  /** How long the agent has been at it. */
  time: TemplateResult | typeof nothing;
}

function diffLine(
  { path, added, removed, isNewFile }: DiffSummary,
  open: (() => void) | undefined,
): TemplateResult {
  const name = html`<bdi>${path}</bdi>`;
  return html`<li class="diff" title=${path}>
    ${
      open
        ? html`<button type="button" class="link-button diff-path" @click=${open}>${name}</button>`
        : html`<span class="diff-path">${name}</span>`
    }
    ${isNewFile ? html`<span class="diff-new">${t('new')}</span>` : nothing}
    <span class="visually-hidden">${t('{0} lines added, {1} removed', added, removed)}</span>
    <span class="diff-added" aria-hidden="true">+${added}</span>
    <span class="diff-removed" aria-hidden="true">−${removed}</span>
  </li>`;
}

function subject(
  { id, command, diffs, paths }: PermissionView,
  { openDiff }: RequestCommands,
): TemplateResult {
  const named = paths.filter((path) => !diffs.some((diff) => diff.path === path));
  return html`
    ${command === null ? nothing : html`<pre class="request-command"><code>${command}</code></pre>`}
    ${
      diffs.length + named.length === 0
        ? nothing
        : html`<ul class="request-files">
            ${diffs.map((diff, index) =>
              diffLine(
                diff,
                openDiff &&
                  (() => {
                    openDiff(id, index);
                  }),
              ),
            )}
            ${named.map(
              (path) =>
                html`<li class="diff" title=${path}>
                  <span class="diff-path"><bdi>${path}</bdi></span>
                </li>`,
            )}
          </ul>`
    }
  `;
}

/** What an agent asks for, with its own answers as buttons: the first open request of a card. */
export function permissionBlock(block: PermissionBlock): TemplateResult | typeof nothing {
  const { permissions, chosen, commands, tabIndex, taskId } = block;
  const [request] = permissions;
  if (!request) return nothing;
  const offersAlways = request.options.some(({ kind }) => kind === 'allow_always');
  const preferred = request.options.find(({ kind }) => kind === 'allow_once');
  return html`<div class="needs-you" role="group" aria-label=${t('Needs you')}>
    <div class="needs-you-head">
      ${icon('bell-dot')}<strong>${t('Needs you')}</strong>
      ${
        permissions.length > 1
          ? html`<span class="needs-you-count">${t('1 of {0}', permissions.length)}</span>`
          : nothing
      }
      <span class="run-time">${block.time}</span>
    </div>
    <p class="request-title">${icon(toolIcons[request.toolKind] ?? 'tools')}<span>${request.title}</span></p>
    ${subject(request, commands)}
    ${request.ruling ? html`<p class="request-why">${rulingText(request.ruling, t)}</p>` : nothing}
    <div class="request-options" role="group" aria-label=${t('Answer')} aria-busy=${chosen !== null}>
      ${repeat(
        request.options,
        ({ optionId }) => `${request.id} ${optionId}`,
        (option) =>
          button({
            label: option.name,
            icon: chosen === option.optionId ? 'loading codicon-modifier-spin' : optionIcons[option.kind],
            primary: option === preferred,
            disabled: chosen !== null,
            tabIndex,
            onClick: () => void commands.answer(request.id, option.optionId),
          }),
      )}
      ${moreButton(offersAlways ? t('Rule…') : t('Always…'), tabIndex, () => {
        commands.runUiCommand('kandev.makeRule', taskId);
      })}
      ${moreButton(t('Details…'), tabIndex, () => {
        commands.runUiCommand('kandev.answerPermission', taskId);
      })}
    </div>
  </div>`;
}

function moreButton(label: string, tabIndex: number, onClick: () => void): TemplateResult {
  return html`<button type="button" class="link-button" tabindex=${tabIndex} @click=${onClick}>
    ${label}
  </button>`;
}
