import { html, nothing, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { workspaceModes, type WorkspaceMode } from '../../../model/task.ts';
import { hasBranch, offeredModes } from '../../../model/workspaceModes.ts';
import type { FormValues } from '../../protocol.ts';
import { t } from '../l10n.ts';
import { selectField } from './controls.ts';

export interface PlaceFields {
  values: FormValues;
  /** Where agents can work in the open folder. */
  modes: readonly WorkspaceMode[];
  change: (values: Partial<FormValues>) => void;
}

/** Where the agent of a card works; nothing for a card without an agent. */
export function placeFields({ values, modes, change }: PlaceFields): TemplateResult | typeof nothing {
  const { agentTypeId, workspaceMode, repositoryUrl, branch, includeUncommitted } = values;
  if (agentTypeId === '') return nothing;
  return html`${selectField({
    id: 'form-workspace',
    label: t('Works in'),
    selected: workspaceMode,
    options: offeredModes(modes, workspaceMode).map((mode) => [mode, modeName(mode)]),
    hint: modeHint(workspaceMode),
    change: (value) => {
      const chosen = workspaceModes.find((mode) => mode === value);
      if (chosen) change({ workspaceMode: chosen });
    },
  })}
  ${
    workspaceMode === 'repository'
      ? textField(
          'form-repository',
          t('Repository'),
          repositoryUrl,
          t('https://, ssh://, git@host:path'),
          (text) => {
            change({ repositoryUrl: text });
          },
        )
      : nothing
  }
  ${
    hasBranch(workspaceMode)
      ? textField(
          'form-branch',
          t('Begins with branch'),
          branch,
          branchPlaceholder(workspaceMode),
          (text) => {
            change({ branch: text });
          },
        )
      : nothing
  }
  ${
    workspaceMode === 'clone' && branch.trim() === ''
      ? html`<label class="check">
          <input
            type="checkbox"
            id="form-uncommitted"
            .checked=${live(includeUncommitted)}
            @change=${({ target }: Event) => {
              if (target instanceof HTMLInputElement) change({ includeUncommitted: target.checked });
            }}
          />
          <span>${t('Begin with what is not committed yet')}</span>
        </label>`
      : nothing
  }`;
}

function textField(
  id: string,
  label: string,
  value: string,
  placeholder: string,
  change: (text: string) => void,
): TemplateResult {
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <input
      class="input"
      id=${id}
      type="text"
      autocomplete="off"
      spellcheck="false"
      placeholder=${placeholder}
      .value=${live(value)}
      @input=${({ target }: InputEvent) => {
        if (target instanceof HTMLInputElement) change(target.value);
      }}
    />
  </div>`;
}

function branchPlaceholder(mode: WorkspaceMode): string {
  return mode === 'clone' ? t('The one that is checked out') : t('The default branch');
}

function modeName(mode: WorkspaceMode): string {
  const names: Record<WorkspaceMode, string> = {
    folder: t('The open folder'),
    clone: t('A clone of its own'),
    repository: t('Another repository'),
    copy: t('A copy of the folder'),
  };
  return names[mode];
}

function modeHint(mode: WorkspaceMode): string {
  const hints: Record<WorkspaceMode, string> = {
    folder: t(
      'Changes are in your files at once. One agent at a time; before each run a checkpoint is taken.',
    ),
    clone: t('On a branch of its own, beside others. You apply or merge the result when you like it.'),
    repository: t('Cloned with your own sign-in. You send the result back as a branch.'),
    copy: t('Beside others. You apply the result when you like it.'),
  };
  return hints[mode];
}
