import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { needsUser } from '../../../model/cardView.ts';
import { openDependencies } from '../../../model/dependencies.ts';
import type { Failure, UserAction } from '../../../model/failure.ts';
import { unsentCount } from '../../../model/review.ts';
import { isLive } from '../../../model/run.ts';
import type { RunUsage } from '../../../model/runUsage.ts';
import type { BoardCard } from '../../protocol.ts';
import { actionLabel } from '../actionLabels.ts';
import type { BoardController } from '../boardController.ts';
import {
  accessibleName,
  actionsOf,
  changesText,
  commentsText,
  menuContext,
  noteOf,
  originText,
  priorityName,
  shownFailure,
  statusOf,
  type CardStatus,
} from '../cardFacts.ts';
import { makeCardDraggable } from '../dragAndDrop.ts';
import { t } from '../l10n.ts';
import { lostFocus } from '../lostFocus.ts';
import type { Selection } from '../selection.ts';
import type { PendingWork } from '../state.ts';
import { blockedBlock } from './blockedBlock.ts';
import { openMenu } from './contextMenu.ts';
import { button, icon, iconButton } from './controls.ts';
import { LightElement } from './lightElement.ts';
import { permissionBlock } from './permissionBlock.ts';
import { questionBlock } from './questionBlock.ts';
import { timeTemplate } from './timeTemplate.ts';
import { usageFact } from './usageFact.ts';
import { waitBlock } from './waitBlock.ts';

const priorityIcons = { low: 'arrow-down', normal: 'dash', high: 'arrow-up', urgent: 'flame' } as const;

/** One card of the board. */
export class CardElement extends LightElement {
  static override properties: PropertyDeclarations = {
    card: { attribute: false },
    agentName: { attribute: false },
    active: { attribute: false },
    pending: { attribute: false },
    answered: { attribute: false },
    hasDraft: { attribute: false },
    usage: { attribute: false },
    selection: { attribute: false },
    controller: { attribute: false },
  };

  declare card: BoardCard;
  /** Null when a person does the work. */
  declare agentName: string | null;
  /** Tab leads to this card. */
  declare active: boolean;
  declare pending: PendingWork | null;
  /** The option that was chosen for the card's first permission request, while it is under way. */
  declare answered: string | null;
  /** A change of the card was typed but not saved. */
  declare hasDraft: boolean;
  /** What its run uses; null when that was not measured. */
  declare usage: RunUsage | null;
  /** All cards that are selected, where it is one of them. */
  declare selection: Selection | null;
  declare controller: BoardController;
  #stopDragging: (() => void) | null = null;
  #hadFocus = false;

  override connectedCallback(): void {
    super.connectedCallback();
    this.setAttribute('role', 'listitem');
    const taskId = () => this.card.task.id;
    this.#stopDragging = makeCardDraggable(this, taskId, () => this.controller.selection.targets(taskId()));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stopDragging?.();
    this.#stopDragging = null;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    this.#hadFocus = this.contains(document.activeElement);
    this.tabIndex = this.active ? 0 : -1;
    if (changed.has('card') || changed.has('agentName') || changed.has('selection')) {
      const { card, selection } = this;
      this.dataset.taskId = card.task.id;
      this.dataset.vscodeContext = JSON.stringify(menuContext(card, selection));
      this.dataset.tone = statusOf(card)?.tone ?? 'neutral';
      this.toggleAttribute('data-selected', selection !== null);
      const name = accessibleName(card, this.agentName);
      this.ariaLabel = selection ? t('Selected. {0}', name) : name;
    }
    if (changed.has('pending')) {
      this.toggleAttribute('data-pending', this.pending !== null);
      this.ariaBusy = String(this.pending !== null);
    }
  }

  protected override updated(): void {
    // A button that had the focus may be gone, for instance with the request it has answered.
    if (this.#hadFocus && lostFocus()) this.focus();
  }

  protected override render(): TemplateResult {
    const { card } = this;
    const { task, run, permissions, questions, queue } = card;
    const time = (): TemplateResult | typeof nothing =>
      status?.time ? timeTemplate(status.time, this.controller.clock) : nothing;
    const status = statusOf(card);
    const failure = shownFailure(card);
    const note = noteOf(card);
    const showsActivity = run !== null && isLive(run.state) && run.activity !== null && run.activity !== '';
    return html`<div class="card">
      ${this.selection ? html`<span class="card-check">${icon('check')}</span>` : nothing}
      <h3 class="card-title">${task.title}</h3>
      ${this.#meta()} ${status && !needsUser(card) ? this.#status(status) : nothing}
      ${note === null ? nothing : html`<p class="card-note" title=${note}>${note}</p>`}
      ${queue?.needs ? this.#needs(queue.why, { kind: queue.needs }) : nothing}
      ${
        showsActivity && !needsUser(card)
          ? html`<p class="card-activity" title=${run.activity}>${run.activity}</p>`
          : nothing
      }
      ${permissionBlock({
        taskId: task.id,
        permissions,
        chosen: this.answered,
        commands: this.controller.commands,
        tabIndex: this.#buttonTabIndex,
        time: time(),
      })}
      ${questionBlock({
        taskId: task.id,
        questions,
        commands: this.controller.commands,
        tabIndex: this.#buttonTabIndex,
        time: permissions.length === 0 ? time() : nothing,
      })}
      ${waitBlock({
        card,
        commands: this.controller.commands,
        tabIndex: this.#buttonTabIndex,
        busy: this.pending !== null,
      })}
      ${blockedBlock({
        card,
        tabIndex: this.#buttonTabIndex,
        onAllow: () => {
          this.controller.commands.runUiCommand('kandev.allowHost', task.id);
        },
      })}
      ${failure ? this.#failure(failure) : nothing} ${changesBlock(card)} ${this.#usage()} ${this.#actions()}
    </div>`;
  }

  #usage(): TemplateResult | typeof nothing {
    const { run } = this.card;
    return this.usage && run && isLive(run.state)
      ? html`<div class="card-usage">${usageFact(this.usage)}</div>`
      : nothing;
  }

  get #buttonTabIndex(): number {
    return this.active ? 0 : -1;
  }

  #meta(): TemplateResult | typeof nothing {
    const { dependencies, task } = this.card;
    const { priority, labels } = task;
    const waitsFor = openDependencies(dependencies).map(({ title }) => title);
    const { agentName, hasDraft } = this;
    if (
      priority === 'normal' &&
      agentName === null &&
      this.card.origin === null &&
      labels.length === 0 &&
      !hasDraft &&
      waitsFor.length === 0
    ) {
      return nothing;
    }
    return html`<div class="card-meta">
      ${
        priority === 'normal'
          ? nothing
          : html`<span class="card-priority" data-priority=${priority} title=${t('Priority')}
              >${icon(priorityIcons[priority])}${priorityName(priority)}</span
            >`
      }
      ${
        agentName === null
          ? nothing
          : html`<span class="card-agent" title=${t('Agent: {0}', agentName)}
              >${icon('hubot')}<span class="ellipsis">${agentName}</span></span
            >`
      }
      ${originFact(this.card)}
      ${
        waitsFor.length === 0
          ? nothing
          : html`<span class="card-dependencies" title=${t('Waits for: {0}', waitsFor.join(', '))}
              >${icon('link')}${waitsFor.length}</span
            >`
      }
      ${labels.map(
        (label) =>
          html`<button
            type="button"
            class="card-label"
            tabindex=${this.#buttonTabIndex}
            title=${t('Label: {0}. Filter by it', label)}
            @click=${() => {
              this.controller.filter.toggle({ kind: 'label', value: label });
            }}
          >
            ${label}
          </button>`,
      )}
      ${hasDraft ? html`<span class="card-draft">${icon('edit')}${t('Not saved')}</span>` : nothing}
    </div>`;
  }

  #status({ icon: name, spin, tone, text, time }: CardStatus): TemplateResult {
    return html`<div class="card-status" data-tone=${tone}>
      ${icon(name, spin)}<span class="ellipsis">${text}</span>
      ${time ? html`<span class="run-time">${timeTemplate(time, this.controller.clock)}</span>` : nothing}
    </div>`;
  }

  /** What the user has to say before the agent can be started. */
  #needs(why: string, action: UserAction): TemplateResult {
    return html`<div class="needs-you" role="group" aria-label=${t('Needs you')}>
      <div class="needs-you-head">${icon('bell-dot')}<strong>${t('Needs you')}</strong></div>
      <p class="request-title">${icon('key')}<span>${why}</span></p>
      <div class="request-options">
        ${button({
          label: actionLabel(action),
          primary: true,
          tabIndex: this.#buttonTabIndex,
          onClick: () => void this.controller.commands.act(action),
        })}
      </div>
    </div>`;
  }

  #failure({ message, detail, action }: Failure): TemplateResult {
    return html`<div class="card-failure">
      <p title=${detail ?? message}>${message}</p>
      ${
        action
          ? button({
              label: actionLabel(action),
              tabIndex: this.#buttonTabIndex,
              disabled: this.pending !== null,
              onClick: () => void this.controller.commands.act(action),
            })
          : nothing
      }
    </div>`;
  }

  #actions(): TemplateResult {
    const { card, controller } = this;
    const { id } = card.task;
    const { commands, form } = controller;
    const can = actionsOf(card);
    const tabIndex = this.#buttonTabIndex;
    const again = card.run !== null;
    const tool = (isOffered: boolean, name: string, label: string, onClick: () => unknown, className = '') =>
      isOffered
        ? iconButton({ icon: name, label, tabIndex, className, onClick: () => void onClick() })
        : nothing;
    return html`<div class="card-actions">
      ${tool(can.start, again ? 'debug-rerun' : 'play', again ? t('Run Again (R)') : t('Run (R)'), () =>
        commands.start([id]),
      )}
      ${tool(can.review, 'diff-multiple', t('Review Changes (V)'), () => {
        commands.review(id);
      })}
      ${tool(can.message, 'comment', t('Send Message (M)'), () => {
        commands.message(id);
      })}
      ${tool(can.stop, 'debug-stop', t('Stop (S)'), () => commands.stop([id]), 'icon-button-stop')}
      ${tool(true, 'edit', t('Edit (E)'), () => {
        form.edit(id);
      })}
      ${iconButton({ icon: 'ellipsis', label: t('More Actions…'), tabIndex, onClick: openMenu })}
    </div>`;
  }
}

/** Which card it comes from, where an agent has created it. */
function originFact(card: BoardCard): TemplateResult | typeof nothing {
  const { origin } = card;
  return origin === null
    ? nothing
    : html`<span class="card-origin" title=${originText(card)}
        >${icon('type-hierarchy-sub')}<span class="ellipsis">${origin}</span></span
      >`;
}

function changesBlock(card: BoardCard): TemplateResult | typeof nothing {
  const text = changesText(card);
  const changes = card.run?.changes;
  if (text === null || !changes) return nothing;
  const { files, added, removed } = changes;
  return html`<div class="card-changes" title=${text}>
    ${icon('diff')}<span class="ellipsis">${files === 1 ? t('1 file') : t('{0} files', files)}</span>
    <span class="diff-added">+${added}</span> <span class="diff-removed">−${removed}</span>
    ${commentsFact(card)}
  </div>`;
}

function commentsFact(card: BoardCard): TemplateResult | typeof nothing {
  const text = commentsText(card);
  return text === null
    ? nothing
    : html`<span class="card-comments" title=${text}
        >${icon('comment')}${unsentCount(card.review) || card.review.sent}</span
      >`;
}
