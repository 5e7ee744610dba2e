import { html, nothing, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { isFiltering } from '../../../model/cardFilter.ts';
import { needsUser } from '../../../model/cardView.ts';
import { stateNames } from '../../../model/taskState.ts';
import type { BoardController } from '../boardController.ts';
import { filterParts, type FilterPart } from '../filterController.ts';
import { t } from '../l10n.ts';
import { agentName, type AppState } from '../state.ts';
import { button, icon, iconButton } from './controls.ts';

/** What the cards are filtered by, within the toolbar: words, and the one question that is asked all day. */
export function filterField(state: AppState, { filter, commands }: BoardController): TemplateResult {
  const { text, needsMe } = state.filter;
  const waiting = [...(state.content?.cards.values() ?? [])].filter(needsUser).length;
  return html`<div class="filter">
      ${icon('search')}
      <input
        class="input filter-input"
        type="search"
        placeholder=${t('Filter cards')}
        aria-label=${t('Filter cards by title, description, label, agent or state')}
        spellcheck="false"
        .value=${live(text)}
        @input=${({ target }: InputEvent) => {
          if (target instanceof HTMLInputElement) filter.setText(target.value);
        }}
      />
      ${
        text === ''
          ? nothing
          : iconButton({
              icon: 'close',
              label: t('Clear Text'),
              onClick: () => {
                filter.setText('');
              },
            })
      }
    </div>
    ${iconButton({
      icon: isFiltering(state.filter) ? 'filter-filled' : 'filter',
      label: t('Filter by State, Agent or Label…'),
      onClick: () => {
        commands.choose('filter');
      },
    })}
    ${
      waiting > 0 || needsMe
        ? html`<button
            type="button"
            class="button button-secondary toggle"
            aria-pressed=${String(needsMe)}
            title=${t('Show only cards that wait for you')}
            @click=${() => {
              filter.toggle({ kind: 'needsMe' });
            }}
          >
            ${icon('bell-dot')}<span class="button-label toggle-text">${t('Needs you')}</span>
            <span class="toggle-count">${waiting}</span>
          </button>`
        : nothing
    }`;
}

/** The parts of the filter, each with a way to take it out. */
export function filterChips(state: AppState, { filter }: BoardController): TemplateResult | typeof nothing {
  const parts = filterParts(state.filter);
  if (parts.length === 0) return nothing;
  return html`<div class="filter-chips" role="group" aria-label=${t('Filter')}>
    ${parts.map((part) => {
      const name = partName(part, state);
      return html`<button
        type="button"
        class="chip"
        title=${t('Remove from the filter')}
        aria-label=${t('Remove “{0}” from the filter', name)}
        @click=${() => {
          filter.toggle(part);
        }}
      >
        <span class="ellipsis">${name}</span>${icon('close')}
      </button>`;
    })}
    <button
      type="button"
      class="link-button"
      @click=${() => {
        filter.clear();
      }}
    >
      ${t('Clear Filter')}
    </button>
  </div>`;
}

function partName(part: FilterPart, { content }: AppState): string {
  switch (part.kind) {
    case 'needsMe':
      return t('Needs you');
    case 'state':
      return stateNames[part.value];
    case 'agent':
      return part.value === ''
        ? t('No agent')
        : (agentName(content?.agentTypes ?? [], part.value) ?? part.value);
    case 'label':
      return part.value;
  }
}

/** Instead of the cards, where the filter lets none of them through. */
export function noMatchesPage(state: AppState, { filter }: BoardController): TemplateResult {
  const { text } = state.filter;
  const names = filterParts(state.filter).map((part) => partName(part, state));
  const wanted = [...(text.trim() === '' ? [] : [`“${text.trim()}”`]), ...names].join(' · ');
  return html`<div class="page-state">
    <span class="page-icon">${icon('filter')}</span>
    <h2>${t('No card matches the filter')}</h2>
    <p>${wanted}</p>
    <div class="page-buttons">
      ${button({
        label: t('Clear Filter'),
        onClick: () => {
          filter.clear();
        },
      })}
    </div>
  </div>`;
}
