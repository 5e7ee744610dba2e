import { html, nothing, type TemplateResult } from 'lit';
import type { BoardController } from '../boardController.ts';
import { t } from '../l10n.ts';
import type { AppState } from '../state.ts';
import { button, iconButton } from './controls.ts';

/** What was just done, with the way back; it goes by itself, and Ctrl+Z takes it back for longer. */
export function undoBar(
  { undoable, selected }: AppState,
  { commands }: BoardController,
): TemplateResult | typeof nothing {
  if (undoable === null) return nothing;
  return html`<div class="undo-bar" role="group" aria-label=${t('Undo')} ?data-raised=${selected.size > 0}>
    <span class="undo-text">${undoable}</span>
    ${button({ label: t('Undo'), title: t('Undo (Ctrl+Z)'), onClick: () => void commands.undo() })}
    ${iconButton({
      icon: 'close',
      label: t('Hide'),
      onClick: () => {
        commands.dismissUndo();
      },
    })}
  </div>`;
}
