import { html, nothing, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import type { BoardController } from '../boardController.ts';
import { t } from '../l10n.ts';
import { titlesIn } from '../quickCreate.ts';
import type { QuickState } from '../state.ts';
import { button, icon, iconButton } from './controls.ts';

/** Below the cards of a column: titles of new ones, a line each. */
export function quickCreateBlock(
  quick: QuickState,
  agentName: string | null,
  controller: BoardController,
): TemplateResult {
  const { state, text, error, saving } = quick;
  const { quickCreate } = controller;
  const lines = text.split('\n').length;
  const who =
    agentName === null
      ? t('No agent: a person does it.')
      : state === 'TODO'
        ? t('{0} begins at once.', agentName)
        : t('For {0}.', agentName);
  return html`<form
    class="quick-create"
    aria-label=${t('New cards')}
    @submit=${(event: SubmitEvent) => {
      event.preventDefault();
      void quickCreate.save();
    }}
    @keydown=${(event: KeyboardEvent) => {
      if (event.key === 'Escape') quickCreate.close();
      else if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) void quickCreate.save();
      else return;
      event.preventDefault();
      event.stopPropagation();
    }}
  >
    <textarea
      class="input quick-input"
      rows=${Math.min(8, Math.max(2, lines))}
      aria-label=${t('Titles of new cards, a line each')}
      aria-describedby="quick-hint"
      aria-invalid=${error === null ? 'false' : 'true'}
      placeholder=${t('Title; several lines make several cards')}
      .value=${live(text)}
      ?readonly=${saving}
      @input=${({ target }: InputEvent) => {
        if (target instanceof HTMLTextAreaElement) quickCreate.change(target.value);
      }}
    ></textarea>
    ${error === null ? nothing : html`<p class="field-error" role="alert">${icon('error')}${error}</p>`}
    <p class="field-hint" id="quick-hint">${who}</p>
    ${buttons(quick, controller)}
  </form>`;
}

function buttons(
  { state, text, saving }: QuickState,
  { quickCreate, form }: BoardController,
): TemplateResult {
  const titles = titlesIn(text);
  const { length } = titles;
  return html`<div class="quick-buttons">
    <button type="submit" class="button button-primary" aria-disabled=${saving ? 'true' : nothing}>
      <span class="button-label">${length > 1 ? t('Add {0} Cards', length) : t('Add Card')}</span>
    </button>
    ${
      length > 1
        ? nothing
        : button({
            label: t('Details…'),
            title: t('Go on in the form, with agent, description and labels'),
            onClick: () => {
              quickCreate.close();
              form.create(state, titles[0]);
            },
          })
    }
    ${iconButton({
      icon: 'close',
      label: t('Close (Esc)'),
      onClick: () => {
        quickCreate.close();
      },
    })}
  </div>`;
}
