import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Message, QueuedPrompt } from '../../../../model/prompt.ts';
import { isBusy } from '../../../../model/run.ts';
import { button, icon, iconButton } from '../../elements/controls.ts';
import { t } from '../../l10n.ts';
import { picturesAmong } from '../pastedPictures.ts';
import type { RunPageController } from '../runPageController.ts';
import type { RunContent, RunViewState } from '../runState.ts';
import { pictureStrip } from './pictureStrip.ts';

/** The messages that wait for the agent, each with what can be done about it. */
export function queuedPrompts(
  state: RunViewState,
  { prompts, card }: RunContent,
  controller: RunPageController,
): TemplateResult | typeof nothing {
  if (prompts.length === 0) return nothing;
  const busy = card.run !== null && isBusy(card.run.state);
  const text = busy
    ? t('Waiting until the agent has finished')
    : t('Kept since the agent was stopped. Send them, or remove them.');
  return html`<section class="queued" aria-label=${t('Messages that wait')}>
    <p class="queued-head">${icon('clock')}${text}</p>
    <ol>
      ${repeat(
        prompts,
        ({ id }) => id,
        (prompt, index) =>
          state.editing?.promptId === prompt.id
            ? editor(state.editing, controller)
            : waiting(prompt, index, prompts, { busy, controller, pending: state.pending }),
      )}
    </ol>
  </section>`;
}

interface Surroundings {
  busy: boolean;
  controller: RunPageController;
  pending: RunViewState['pending'];
}

function waiting(
  prompt: QueuedPrompt,
  index: number,
  prompts: readonly QueuedPrompt[],
  { busy, controller, pending }: Surroundings,
): TemplateResult {
  const { id, text, pictures } = prompt;
  const above = prompts[index - 1];
  const below = prompts[index + 2]?.id ?? null;
  return html`<li aria-busy=${pending.has(`prompt ${id}`)}>
    <div class="queued-message">
      ${text === '' ? nothing : html`<span class="queued-text">${text}</span>`}
      ${pictureStrip(pictures, { desk: controller.pictures })}
    </div>
    <span class="queued-actions">
      ${iconButton({
        icon: 'send',
        label: busy ? t('Interrupt the Agent and Send Now') : t('Send Now'),
        onClick: () => void controller.sendPromptNow(id),
      })}
      ${
        above
          ? iconButton({
              icon: 'arrow-up',
              label: t('Move Up'),
              onClick: () => void controller.placePrompt(id, above.id),
            })
          : nothing
      }
      ${
        index < prompts.length - 1
          ? iconButton({
              icon: 'arrow-down',
              label: t('Move Down'),
              onClick: () => void controller.placePrompt(id, below),
            })
          : nothing
      }
      ${iconButton({
        icon: 'edit',
        label: t('Change'),
        onClick: () => {
          controller.edit(prompt);
        },
      })}
      ${iconButton({ icon: 'trash', label: t('Remove'), onClick: () => void controller.removePrompt(id) })}
    </span>
  </li>`;
}

function editor({ text, pictures }: Message, controller: RunPageController): TemplateResult {
  const onKey = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (event.key === 'Escape') controller.stopEditing();
    else if (event.key === 'Enter' && !event.shiftKey) void controller.saveEdited();
    else return;
    event.preventDefault();
  };
  const { pictures: desk, editedPictures } = controller;
  return html`<li class="queued-editor">
    ${pictureStrip(pictures, {
      desk,
      onRemove: (id) => {
        desk.remove(id, editedPictures);
      },
    })}
    <textarea
      class="input"
      rows="2"
      aria-label=${t('Message that waits')}
      .value=${text}
      @keydown=${onKey}
      @paste=${(event: ClipboardEvent) => {
        const files = picturesAmong(event.clipboardData);
        if (files.length === 0) return;
        event.preventDefault();
        void desk.add(files, editedPictures);
      }}
      @input=${({ target }: InputEvent) => {
        if (target instanceof HTMLTextAreaElement) controller.changeEdited({ text: target.value });
      }}
    ></textarea>
    ${button({ label: t('Save'), primary: true, onClick: () => void controller.saveEdited() })}
    ${button({
      label: t('Cancel'),
      onClick: () => {
        controller.stopEditing();
      },
    })}
  </li>`;
}
