import { html, nothing, type TemplateResult } from 'lit';
import { presetText } from '../../../../model/ruleText.ts';
import { unsentCount } from '../../../../model/review.ts';
import { isBusy, isLive } from '../../../../model/run.ts';
import { live } from 'lit/directives/live.js';
import type { RunOption } from '../../../runProtocol.ts';
import { actionsOf, changesText, commentsText, statusOf } from '../../cardFacts.ts';
import { timeTemplate } from '../../elements/timeTemplate.ts';
import { usageFact } from '../../elements/usageFact.ts';
import { button, icon, iconButton } from '../../elements/controls.ts';
import { t } from '../../l10n.ts';
import type { RunPageController } from '../runPageController.ts';
import type { RunContent, RunViewState } from '../runState.ts';
import type { ContextUse } from '../transcript.ts';

export interface HeaderCommands {
  showLastPrompt: () => void;
  find: () => void;
}

/** The card's title, how things stand, what can be chosen and done. */
export function header(
  state: RunViewState,
  content: RunContent,
  controller: RunPageController,
  commands: HeaderCommands,
): TemplateResult {
  const { card, agentName, session } = content;
  return html`<header class="run-header">
    <div class="run-title">
      <h1 class="ellipsis" title=${card.task.title}>${card.task.title}</h1>
      <div class="run-actions" role="toolbar" aria-label=${t('Run')}>
        ${runButtons(state, content, controller)}
        ${iconButton({ icon: 'search', label: t('Find in Transcript (Ctrl+F)'), onClick: commands.find })}
        ${iconButton({
          icon: 'arrow-up',
          label: t('Go to Last Prompt (P)'),
          onClick: commands.showLastPrompt,
        })}
        ${iconButton({
          icon: 'project',
          label: t('Show on Board'),
          onClick: () => void controller.runUiCommand('kandev.revealInBoard'),
        })}
        ${iconButton({
          icon: 'edit',
          label: t('Edit Card'),
          onClick: () => void controller.runUiCommand('kandev.editTask'),
        })}
        ${iconButton({
          icon: 'markdown',
          label: t('Export as Markdown…'),
          onClick: () => void controller.runUiCommand('kandev.exportTranscript'),
        })}
      </div>
    </div>
    <div class="run-facts">
      ${status(content, controller)}
      ${agentName === null ? nothing : html`<span class="fact">${icon('hubot')}${agentName}</span>`}
      ${agentName === null ? nothing : approvals(content, controller)}
      ${session?.options.filter(isChosenHere).map((option) => optionPicker(option, state, controller))}
      ${changes(content, controller)} ${comments(content, controller)}
      ${state.usage ? usage(state.usage) : nothing} ${containerUse(state, content)}
    </div>
  </header>`;
}

/** What its agent may do unasked, and the way to choose that. */
function approvals({ card }: RunContent, controller: RunPageController): TemplateResult {
  const isAll = card.approvals === 'all';
  return html`<button
    type="button"
    class="fact link-button approvals"
    data-all=${isAll}
    title=${t('What the agent may do unasked')}
    @click=${() => void controller.runUiCommand('kandev.chooseApprovals')}
  >
    ${icon(isAll ? 'warning' : 'shield')}<span>${presetText(card.approvals, t)}</span>
  </button>`;
}

/** What the last run has changed, and the way to look at it. */
function changes({ card }: RunContent, controller: RunPageController): TemplateResult | typeof nothing {
  const text = changesText(card);
  const told = card.run?.changes;
  if (text === null || !told) return nothing;
  return html`<button
    type="button"
    class="fact link-button"
    title=${t('Review Changes')}
    @click=${() => void controller.runUiCommand('kandev.reviewChanges')}
  >
    ${icon('diff-multiple')}<span class="visually-hidden">${t('Review Changes')}: ${text}</span>
    <span aria-hidden="true">${told.files === 1 ? t('1 file') : t('{0} files', told.files)}</span>
    <span class="diff-added" aria-hidden="true">+${told.added}</span>
    <span class="diff-removed" aria-hidden="true">−${told.removed}</span>
  </button>`;
}

/** The comments on it that wait, and the way to send them. */
function comments({ card }: RunContent, controller: RunPageController): TemplateResult | typeof nothing {
  const text = commentsText(card);
  if (text === null) return nothing;
  const label = html`${icon('comment')}<span>${text}</span>`;
  if (unsentCount(card.review) === 0) return html`<span class="fact">${label}</span>`;
  return html`<button
    type="button"
    class="fact link-button"
    title=${t('Send Review to Agent')}
    @click=${() => void controller.runUiCommand('kandev.sendReview')}
  >
    ${label}
  </button>`;
}

/** What its container uses at the moment. */
function containerUse(
  { containerUse: use }: RunViewState,
  { card }: RunContent,
): TemplateResult | typeof nothing {
  return use && card.run && isLive(card.run.state)
    ? html`<span class="fact container-use">${usageFact(use)}</span>`
    : nothing;
}

function runButtons(
  state: RunViewState,
  { card }: RunContent,
  controller: RunPageController,
): TemplateResult {
  const can = actionsOf(card);
  return html`${
    can.review
      ? button({
          label: t('Review Changes'),
          icon: 'diff-multiple',
          primary: card.run !== null && !isBusy(card.run.state),
          onClick: () => void controller.runUiCommand('kandev.reviewChanges'),
        })
      : nothing
  }
  ${
    can.start
      ? button({
          label: card.run ? t('Run Again') : t('Run'),
          icon: card.run ? 'debug-rerun' : 'play',
          primary: card.run === null,
          disabled: state.pending.has('start'),
          onClick: () => void controller.start(),
        })
      : nothing
  }
  ${
    can.stop
      ? button({
          label: t('Stop'),
          icon: 'debug-stop',
          disabled: state.pending.has('stop'),
          onClick: () => void controller.stop(),
        })
      : nothing
  }`;
}

function status({ card }: RunContent, { clock }: RunPageController): TemplateResult | typeof nothing {
  const told = statusOf(card);
  if (!told) return nothing;
  const { tone, icon: name, spin, text, time } = told;
  return html`<span class="fact card-status" data-tone=${tone}>
    ${icon(name, spin)}${text}
    ${time ? html`<span class="fact-time">${timeTemplate(time, clock)}</span>` : nothing}
  </span>`;
}

/** Modes, models and the like; an agent may have many options of its own, which the command palette offers. */
function isChosenHere({ category, choices, value }: RunOption): boolean {
  const isKnown = category === 'mode' || category === 'model' || category === 'thought_level';
  return isKnown && choices.length > 1 && typeof value !== 'boolean';
}

function optionPicker(
  option: RunOption,
  { pending }: RunViewState,
  controller: RunPageController,
): TemplateResult {
  const { id, name, description, value, choices } = option;
  const groups = [...new Set(choices.map(({ group }) => group))];
  const items = (group: string | null): TemplateResult[] =>
    choices
      .filter((choice) => choice.group === group)
      .map(
        (choice) =>
          html`<option value=${choice.id} title=${choice.description ?? ''} ?selected=${choice.id === value}>
            ${choice.name}
          </option>`,
      );
  return html`<label class="fact option" title=${description ?? name}>
    <span class="option-name">${name}</span>
    <select
      class="select"
      .value=${live(String(value ?? ''))}
      ?disabled=${pending.has(`option ${id}`)}
      @change=${({ target }: Event) => {
        if (target instanceof HTMLSelectElement) void controller.setOption(id, target.value);
      }}
    >
      ${groups.map((group) => (group === null ? items(group) : html`<optgroup label=${group}>${items(group)}</optgroup>`))}
    </select>
  </label>`;
}

const compact = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });

function usage({ used, size, cost }: ContextUse): TemplateResult {
  const share =
    size > 0 ? t('{0} of {1} tokens', compact.format(used), compact.format(size)) : compact.format(used);
  return html`<span class="fact usage" title=${t('How much of its context the agent has used')}>
    ${icon('dashboard')}
    ${size > 0 ? html`<meter min="0" max=${size} high=${size * 0.85} value=${used} aria-label=${share}></meter>` : nothing}
    <span>${share}${cost === null ? nothing : ` · ${cost}`}</span>
  </span>`;
}
