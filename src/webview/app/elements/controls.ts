import { html, nothing, type TemplateResult } from 'lit';
import { ifDefined } from 'lit/directives/if-defined.js';

/** A codicon; it only ever accompanies text or a label, so screen readers skip it. */
export function icon(name: string, spin = false): TemplateResult {
  const spinning = spin ? 'codicon-modifier-spin' : '';
  return html`<span class="codicon codicon-${name} ${spinning}" aria-hidden="true"></span>`;
}

interface ButtonOptions {
  label: string;
  onClick: (event: MouseEvent) => void;
  icon?: string;
  primary?: boolean;
  disabled?: boolean;
  title?: string;
  /** -1 for the buttons of a card that Tab does not lead to. */
  tabIndex?: number;
}

/** A button with text. One that is disabled keeps the focus, which the user would lose otherwise. */
export function button(options: ButtonOptions): TemplateResult {
  const { label, onClick, disabled = false, primary = false, title, tabIndex } = options;
  return html`<button
    type="button"
    class="button ${primary ? 'button-primary' : 'button-secondary'}"
    title=${ifDefined(title)}
    tabindex=${ifDefined(tabIndex)}
    aria-disabled=${disabled ? 'true' : nothing}
    @click=${disabled ? nothing : onClick}
  >
    ${options.icon ? icon(options.icon) : nothing}<span class="button-label">${label}</span>
  </button>`;
}

interface IconButtonOptions {
  icon: string;
  /** Its accessible name and tooltip. */
  label: string;
  onClick: (event: MouseEvent) => void;
  tabIndex?: number;
  className?: string;
}

export function iconButton(options: IconButtonOptions): TemplateResult {
  const { label, onClick, tabIndex, className = '' } = options;
  return html`<button
    type="button"
    class="icon-button ${className}"
    title=${label}
    aria-label=${label}
    tabindex=${ifDefined(tabIndex)}
    @click=${onClick}
  >
    ${icon(options.icon)}
  </button>`;
}

interface SelectField {
  id: string;
  label: string;
  selected: string;
  /** Values with their names. */
  options: readonly (readonly [string, string])[];
  /** One line about what is selected. */
  hint?: string;
  change: (value: string) => void;
}

/** A labelled choice of a form. */
export function selectField({ id, label, selected, options, hint, change }: SelectField): TemplateResult {
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <div class="select">
      <select
        class="input"
        id=${id}
        aria-describedby=${hint === undefined ? nothing : `${id}-hint`}
        @change=${({ target }: Event) => {
          if (target instanceof HTMLSelectElement) change(target.value);
        }}
      >
        ${options.map(
          ([value, name]) => html`<option value=${value} .selected=${value === selected}>${name}</option>`,
        )}
      </select>
      ${icon('chevron-down')}
    </div>
    ${hint === undefined ? nothing : html`<p class="field-hint" id="${id}-hint">${hint}</p>`}
  </div>`;
}
