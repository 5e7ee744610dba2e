import { html, nothing, type TemplateResult } from 'lit';
import { icon, iconButton } from '../../elements/controls.ts';
import { t } from '../../l10n.ts';
import type { RunPageController } from '../runPageController.ts';
import type { FindState } from '../runState.ts';

/** Finds text in the transcript; `leave` is called when it is closed. */
export function findBar(
  { query, matches, current, searching }: FindState,
  { finder }: RunPageController,
  leave: () => void,
): TemplateResult {
  const close = (): void => {
    finder.close();
    leave();
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') close();
    else if (event.key === 'Enter') finder.step(event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
  };
  const count =
    query === '' ? '' : matches.length === 0 ? t('No results') : t('{0} of {1}', current + 1, matches.length);
  return html`<div class="find-bar" role="search" @keydown=${onKey}>
    <input
      class="input find-input"
      type="text"
      spellcheck="false"
      placeholder=${t('Find in transcript')}
      aria-label=${t('Find in transcript')}
      .value=${query}
      @input=${({ target }: InputEvent) => {
        if (target instanceof HTMLInputElement) void finder.search(target.value);
      }}
    />
    <span class="find-count" role="status">${searching ? icon('loading', true) : nothing} ${count}</span>
    ${iconButton({
      icon: 'arrow-up',
      label: t('Previous Match (Shift+Enter)'),
      onClick: () => {
        finder.step(-1);
      },
    })}
    ${iconButton({
      icon: 'arrow-down',
      label: t('Next Match (Enter)'),
      onClick: () => {
        finder.step(1);
      },
    })}
    ${iconButton({ icon: 'close', label: t('Close (Escape)'), onClick: close })}
  </div>`;
}
