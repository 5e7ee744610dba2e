import { html, nothing, type TemplateResult } from 'lit';
import { blockedHosts } from '../../../model/blockedHosts.ts';
import type { BoardCard } from '../../protocol.ts';
import { blockedText } from '../cardFacts.ts';
import { t } from '../l10n.ts';
import { button, icon } from './controls.ts';

interface BlockedBlock {
  card: BoardCard;
  tabIndex: number;
  onAllow: () => void;
}

/** The hosts that the agent was refused, and the way to let it reach them. */
export function blockedBlock({ card, tabIndex, onAllow }: BlockedBlock): TemplateResult | typeof nothing {
  const text = blockedText(card);
  if (text === null) return nothing;
  return html`<div class="card-blocked" role="group" aria-label=${t('Blocked hosts')}>
    <p title=${blockedHosts(card).join('\n')}>${icon('globe')}<span>${text}</span></p>
    ${button({ label: t('Allow…'), tabIndex, onClick: onAllow })}
  </div>`;
}
