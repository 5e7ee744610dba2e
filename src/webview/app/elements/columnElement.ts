import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { isOverLimit } from '../../../model/board.ts';
import { refuseTransition } from '../../../model/taskState.ts';
import type { BoardCard } from '../../protocol.ts';
import type { BoardController } from '../boardController.ts';
import { makeColumnDropTarget } from '../dragAndDrop.ts';
import { t } from '../l10n.ts';
import type { ColumnView } from '../layout.ts';
import { noSelection, type Selection } from '../selection.ts';
import { agentName, type AppState, type QuickState } from '../state.ts';
import { CardElement } from './cardElement.ts';
import { openMenu } from './contextMenu.ts';
import { icon, iconButton } from './controls.ts';
import { quickCreateBlock } from './quickCreateBlock.ts';
import { LightElement } from './lightElement.ts';

const stateIcons = {
  BACKLOG: 'inbox',
  TODO: 'circle-large-outline',
  BLOCKED: 'lock',
  IN_PROGRESS: 'play-circle',
  REVIEW: 'eye',
  COMPLETED: 'pass',
  FAILED: 'error',
  CANCELLED: 'circle-slash',
} as const;

/** What a column does while a card is dragged: nothing, take it, or say no. */
export type DropState = 'none' | 'possible' | 'refused';

/** Whether the column would take the cards that are being dragged, or one of them. */
export function dropStateOf({ column }: ColumnView, dragged: readonly BoardCard[]): DropState {
  if (dragged.length === 0) return 'none';
  const taken = dragged.some(
    ({ task: { state } }) =>
      column.states.includes(state) || refuseTransition(state, column.states[0]) === null,
  );
  return taken ? 'possible' : 'refused';
}

const noUsage: AppState['usage'] = new Map();

/** The selection, for a column that has a part of it: the others need not be drawn anew. */
export function selectionIn({ cards }: ColumnView, selected: Selection): Selection {
  return selected.size > 0 && cards.some(({ task }) => selected.has(task.id)) ? selected : noSelection;
}

export function quickIn({ column }: ColumnView, quick: QuickState | null): QuickState | null {
  return quick?.state === column.states[0] ? quick : null;
}

/** What live runs use, for a column that has some: the others need not be drawn anew. */
export function usageIn({ cards }: ColumnView, usage: AppState['usage']): AppState['usage'] {
  return usage.size > 0 && cards.some(({ task }) => usage.has(task.id)) ? usage : noUsage;
}

/** One column of the board with its cards. */
export class ColumnElement extends LightElement {
  static override properties: PropertyDeclarations = {
    view: { attribute: false },
    controller: { attribute: false },
    agentTypes: { attribute: false },
    activeTaskId: { attribute: false },
    pending: { attribute: false },
    answering: { attribute: false },
    drafts: { attribute: false },
    quick: { attribute: false },
    usage: { attribute: false },
    selected: { attribute: false },
    dropState: { attribute: false },
    dropBefore: { attribute: false },
  };

  declare view: ColumnView;
  declare controller: BoardController;
  declare agentTypes: NonNullable<AppState['content']>['agentTypes'];
  /** The card that Tab leads to, when it is in this column. */
  declare activeTaskId: string | null;
  declare pending: AppState['pending'];
  declare answering: AppState['answering'];
  declare drafts: AppState['drafts'];
  /** The new cards that are typed in this column. */
  declare quick: QuickState | null;
  declare usage: AppState['usage'];
  declare selected: Selection;
  declare dropState: DropState;
  /** The card above which the dragged one would go; null for the end; undefined when it is not over this column. */
  declare dropBefore: string | null | undefined;
  #stopDropping: (() => void) | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stopDropping = makeColumnDropTarget(this, () => this.view.column.id);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stopDropping?.();
    this.#stopDropping = null;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    this.dataset.columnId = this.view.column.id;
    this.toggleAttribute('data-empty', this.view.cards.length === 0);
    this.toggleAttribute('data-quick', this.quick !== null);
    this.toggleAttribute('data-collapsed', this.view.column.isCollapsed === true);
    if (changed.has('dropState')) this.dataset.drop = this.dropState;
    this.toggleAttribute('data-over', this.dropBefore !== undefined);
  }

  /** Done when the cards are drawn as well. */
  protected override async getUpdateComplete(): Promise<boolean> {
    const done = await super.getUpdateComplete();
    const cards = [...this.querySelectorAll('kandev-card')].filter((each) => each instanceof CardElement);
    await Promise.all(cards.map((card) => card.updateComplete));
    return done;
  }

  protected override render(): TemplateResult {
    const { column, cards } = this.view;
    if (column.isCollapsed === true) return this.#collapsed();
    const headingId = `column-${column.id}`;
    return html`<section class="column" aria-labelledby=${headingId}>
      ${this.#header(headingId)}
      <div
        class="column-cards"
        data-scroll=${`column.${column.id}`}
        role=${cards.length > 0 ? 'list' : 'presentation'}
        aria-label=${cards.length > 0 ? column.title : nothing}
      >
        ${repeat(
          cards,
          ({ task }) => task.id,
          (card) => this.#card(card),
        )}
        ${
          cards.length === 0
            ? html`<p class="column-empty">${this.view.all.length > 0 ? t('No matches') : t('No cards')}</p>`
            : nothing
        }
        ${this.dropBefore === null ? html`<div class="drop-line" role="presentation"></div>` : nothing}
      </div>
      ${this.quick ? quickCreateBlock(this.quick, this.#usualAgent, this.controller) : nothing}
    </section>`;
  }

  get #usualAgent(): string | null {
    const id = this.controller.quickCreate.agentTypeId;
    return agentName(this.agentTypes, id === '' ? null : id);
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (!changed.has('quick') || !this.quick) return;
    const before = changed.get('quick');
    const input = this.querySelector<HTMLElement>('.quick-input');
    if (!before) input?.focus();
    // The new cards stand at the end.
    if (before?.saving && !this.quick.saving) {
      const list = this.querySelector('.column-cards');
      list?.scrollTo({ top: list.scrollHeight });
      input?.scrollIntoView({ block: 'nearest' });
    }
  }

  #header(headingId: string): TemplateResult {
    const { column, all } = this.view;
    const [state] = column.states;
    const canCreate = state === 'BACKLOG' || state === 'TODO';
    const context = { webviewSection: 'column', columnId: column.id, preventDefaultContextMenuItems: true };
    return html`<header
      class="column-head"
      data-state=${state}
      ?data-over-limit=${isOverLimit(column, all.length)}
      data-vscode-context=${JSON.stringify(context)}
    >
      ${icon(stateIcons[state])}
      <h2 class="column-title" id=${headingId}>${column.title}</h2>
      ${this.#count()}
      <span class="column-actions">
        ${
          canCreate
            ? iconButton({
                icon: 'add',
                label: t('New Card in {0} (N)', column.title),
                onClick: () => {
                  this.controller.quickCreate.open(state);
                },
              })
            : nothing
        }
        ${iconButton({
          icon: 'chevron-left',
          label: t('Collapse {0}', column.title),
          className: 'on-hover',
          onClick: () => void this.controller.commands.setColumn(column.id, { isCollapsed: true }),
        })}
        ${iconButton({
          icon: 'ellipsis',
          label: t('More Actions on {0}…', column.title),
          className: 'on-hover',
          onClick: openMenu,
        })}
      </span>
    </header>`;
  }

  /** How many cards there are, how many of them the filter lets through, and how many there should be at most. */
  #count(): TemplateResult {
    const { column, matching } = this.view;
    const { length } = this.view.all;
    const over = isOverLimit(column, length);
    const all = column.limit === undefined ? String(length) : `${length} / ${column.limit}`;
    const isFiltered = matching !== length && column.isCollapsed !== true;
    const text = isFiltered ? t('{0} of {1}', matching, length) : all;
    const title = over ? t('Over its limit of {0}', column.limit ?? 0) : '';
    return html`<span class="count" title=${title}
      >${over ? icon('warning') : nothing}${text}<span class="visually-hidden">
        ${t('cards')} ${title}</span
      ></span
    >`;
  }

  /** Its name and count only; a click opens it again. */
  #collapsed(): TemplateResult {
    const { column, all } = this.view;
    const [state] = column.states;
    return html`<button
      type="button"
      class="column column-collapsed"
      aria-expanded="false"
      title=${t('Expand {0}', column.title)}
      data-vscode-context=${JSON.stringify({
        webviewSection: 'column',
        columnId: column.id,
        preventDefaultContextMenuItems: true,
      })}
      @click=${() => void this.controller.commands.setColumn(column.id, { isCollapsed: false })}
    >
      <span class="column-head" data-state=${state} ?data-over-limit=${isOverLimit(column, all.length)}>
        ${icon(stateIcons[state])}${this.#count()}<span class="column-title">${column.title}</span>
      </span>
    </button>`;
  }

  #card(card: BoardCard): TemplateResult {
    const { id, agentTypeId } = card.task;
    const [request] = card.permissions;
    return html`<kandev-card
      .card=${card}
      .controller=${this.controller}
      .agentName=${agentName(this.agentTypes, agentTypeId)}
      .active=${id === this.activeTaskId}
      .pending=${this.pending.get(id) ?? null}
      .answered=${request ? (this.answering.get(request.id) ?? null) : null}
      .hasDraft=${id in this.drafts}
      .usage=${this.usage.get(id) ?? null}
      .selection=${this.selected.has(id) ? this.selected : null}
      ?data-drop-before=${this.dropBefore === id}
    ></kandev-card>`;
  }
}
