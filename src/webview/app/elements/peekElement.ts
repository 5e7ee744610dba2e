import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { unsafeHTML } from 'lit/directives/unsafe-html.js';
import { runTime } from '../../../model/run.ts';
import { stateNames } from '../../../model/taskState.ts';
import type { BoardCard } from '../../protocol.ts';
import type { BoardController } from '../boardController.ts';
import { changesText, noteOf, originText, priorityName, shownFailure, statusOf } from '../cardFacts.ts';
import { keyCommand } from '../keyboard.ts';
import { t } from '../l10n.ts';
import { loadMarkdown, type RenderMarkdown } from '../markdown/loadMarkdown.ts';
import { neighbourOf } from '../moves.ts';
import { button, iconButton } from './controls.ts';
import { LightElement } from './lightElement.ts';
import { timeTemplate } from './timeTemplate.ts';

/** A look at a card without opening it; the arrow keys lead on to the cards around it. */
export class PeekElement extends LightElement {
  static override properties: PropertyDeclarations = {
    card: { attribute: false },
    agentName: { attribute: false },
    controller: { attribute: false },
    renderMarkdown: { state: true },
  };

  declare card: BoardCard;
  /** Null when a person does the work. */
  declare agentName: string | null;
  declare controller: BoardController;
  /** Null until it is loaded; the text is shown as it was typed meanwhile. */
  declare renderMarkdown: RenderMarkdown | null;
  /** Something else takes the focus. */
  #leaves = false;

  constructor() {
    super();
    this.renderMarkdown = null;
  }

  protected override firstUpdated(): void {
    this.#dialog?.showModal();
    loadMarkdown().then(
      (render) => {
        this.renderMarkdown = render;
      },
      () => undefined,
    );
    this.querySelector<HTMLElement>('.peek-text')?.focus();
  }

  get #dialog(): HTMLDialogElement | null {
    return this.querySelector('dialog');
  }

  protected override render(): TemplateResult {
    const { task, run } = this.card;
    const failure = shownFailure(this.card);
    const note = noteOf(this.card);
    return html`<dialog
      class="peek"
      aria-labelledby="peek-heading"
      @close=${this.#close}
      @keydown=${this.#onKey}
      @click=${(event: MouseEvent) => {
        // The dialog itself is hit only where its content is not: on the backdrop.
        if (event.target === this.#dialog) this.#dialog?.close();
      }}
    >
      <div class="peek-content">
        <header class="form-head">
          <h2 id="peek-heading">${task.title}</h2>
          ${iconButton({ icon: 'close', label: t('Close (Esc)'), onClick: () => this.#dialog?.close() })}
        </header>
        <div class="peek-text" tabindex="0" role="region" aria-label=${t('Description')}>
          ${this.#facts()} ${note === null ? nothing : html`<p>${note}</p>`}
          ${failure ? html`<p class="peek-failure">${failure.message}</p>` : nothing}
          ${run?.activity ? html`<p>${t('Last: {0}', run.activity)}</p>` : nothing} ${this.#description()}
        </div>
        <footer class="form-foot">
          ${button({
            label: t('Open'),
            primary: true,
            title: t('Open (Enter)'),
            onClick: () => {
              this.#leave(() => {
                this.controller.commands.runUiCommand('kandev.openRun', task.id);
              });
            },
          })}
          ${button({
            label: t('Edit'),
            title: t('Edit (E)'),
            onClick: () => {
              this.#leave(() => {
                this.controller.form.edit(task.id);
              });
            },
          })}
        </footer>
      </div>
    </dialog>`;
  }

  #description(): TemplateResult {
    const { description } = this.card.task;
    if (description.trim() === '') return html`<p>${t('It has no description.')}</p>`;
    if (!this.renderMarkdown) return html`<pre class="peek-description">${description}</pre>`;
    return html`<div class="markdown peek-markdown" @click=${this.#onLink}>
      ${unsafeHTML(this.renderMarkdown(description))}
    </div>`;
  }

  /** The board follows no links; copying code works as in the run of a card. */
  readonly #onLink = (event: MouseEvent): void => {
    const { target } = event;
    if (!(target instanceof Element)) return;
    if (target.closest('a')) event.preventDefault();
    const code = target.closest('.code-copy')?.closest('.code')?.querySelector('code');
    if (code) void navigator.clipboard.writeText(code.textContent);
  };

  #facts(): TemplateResult {
    const { card, agentName, controller } = this;
    const { task, run, dependencies } = card;
    const status = statusOf(card);
    const time = run && runTime(run);
    const facts: [string, unknown][] = [
      [t('State'), stateNames[task.state]],
      [t('Agent'), agentName ?? t('No agent')],
      [t('Priority'), priorityName(task.priority)],
      [t('Labels'), task.labels.join(', ')],
      [t('Depends on'), dependencies.map(({ title }) => title).join(', ')],
      [
        t('Run'),
        status && time ? html`${status.text} · ${timeTemplate(time, controller.clock)}` : status?.text,
      ],
      [t('Changes'), changesText(card)],
      [t('From'), originText(card)],
    ];
    return html`<dl class="peek-facts">
      ${facts
        .filter(([, value]) => value !== '' && value !== null && value !== undefined)
        .map(
          ([name, value]) =>
            html`<div>
              <dt>${name}</dt>
              <dd>${value}</dd>
            </div>`,
        )}
    </dl>`;
  }

  /** The browser gives the focus back to the card that had it; the arrow keys may have led on to another. */
  readonly #close = (): void => {
    this.controller.store.update({ peekedTaskId: null });
    if (!this.#leaves) this.controller.reveal(this.card.task.id);
  };

  /** Closes, and then does something else that takes the focus. */
  #leave(act: () => void): void {
    this.#leaves = true;
    this.#dialog?.close();
    act();
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    const onButton = event.target instanceof Element && event.target.matches('button');
    const pressesButton = onButton && (event.key === 'Enter' || event.key === ' ');
    const command = pressesButton ? null : keyCommand(event);
    const { controller } = this;
    const { layout } = controller.store.state;
    const { id } = this.card.task;
    switch (command?.kind) {
      case 'focus': {
        const next = layout && neighbourOf(layout, id, command.direction);
        if (next !== null) {
          controller.setFocused(next);
          controller.store.update({ peekedTaskId: next });
        }
        break;
      }
      case 'peek':
        this.#dialog?.close();
        break;
      case 'open':
        this.#leave(() => {
          controller.commands.runUiCommand('kandev.openRun', id);
        });
        break;
      case 'edit':
        this.#leave(() => {
          controller.form.edit(id);
        });
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
}
