import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { isFiltering } from '../../../model/cardFilter.ts';
import { repeat } from 'lit/directives/repeat.js';
import type { BoardController } from '../boardController.ts';
import { runKeyCommand, type KeyTargets } from '../boardKeys.ts';
import { followDrags } from '../dragAndDrop.ts';
import { keyCommand } from '../keyboard.ts';
import { t } from '../l10n.ts';
import { placeOf, tabStop, type BoardLayout, type ColumnView } from '../layout.ts';
import { lostFocus } from '../lostFocus.ts';
import type { ScrollKeeper } from '../scrollKeeper.ts';
import { agentName, type AppState, type BoardContent } from '../state.ts';
import { CardElement } from './cardElement.ts';
import { emptyPage, loadingPage, messageBars, unavailablePage } from './chrome.ts';
import { ColumnElement, dropStateOf, quickIn, selectionIn, usageIn } from './columnElement.ts';
import { filterChips, noMatchesPage } from './filterBar.ts';
import { LightElement } from './lightElement.ts';
import { selectionBar } from './selectionBar.ts';
import { toolbar } from './toolbar.ts';
import { undoBar } from './undoBar.ts';

function isTextField(target: Element): boolean {
  return target.matches('input, textarea, select');
}

/** The whole page: draws the state, takes keys, and keeps the focus where the user left it. */
export class BoardElement extends LightElement implements KeyTargets {
  static override properties: PropertyDeclarations = {
    controller: { attribute: false },
    scrollKeeper: { attribute: false },
  };

  declare controller: BoardController;
  declare scrollKeeper: ScrollKeeper;
  #stopFollowing: (() => void) | null = null;
  #hadFocus = false;
  #hadForm = false;
  /** The board that was scrolled back to where the user has left it. */
  #scrolledBoard: string | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.controller.store.subscribe(() => {
      this.requestUpdate();
    });
    this.#stopFollowing = followDrags(this.controller);
    this.scrollKeeper.follow(this);
    document.addEventListener('keydown', this.#onKey);
    this.addEventListener('focusin', this.#onFocus);
    this.addEventListener('click', this.#onClick);
    window.addEventListener('focus', this.#onWindowFocus);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stopFollowing?.();
    document.removeEventListener('keydown', this.#onKey);
    this.removeEventListener('focusin', this.#onFocus);
    this.removeEventListener('click', this.#onClick);
    window.removeEventListener('focus', this.#onWindowFocus);
  }

  focusCard(taskId: string, preventScroll = false): void {
    this.#cardElement(taskId)?.focus({ preventScroll });
  }

  focusFilter(): void {
    const input = this.querySelector<HTMLInputElement>('.filter-input');
    input?.focus();
    input?.select();
  }

  /** Done when columns and cards are drawn as well. */
  protected override async getUpdateComplete(): Promise<boolean> {
    const done = await super.getUpdateComplete();
    await Promise.all([...this.#columnElements()].map((column) => column.updateComplete));
    return done;
  }

  protected override willUpdate(): void {
    this.#hadFocus ||= this.contains(document.activeElement);
  }

  protected override updated(): void {
    void this.#settle();
  }

  protected override render(): TemplateResult {
    const { controller } = this;
    const { state } = controller.store;
    const { content, layout, announcement } = state;
    return html`<main class="app">
      <h1 class="visually-hidden">${t('Kandev board')}</h1>
      ${this.#page(state, content, layout)}
      <div class="visually-hidden" role="status" aria-live="polite">
        ${keyed(announcement.count, html`<span>${announcement.text}</span>`)}
      </div>
      ${
        state.helpOpen
          ? html`<kandev-help
              .close=${() => {
                controller.store.update({ helpOpen: false });
              }}
            ></kandev-help>`
          : nothing
      }
      ${this.#peek(state)}
    </main>`;
  }

  #peek({ peekedTaskId, content }: AppState): TemplateResult | typeof nothing {
    const card = peekedTaskId === null ? undefined : content?.cards.get(peekedTaskId);
    return content && card
      ? html`<kandev-peek
          .card=${card}
          .agentName=${agentName(content.agentTypes, card.task.agentTypeId)}
          .controller=${this.controller}
        ></kandev-peek>`
      : nothing;
  }

  #page(state: AppState, content: BoardContent | null, layout: BoardLayout | null): TemplateResult {
    const { controller } = this;
    if (state.status === 'unavailable' && state.failure) {
      return unavailablePage(state.failure, state.runningAction, controller);
    }
    if (state.status === 'loading' || !content || !layout) return loadingPage();
    return html`${toolbar(state, controller)} ${layout.total > 0 ? filterChips(state, controller) : nothing}
      ${messageBars(state, controller)}
      <div class="workarea">
        <div class="board">
          ${keyed(content.board.id, this.#columns(state, content, layout))}
          ${selectionBar(state, layout, controller)} ${undoBar(state, controller)}
        </div>
        ${
          state.form
            ? html`<div class="side">
                <kandev-form
                  .form=${state.form}
                  .agentTypes=${content.agentTypes}
                  .workspaceModes=${content.workspaceModes}
                  .controller=${controller}
                ></kandev-form>
              </div>`
            : nothing
        }
      </div>`;
  }

  #columns(state: AppState, content: BoardContent, layout: BoardLayout): TemplateResult {
    if (layout.total === 0) return emptyPage(state, this.controller);
    if (layout.shown === 0 && isFiltering(state.filter)) return noMatchesPage(state, this.controller);
    const { drag } = state;
    const dragged = (drag?.taskIds ?? []).flatMap((taskId) => content.cards.get(taskId) ?? []);
    const active = tabStop(layout, state.focusedTaskId);
    const activeColumn = active === null ? null : placeOf(layout, active)?.view;
    return html`<div class="columns" data-scroll="board" ?data-drags-many=${dragged.length > 1}>
      ${repeat(
        layout.columns,
        ({ column }) => column.id,
        (view: ColumnView) =>
          html`<kandev-column
            .view=${view}
            .controller=${this.controller}
            .agentTypes=${content.agentTypes}
            .activeTaskId=${view === activeColumn ? active : null}
            .pending=${state.pending}
            .answering=${state.answering}
            .usage=${usageIn(view, state.usage)}
            .selected=${selectionIn(view, state.selected)}
            .drafts=${state.drafts}
            .quick=${quickIn(view, state.quick)}
            .dropState=${dropStateOf(view, dragged)}
            .dropBefore=${drag?.over?.columnId === view.column.id ? drag.over.beforeTaskId : undefined}
          ></kandev-column>`,
      )}
    </div>`;
  }

  #columnElements(): ColumnElement[] {
    return [...this.querySelectorAll('kandev-column')].filter((element) => element instanceof ColumnElement);
  }

  #cardElement(taskId: string): CardElement | null {
    const element = this.querySelector(`kandev-card[data-task-id="${CSS.escape(taskId)}"]`);
    return element instanceof CardElement ? element : null;
  }

  /** After everything is drawn: gives the focus to what asked for it, or back to the card that lost it. */
  async #settle(): Promise<void> {
    await this.updateComplete;
    const { controller } = this;
    const { content, layout, form, focusedTaskId, status } = controller.store.state;
    const formClosed = this.#hadForm && !form;
    this.#hadForm = form !== null;
    if (!content || !layout || status !== 'ready') return;
    if (this.#scrolledBoard !== content.board.id) {
      this.#scrolledBoard = content.board.id;
      this.scrollKeeper.restore(this);
      if (document.hasFocus()) this.#onWindowFocus();
    }
    const { revealed } = controller;
    const card = revealed && this.#cardElement(revealed.taskId);
    if (revealed && card) {
      controller.revealDone();
      if (revealed.focus) card.focus();
      else this.#mark(card);
    } else if ((this.#hadFocus || formClosed) && lostFocus()) {
      const taskId = tabStop(layout, focusedTaskId);
      if (taskId === null) this.querySelector<HTMLElement>('.button-primary')?.focus();
      else this.focusCard(taskId);
    }
    this.#hadFocus = false;
  }

  /** Brings a card into view and marks it until another one has the focus or is marked. */
  #mark(card: HTMLElement): void {
    this.#unmark();
    card.toggleAttribute('data-shown', true);
    card.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  #unmark(): void {
    this.querySelector('[data-shown]')?.removeAttribute('data-shown');
  }

  readonly #onFocus = ({ target }: FocusEvent): void => {
    const card = target instanceof Element ? target.closest('kandev-card') : null;
    this.#unmark();
    if (card instanceof CardElement) this.controller.setFocused(card.card.task.id);
  };

  /** A click selects as in VS Code's lists: with Ctrl this card as well, with Shift all up to it, and else none. */
  readonly #onClick = ({ target, ctrlKey, metaKey, shiftKey }: MouseEvent): void => {
    if (!(target instanceof Element) || target.closest('button, a, input, select, textarea, dialog')) return;
    const card = target.closest('kandev-card');
    if (!(card instanceof CardElement)) return;
    const { selection } = this.controller;
    const { id } = card.card.task;
    if (ctrlKey || metaKey) {
      selection.toggle(id);
    } else if (shiftKey) {
      selection.extendTo(id);
    } else {
      selection.clear();
      selection.startAt(id);
    }
  };

  readonly #onWindowFocus = (): void => {
    const { layout, focusedTaskId } = this.controller.store.state;
    // The user may have gone on to a quick pick before this is heard of: it must keep the keyboard.
    if (!layout || focusedTaskId === null || !lostFocus()) return;
    this.focusCard(focusedTaskId, true);
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    const { target } = event;
    if (!(target instanceof Element) || this.controller.store.state.status !== 'ready') return;
    if (target.closest('form, dialog')) return;
    if (this.#handleKey(event, target)) {
      event.preventDefault();
      // VS Code listens behind us, and has its own meaning for Alt and an arrow.
      event.stopPropagation();
    }
  };

  #handleKey(event: KeyboardEvent, target: Element): boolean {
    if (isTextField(target)) return this.#handleFilterKey(event);
    const { controller } = this;
    const pressesButton = target.matches('button') && (event.key === 'Enter' || event.key === ' ');
    const command = pressesButton ? null : keyCommand(event);
    if (!command) return false;
    const card = target.closest('kandev-card');
    const taskId = card instanceof CardElement ? card.card.task.id : null;
    return runKeyCommand(command, taskId, controller, this);
  }

  #handleFilterKey({ key }: KeyboardEvent): boolean {
    const { layout, filter } = this.controller.store.state;
    if (key === 'Escape' && filter.text !== '') {
      this.controller.filter.setText('');
      return true;
    }
    const leaves = key === 'Escape' || key === 'ArrowDown' || key === 'Enter';
    const first = leaves && layout ? tabStop(layout, null) : null;
    if (first === null) return false;
    this.focusCard(first);
    return true;
  }
}
