import { html, type TemplateResult } from 'lit';
import type { PropertyDeclarations } from 'lit';
import { keyHelp } from '../keyboard.ts';
import { t } from '../l10n.ts';
import { iconButton } from './controls.ts';
import { LightElement } from './lightElement.ts';

/** The list of keys, over the board. */
export class HelpElement extends LightElement {
  static override properties: PropertyDeclarations = { close: { attribute: false } };

  /** Called once the user has closed the list. */
  declare close: () => void;

  protected override firstUpdated(): void {
    this.#dialog?.showModal();
  }

  get #dialog(): HTMLDialogElement | null {
    return this.querySelector('dialog');
  }

  protected override render(): TemplateResult {
    return html`<dialog
      class="help"
      aria-labelledby="help-heading"
      @close=${() => {
        this.close();
      }}
      @click=${(event: MouseEvent) => {
        // The dialog itself is hit only where its content is not: on the backdrop.
        if (event.target === this.#dialog) this.#dialog?.close();
      }}
    >
      <div class="help-content">
        <header class="form-head">
          <h2 id="help-heading">${t('Keyboard shortcuts')}</h2>
          ${iconButton({
            icon: 'close',
            label: t('Close (Esc)'),
            onClick: () => {
              this.#dialog?.close();
            },
          })}
        </header>
        <div class="help-groups">
          ${keyHelp().map(
            ({ title, keys }) =>
              html`<section>
                <h3>${title}</h3>
                <dl>
                  ${keys.map(
                    ({ keys: names, does }) =>
                      html`<div class="help-key">
                        <dt>${names.map((name) => html`<kbd>${name}</kbd>`)}</dt>
                        <dd>${does}</dd>
                      </div>`,
                  )}
                </dl>
              </section>`,
          )}
        </div>
      </div>
    </dialog>`;
  }
}
