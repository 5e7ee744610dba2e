import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import type { AgentType } from '../../../model/agentType.ts';
import { priorities, type Priority, type WorkspaceMode } from '../../../model/task.ts';
import { stateNames } from '../../../model/taskState.ts';
import { actionLabel } from '../actionLabels.ts';
import type { BoardController } from '../boardController.ts';
import { priorityName } from '../cardFacts.ts';
import { isChanged } from '../drafts.ts';
import type { SaveMode } from '../formController.ts';
import { t } from '../l10n.ts';
import type { FormState } from '../state.ts';
import { button, icon, iconButton, selectField } from './controls.ts';
import { LightElement } from './lightElement.ts';
import { placeFields } from './placeFields.ts';

const createStates = ['BACKLOG', 'TODO'] as const;

/** The form of a new or existing card, beside the columns. */
export class FormElement extends LightElement {
  static override properties: PropertyDeclarations = {
    form: { attribute: false },
    agentTypes: { attribute: false },
    workspaceModes: { attribute: false },
    controller: { attribute: false },
  };

  declare form: FormState;
  declare agentTypes: readonly AgentType[];
  declare workspaceModes: readonly WorkspaceMode[];
  declare controller: BoardController;

  protected override updated(changed: PropertyValues<this>): void {
    const before = changed.get('form');
    const opened = changed.has('form') && before?.key !== this.form.key;
    const refused = this.form.titleError !== null && before?.titleError === null;
    if (opened || refused) this.querySelector<HTMLElement>('#form-title')?.focus();
  }

  protected override render(): TemplateResult {
    const { form } = this;
    const isNew = this.controller.form.isNew(form.key);
    return html`<form
      class="form"
      aria-labelledby="form-heading"
      novalidate
      @submit=${(event: SubmitEvent) => {
        event.preventDefault();
        this.#save('save');
      }}
      @keydown=${this.#onKey}
    >
      <header class="form-head">
        <h2 id="form-heading">${isNew ? t('New card') : t('Edit card')}</h2>
        ${
          isNew
            ? iconButton({
                icon: 'notebook-template',
                label: t('Use Template…'),
                className: 'form-template',
                onClick: () => {
                  this.controller.form.chooseTemplate();
                },
              })
            : nothing
        }
        ${iconButton({
          icon: 'close',
          label: isChanged(form.draft) ? t('Close and Keep the Draft (Esc)') : t('Close (Esc)'),
          onClick: () => {
            this.controller.form.close();
          },
        })}
      </header>
      <div class="form-body">
        ${
          form.restored
            ? html`<p class="form-hint">${icon('history')}${t('This is what you typed before.')}</p>`
            : nothing
        }
        ${this.#failure()} ${this.#texts()} ${this.#choices(isNew)}
      </div>
      ${this.#footer(isNew)}
    </form>`;
  }

  #failure(): TemplateResult | typeof nothing {
    const { failure } = this.form;
    if (!failure) return nothing;
    const { action } = failure;
    return html`<div class="message-bar" data-tone="error" role="alert">
      ${icon('error')}
      <p class="message-text" title=${failure.detail ?? ''}>${failure.message}</p>
      ${
        action && action.kind !== 'editTask'
          ? button({
              label: actionLabel(action),
              onClick: () => void this.controller.commands.act(action),
            })
          : nothing
      }
    </div>`;
  }

  #texts(): TemplateResult {
    const { draft, titleError } = this.form;
    const { title, description } = draft.values;
    return html`<div class="field">
        <label for="form-title">${t('Title')}</label>
        <input
          class="input"
          id="form-title"
          type="text"
          autocomplete="off"
          aria-required="true"
          aria-invalid=${titleError === null ? 'false' : 'true'}
          aria-describedby=${titleError === null ? nothing : 'form-title-error'}
          .value=${live(title)}
          @input=${({ target }: InputEvent) => {
            if (target instanceof HTMLInputElement) this.controller.form.change({ title: target.value });
          }}
        />
        ${
          titleError === null
            ? nothing
            : html`<p class="field-error" id="form-title-error">${icon('error')}${titleError}</p>`
        }
      </div>
      <div class="field field-grow">
        <label for="form-description">${t('Description')}</label>
        <textarea
          class="input"
          id="form-description"
          rows="8"
          aria-describedby="form-description-hint"
          .value=${live(description)}
          @input=${({ target }: InputEvent) => {
            if (target instanceof HTMLTextAreaElement) {
              this.controller.form.change({ description: target.value });
            }
          }}
        ></textarea>
        <p class="field-hint" id="form-description-hint">
          ${t('Markdown. Title and description are what the agent is given to do.')}
        </p>
      </div>`;
  }

  #choices(isNew: boolean): TemplateResult {
    const { agentTypeId, priority, labels, state } = this.form.draft.values;
    const { form } = this.controller;
    const agents = this.agentTypes.map(({ id, name }) => [id, name] as const);
    const unknownAgent = agentTypeId !== '' && !agents.some(([id]) => id === agentTypeId);
    return html`${selectField({
        id: 'form-agent',
        label: t('Agent'),
        selected: agentTypeId,
        options: [
          ['', t('No agent: a person does it')],
          ...agents,
          ...(unknownAgent ? [[agentTypeId, t('{0} (unknown)', agentTypeId)] as const] : []),
        ],
        change: (value) => {
          form.change({ agentTypeId: value });
        },
      })}
      ${placeFields({
        values: this.form.draft.values,
        modes: this.workspaceModes,
        change: (values) => {
          form.change(values);
        },
      })}
      <div class="field-row">
        ${selectField({
          id: 'form-priority',
          label: t('Priority'),
          selected: priority,
          options: [...priorities].reverse().map((each): [Priority, string] => [each, priorityName(each)]),
          change: (value) => {
            const chosen = priorities.find((each) => each === value);
            if (chosen) form.change({ priority: chosen });
          },
        })}
        ${
          isNew
            ? selectField({
                id: 'form-state',
                label: t('Column'),
                selected: state,
                options: createStates.map((each): [string, string] => [each, stateNames[each]]),
                change: (value) => {
                  const chosen = createStates.find((each) => each === value);
                  if (chosen) form.change({ state: chosen });
                },
              })
            : nothing
        }
      </div>
      ${this.#labels(labels)}`;
  }

  #labels(labels: string): TemplateResult {
    const { form } = this.controller;
    return html`<div class="field">
      <label for="form-labels">${t('Labels')}</label>
      <input
        class="input"
        id="form-labels"
        type="text"
        autocomplete="off"
        aria-describedby="form-labels-hint"
        .value=${live(labels)}
        @input=${({ target }: InputEvent) => {
          if (target instanceof HTMLInputElement) form.change({ labels: target.value });
        }}
      />
      <p class="field-hint" id="form-labels-hint">${t('Separated by commas')}</p>
    </div>`;
  }

  #footer(isNew: boolean): TemplateResult {
    const { draft, saving } = this.form;
    const noAgent = draft.values.agentTypeId === '';
    return html`<footer class="form-foot">
      <button
        type="submit"
        class="button button-primary"
        aria-disabled=${saving ? 'true' : nothing}
        title=${t('Ctrl+Enter')}
      >
        ${saving ? icon('loading', true) : nothing}
        <span class="button-label">${isNew ? t('Create') : t('Save')}</span>
      </button>
      ${
        isNew
          ? button({
              label: t('Create and Start'),
              icon: 'play',
              disabled: saving || noAgent,
              title: noAgent ? t('Choose an agent first') : t('Ctrl+Shift+Enter'),
              onClick: () => {
                this.#save('saveAndStart');
              },
            })
          : nothing
      }
      ${
        isChanged(draft)
          ? button({
              label: t('Discard'),
              disabled: saving,
              onClick: () => {
                this.controller.form.discard();
              },
            })
          : nothing
      }
    </footer>`;
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      this.controller.form.close();
    } else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      const { key, draft } = this.form;
      const start = event.shiftKey && this.controller.form.isNew(key) && draft.values.agentTypeId !== '';
      this.#save(start ? 'saveAndStart' : 'save');
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  #save(mode: SaveMode): void {
    void this.controller.form.save(mode);
  }
}
