import { html, nothing, type TemplateResult } from 'lit';
import type { Failure } from '../../../../model/failure.ts';
import { actionLabel } from '../../actionLabels.ts';
import { button, icon } from '../../elements/controls.ts';
import { t } from '../../l10n.ts';

export function loadingPage(): TemplateResult {
  return html`<div class="insight-empty">
    ${icon('loading', true)}
    <p>${t('Loading …')}</p>
  </div>`;
}

/** Where there is nothing yet: what will be here, and what to do. */
export function emptyPage(
  name: string,
  text: string,
  action: TemplateResult | typeof nothing = nothing,
): TemplateResult {
  return html`<div class="insight-empty">
    ${icon(name)}
    <p>${text}</p>
    ${action}
  </div>`;
}

/** What went wrong, with the button that helps. */
export function failureBar(
  { message, action }: Failure,
  controller: { act(action: NonNullable<Failure['action']>): Promise<void> },
): TemplateResult {
  return html`<div class="message-bar" data-tone="warning" role="group" aria-label=${t('Message')}>
    ${icon('warning')}
    <p class="message-text">${message}</p>
    ${action ? button({ label: actionLabel(action), onClick: () => void controller.act(action) }) : nothing}
  </div>`;
}
