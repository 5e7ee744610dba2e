import { html, nothing, type TemplateResult } from 'lit';
import type { BoardController } from '../boardController.ts';
import { actionsOf } from '../cardFacts.ts';
import { t } from '../l10n.ts';
import type { BoardLayout } from '../layout.ts';
import { shownIds } from '../selection.ts';
import type { AppState } from '../state.ts';
import { button, icon, iconButton } from './controls.ts';

/** No column is called like that. */
const otherBoard = ':board';

/** What can be done with all cards that are selected, over the lower edge of the board. */
export function selectionBar(
  { selected, content }: AppState,
  layout: BoardLayout,
  { commands, selection }: BoardController,
): TemplateResult | typeof nothing {
  if (selected.size === 0 || !content) return nothing;
  const taskIds = shownIds(layout).filter((taskId) => selected.has(taskId));
  const can = taskIds.flatMap((taskId) => content.cards.get(taskId) ?? []).map(actionsOf);
  const count = taskIds.length === 1 ? t('1 card selected') : t('{0} cards selected', taskIds.length);
  return html`<div class="selection-bar" role="toolbar" aria-label=${count}>
    <span class="selection-count">${count}</span>
    ${
      can.some(({ start }) => start)
        ? button({
            label: t('Run'),
            icon: 'play',
            title: t('Run (R)'),
            onClick: () => void commands.start(taskIds),
          })
        : nothing
    }
    ${
      can.some(({ stop }) => stop)
        ? button({
            label: t('Stop'),
            icon: 'debug-stop',
            title: t('Stop (S)'),
            onClick: () => void commands.stop(taskIds),
          })
        : nothing
    }
    <div class="select">
      <select
        class="input"
        aria-label=${t('Move the selected cards to a column or another board')}
        @change=${({ target }: Event) => {
          if (!(target instanceof HTMLSelectElement)) return;
          if (target.value === otherBoard) commands.moveToBoard(taskIds);
          else void commands.place(taskIds, { columnId: target.value, beforeTaskId: null });
          target.value = '';
        }}
      >
        <option value="">${t('Move to…')}</option>
        ${layout.columns.map(({ column }) => html`<option value=${column.id}>${column.title}</option>`)}
        <option value=${otherBoard}>${t('Another board…')}</option>
      </select>
      ${icon('chevron-down')}
    </div>
    ${iconButton({ icon: 'trash', label: t('Delete (Del)'), onClick: () => void commands.delete(taskIds) })}
    ${iconButton({
      icon: 'close',
      label: t('Select Nothing (Esc)'),
      onClick: () => {
        selection.clear();
      },
    })}
  </div>`;
}
