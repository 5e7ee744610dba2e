import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { ifDefined } from 'lit/directives/if-defined.js';
import { live } from 'lit/directives/live.js';
import { mentionOf } from '../../../../model/mentions.ts';
import type { Message } from '../../../../model/prompt.ts';
import { button, icon, iconButton } from '../../elements/controls.ts';
import { LightElement } from '../../elements/lightElement.ts';
import { t } from '../../l10n.ts';
import { completed, completingAt, matchingCommands, type Completing } from '../completion.ts';
import { addressesAmong, picturesAmong } from '../pastedPictures.ts';
import type { AddedFile } from '../pictureDesk.ts';
import { isEmpty, type RunPageController } from '../runPageController.ts';
import type { RunViewState } from '../runState.ts';
import type { RunCommand } from '../../../runProtocol.ts';
import { pictureStrip } from './pictureStrip.ts';

interface Suggestion {
  value: string;
  detail: string;
}

interface Popup {
  completing: Completing;
  suggestions: readonly Suggestion[];
  /** Of the one that Enter takes. */
  index: number;
}

const listId = 'composer-suggestions';

/** Where a message to the agent is typed, with completion of its slash commands and of files. */
export class ComposerElement extends LightElement {
  static override properties: PropertyDeclarations = {
    draft: { attribute: false },
    pictures: { attribute: false },
    adding: { attribute: false },
    commands: { attribute: false },
    hint: { attribute: false },
    sendLabel: { attribute: false },
    sending: { attribute: false },
    controller: { attribute: false },
    popup: { state: true },
  };

  declare draft: Message;
  /** Those that can be drawn. */
  declare pictures: RunViewState['pictures'];
  /** A picture is being added. */
  declare adding: boolean;
  declare commands: readonly RunCommand[];
  /** Stands in the empty field. */
  declare hint: string;
  declare sendLabel: string;
  declare sending: boolean;
  declare controller: RunPageController;
  declare popup: Popup | null;
  #round = 0;

  constructor() {
    super();
    this.popup = null;
  }

  focusField(): void {
    this.#field?.focus();
  }

  get #field(): HTMLTextAreaElement | null {
    return this.querySelector('textarea');
  }

  protected override updated(): void {
    const field = this.#field;
    if (!field) return;
    // As high as its text, up to what the style sheet allows.
    field.style.height = 'auto';
    field.style.height = `${field.scrollHeight + 2}px`;
    this.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }

  protected override render(): TemplateResult {
    const { draft, hint, popup, sending, sendLabel } = this;
    const active = popup ? `${listId}-${popup.index}` : undefined;
    const { pictures: desk, draftPictures } = this.controller;
    return html`${popup ? this.#suggestions(popup) : nothing}
      ${pictureStrip(draft.pictures, {
        desk,
        onRemove: (id) => {
          desk.remove(id, draftPictures);
          this.focusField();
        },
      })}
      <div class="composer" @dragover=${this.#onDragOver} @drop=${this.#onDrop}>
        ${iconButton({
          icon: this.adding ? 'loading codicon-modifier-spin' : 'attach',
          label: t('Add Pictures…'),
          className: 'composer-attach',
          onClick: () => void desk.choose(draftPictures),
        })}
        <textarea
          class="input composer-field"
          rows="1"
          aria-label=${t('Message to the agent')}
          aria-autocomplete="list"
          aria-haspopup="listbox"
          aria-controls=${popup ? listId : nothing}
          aria-activedescendant=${ifDefined(active)}
          placeholder=${hint}
          .value=${live(draft.text)}
          @input=${this.#onInput}
          @keydown=${this.#onKey}
          @paste=${this.#onPaste}
          @blur=${this.#close}
          @click=${this.#suggest}
        ></textarea>
        ${button({
          label: sendLabel,
          icon: sending ? 'loading codicon-modifier-spin' : 'send',
          primary: true,
          disabled: sending || this.adding || isEmpty(draft),
          title: t('{0} (Enter)', sendLabel),
          onClick: () => void this.#send(),
        })}
      </div>`;
  }

  #suggestions({ suggestions, index, completing }: Popup): TemplateResult {
    return html`<ul
      class="suggestions"
      id=${listId}
      role="listbox"
      aria-label=${completing.kind === 'command' ? t('Commands of the agent') : t('Files')}
    >
      ${suggestions.map(
        ({ value, detail }, place) =>
          html`<li
            id="${listId}-${place}"
            role="option"
            aria-selected=${place === index}
            @mousedown=${(event: MouseEvent) => {
              event.preventDefault();
              this.#take(place);
            }}
          >
            ${icon(completing.kind === 'command' ? 'terminal' : 'file')}<span>${value}</span>
            <span class="suggestion-detail ellipsis">${detail}</span>
          </li>`,
      )}
    </ul>`;
  }

  readonly #onInput = ({ target }: InputEvent): void => {
    if (!(target instanceof HTMLTextAreaElement)) return;
    this.controller.setDraft({ text: target.value });
    void this.#suggest();
  };

  readonly #close = (): void => {
    this.#round += 1;
    this.popup = null;
  };

  readonly #suggest = async (): Promise<void> => {
    const field = this.#field;
    this.#round += 1;
    const round = this.#round;
    const completing = field && completingAt(field.value, field.selectionStart);
    if (!completing) {
      this.popup = null;
      return;
    }
    const suggestions = await this.#suggestionsFor(completing);
    if (round !== this.#round) return;
    this.popup = suggestions.length === 0 ? null : { completing, suggestions, index: 0 };
  };

  async #suggestionsFor({ kind, query }: Completing): Promise<Suggestion[]> {
    if (kind === 'command') {
      return matchingCommands(this.commands, query).map(({ name, description, hint }) => ({
        value: name,
        detail: hint === null ? description : `${hint} – ${description}`,
      }));
    }
    const files = await this.controller.findFiles(query);
    return files.map((value) => ({ value, detail: '' }));
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (this.popup && this.#onPopupKey(event.key, this.popup)) {
      event.preventDefault();
      return;
    }
    if (event.key === 'Enter' && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      void this.#send();
    }
  };

  #onPopupKey(key: string, popup: Popup): boolean {
    const count = popup.suggestions.length;
    switch (key) {
      case 'ArrowDown':
        this.popup = { ...popup, index: (popup.index + 1) % count };
        return true;
      case 'ArrowUp':
        this.popup = { ...popup, index: (popup.index - 1 + count) % count };
        return true;
      case 'Enter':
      case 'Tab':
        this.#take(popup.index);
        return true;
      case 'Escape':
        this.#close();
        return true;
      default:
        return false;
    }
  }

  #take(index: number): void {
    const field = this.#field;
    const chosen = this.popup?.suggestions[index];
    if (!field || !this.popup || !chosen) return;
    const { text, caret } = completed(field.value, this.popup.completing, chosen.value);
    this.#close();
    field.value = text;
    field.setSelectionRange(caret, caret);
    this.controller.setDraft({ text });
  }

  readonly #onPaste = (event: ClipboardEvent): void => {
    const files = picturesAmong(event.clipboardData);
    if (files.length === 0) return;
    event.preventDefault();
    void this.#add(files);
  };

  readonly #onDragOver = (event: DragEvent): void => {
    event.preventDefault();
  };

  /** Pictures become pictures of the message; other files of the workspace are mentioned in it. */
  readonly #onDrop = (event: DragEvent): void => {
    event.preventDefault();
    const files = picturesAmong(event.dataTransfer);
    if (files.length > 0) void this.#add(files);
    else void this.#mention(addressesAmong(event.dataTransfer));
  };

  async #add(files: readonly AddedFile[]): Promise<void> {
    await this.controller.pictures.add(files, this.controller.draftPictures);
    this.focusField();
  }

  async #mention(addresses: readonly string[]): Promise<void> {
    if (addresses.length === 0) return;
    const paths = await this.controller.pathsOf(addresses);
    const { text } = this.controller.store.state.draft;
    const before = text === '' || /\s$/.test(text) ? text : `${text} `;
    if (paths.length > 0) this.controller.setDraft({ text: `${before}${paths.map(mentionOf).join(' ')} ` });
    this.focusField();
  }

  async #send(): Promise<void> {
    await this.controller.send();
    this.focusField();
  }
}
