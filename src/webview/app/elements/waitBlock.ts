import { html, nothing, type TemplateResult } from 'lit';
import type { BoardCard } from '../../protocol.ts';
import type { CardCommands } from '../cardCommands.ts';
import { isStalled, waitsForRetry } from '../cardFacts.ts';
import { t } from '../l10n.ts';
import { button } from './controls.ts';

export interface WaitBlock {
  card: BoardCard;
  commands: CardCommands;
  tabIndex: number;
  /** A command on the card is under way. */
  busy: boolean;
}

/** What can be done about a card that is tried again by itself, or whose agent stands still. */
export function waitBlock(block: WaitBlock): TemplateResult | typeof nothing {
  if (waitsForRetry(block.card)) return retryBlock(block);
  return isStalled(block.card) ? stallBlock(block) : nothing;
}

function retryBlock({ card, commands, tabIndex, busy }: WaitBlock): TemplateResult {
  const { id } = card.task;
  const failure = card.run?.failure;
  return html`<div class="card-wait" role="group" aria-label=${t('Retry')}>
    ${failure ? html`<p title=${failure.detail ?? failure.message}>${failure.message}</p>` : nothing}
    <div class="request-options">
      ${button({
        label: t('Retry Now'),
        tabIndex,
        disabled: busy,
        onClick: () => void commands.start([id]),
      })}
      ${button({
        label: t('Cancel'),
        title: t('Leaves the card in To Do until you start it'),
        tabIndex,
        disabled: busy,
        onClick: () => void commands.stop([id]),
      })}
    </div>
  </div>`;
}

function stallBlock({ card, commands, tabIndex, busy }: WaitBlock): TemplateResult {
  const { id } = card.task;
  return html`<div class="card-wait" role="group" aria-label=${t('Silent agent')}>
    <p>${t('The agent has said nothing for a while in the middle of its work.')}</p>
    <div class="request-options">
      ${button({
        label: t('Wait'),
        title: t('Gives it the same time again'),
        tabIndex,
        onClick: () => void commands.wait(id),
      })}
      ${button({
        label: t('Nudge'),
        title: t('Cancels its turn and asks it to go on; where it does not react, in a new container'),
        tabIndex,
        disabled: busy,
        onClick: () => void commands.nudge(id),
      })}
      ${button({
        label: t('Stop'),
        title: t('Ends its work; the card goes back to To Do'),
        tabIndex,
        disabled: busy,
        onClick: () => void commands.stop([id]),
      })}
    </div>
  </div>`;
}
