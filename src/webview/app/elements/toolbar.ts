import { html, nothing, type TemplateResult } from 'lit';
import { isFiltering } from '../../../model/cardFilter.ts';
import { newCardKey } from '../../protocol.ts';
import type { BoardController } from '../boardController.ts';
import { t } from '../l10n.ts';
import type { BoardLayout } from '../layout.ts';
import type { AppState } from '../state.ts';
import { openMenu } from './contextMenu.ts';
import { button, icon, iconButton } from './controls.ts';
import { filterField } from './filterBar.ts';

/** What the menu of the toolbar is for, as the manifest's `when` clauses have it. */
const menuContext = JSON.stringify({ webviewSection: 'toolbar', preventDefaultContextMenuItems: true });

/** Above the columns: which board it is, and what is done with all of its cards. What a narrow page has no room for is in its menu. */
export function toolbar(state: AppState, controller: BoardController): TemplateResult {
  const { filter, layout } = state;
  const isEmpty = layout === null || layout.total === 0;
  return html`<header class="toolbar" data-vscode-context=${menuContext}>
    <div class="toolbar-lead">
      ${boardButton(state, controller)} ${isEmpty ? nothing : newCardButton(state, controller)}
    </div>
    <div class="toolbar-rest">
      ${isEmpty ? nothing : filterField(state, controller)}
      <span class="toolbar-count">${isEmpty ? nothing : countText(layout, isFiltering(filter))}</span>
      ${isEmpty || layout.hidden.columns === 0 ? nothing : hiddenColumns(layout, controller)}
      ${iconButton({
        icon: 'keyboard',
        label: t('Keyboard Shortcuts (?)'),
        className: 'toolbar-help',
        onClick: () => {
          controller.store.update({ helpOpen: true });
        },
      })}
      ${iconButton({ icon: 'ellipsis', label: t('More Actions for the Board…'), onClick: openMenu })}
    </div>
  </header>`;
}

/** The name of the board, and the way to the others; with how much waits for the user there. */
function boardButton({ content, boards }: AppState, { commands }: BoardController): TemplateResult {
  const name = content?.board.name ?? '';
  const waiting = waitingText(boards.waitingElsewhere);
  const title = [t('Switch Board… (B)'), waiting].filter(Boolean).join('\n');
  return html`<button
    type="button"
    class="board-switch"
    title=${title}
    @click=${() => {
      commands.choose('board');
    }}
  >
    <span class="visually-hidden">${t('Board')}</span>
    <span class="ellipsis board-name">${name}</span>
    ${
      waiting === ''
        ? nothing
        : html`<span class="board-waiting" aria-hidden="true"
              >${icon('bell-dot')}${boards.waitingElsewhere}</span
            >
            <span class="visually-hidden">${waiting}</span>`
    }
    ${icon('chevron-down')}
  </button>`;
}

function waitingText(waitingElsewhere: number): string {
  if (waitingElsewhere === 0) return '';
  return waitingElsewhere === 1
    ? t('1 card on another board needs you')
    : t('{0} cards on other boards need you', waitingElsewhere);
}

function newCardButton({ content, drafts }: AppState, { form }: BoardController): TemplateResult {
  const hasDraft = content !== null && newCardKey(content.board.id) in drafts;
  return button({
    label: hasDraft ? t('Continue Card') : t('New Card'),
    icon: hasDraft ? 'edit' : 'add',
    primary: true,
    title: hasDraft ? t('Go on with the card that is not saved yet (C)') : t('New Card (C)'),
    onClick: () => {
      form.create('BACKLOG');
    },
  });
}

function hiddenColumns({ hidden }: BoardLayout, { commands }: BoardController): TemplateResult {
  return html`<span class="toolbar-hidden"
    >${button({
      label: hidden.columns === 1 ? t('1 column hidden') : t('{0} columns hidden', hidden.columns),
      icon: 'eye-closed',
      title: t('{0} cards stand in columns that are hidden. Show or hide columns…', hidden.cards),
      onClick: () => {
        commands.choose('columns');
      },
    })}</span
  >`;
}

function countText({ shown, total }: BoardLayout, filtered: boolean): string {
  if (filtered) return t('{0} of {1} cards', shown, total);
  return total === 1 ? t('1 card') : t('{0} cards', total);
}
