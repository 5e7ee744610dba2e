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
