import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { canGoOn, isBusy } from '../../../../model/run.ts';
import { actionLabel } from '../../actionLabels.ts';
import { shownFailure } from '../../cardFacts.ts';
import { blockedBlock } from '../../elements/blockedBlock.ts';
import { button, icon, iconButton } from '../../elements/controls.ts';
import { LightElement } from '../../elements/lightElement.ts';
import { permissionBlock, type RequestCommands } from '../../elements/permissionBlock.ts';
import { questionBlock } from '../../elements/questionBlock.ts';
import { t } from '../../l10n.ts';
import type { RunPageController } from '../runPageController.ts';
import type { RunContent, RunViewState } from '../runState.ts';
import type { RunViewKeeper } from '../runViewKeeper.ts';
import type { ComposerElement } from './composerElement.ts';
import { findBar } from './findBar.ts';
import { header } from './headerTemplate.ts';
import { queuedPrompts } from './queueTemplate.ts';
import { failureBlock } from './rowTemplate.ts';
import type { TranscriptElement } from './transcriptElement.ts';

/** The whole page of a run: header, transcript, what waits for the user, and where a message is typed. */
export class RunElement extends LightElement {
  static override properties: PropertyDeclarations = {
    controller: { attribute: false },
    keeper: { attribute: false },
  };

  declare controller: RunPageController;
  declare keeper: RunViewKeeper;

  override connectedCallback(): void {
    super.connectedCallback();
    this.controller.store.subscribe(() => {
      this.requestUpdate();
    });
    this.controller.onFocusComposer(() => {
      void this.updateComplete.then(() =>
        this.querySelector<ComposerElement>('kandev-composer')?.focusField(),
      );
    });
    this.controller.onShowRow((key) => {
      void this.updateComplete.then(() => this.#transcript?.showRow(key));
    });
    document.addEventListener('keydown', this.#onKey);
    this.addEventListener('click', this.#onClick);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('keydown', this.#onKey);
    this.removeEventListener('click', this.#onClick);
  }

  protected override render(): TemplateResult {
    const { state } = this.controller.store;
    const { announcement } = state;
    return html`<main class="run">
      ${this.#page(state)}
      <div class="visually-hidden" role="status" aria-live="polite">
        ${keyed(announcement.count, html`<span>${announcement.text}</span>`)}
      </div>
    </main>`;
  }

  #page(state: RunViewState): TemplateResult {
    const { controller } = this;
    const { content, failure } = state;
    if (state.status === 'gone') return emptyPage('trash', t('This card was deleted.'));
    if (state.status === 'unavailable' && failure) return unavailable(failure, controller);
    if (!content) return emptyPage('loading', t('Loading …'), true);
    return html`${header(state, content, controller, {
        showLastPrompt: () => this.#transcript?.showLastPrompt(),
        find: () => {
          this.#find();
        },
      })}
      ${state.find ? findBar(state.find, controller, () => this.#transcript?.focusList()) : nothing}
      <div class="run-body">
        ${state.rows.length === 0 ? nothingSaid(content) : nothing}
        <kandev-transcript
          .state=${state}
          .controller=${controller}
          .keeper=${this.keeper}
        ></kandev-transcript>
      </div>
      <footer class="run-footer">${this.#footer(state, content)}</footer>`;
  }

  #footer(state: RunViewState, content: RunContent): TemplateResult {
    const { controller } = this;
    const { card, session } = content;
    const { permissions, questions, task } = card;
    const requests: RequestCommands = {
      answer: (requestId, optionId) => controller.answerPermission(requestId, optionId),
      runUiCommand: (command) => void controller.runUiCommand(command),
      openDiff: (requestId, index) => void controller.openDiff({ of: 'permission', requestId, index }),
    };
    const block = { taskId: task.id, commands: requests, tabIndex: 0, time: nothing } as const;
    const chosen = state.answering.get(permissions[0]?.id ?? '') ?? null;
    const failure = shownFailure(card);
    return html`${state.notice ? noticeBar(state.notice, controller) : nothing}
    ${failure && failure !== state.notice ? failureBlock(failure, controller) : nothing}
    ${permissionBlock({ ...block, permissions, chosen })} ${questionBlock({ ...block, questions })}
    ${blockedBlock({
      card,
      tabIndex: 0,
      onAllow: () => void controller.runUiCommand('kandev.allowHost'),
    })}
    ${queuedPrompts(state, content, controller)}
    ${
      composerShown(content)
        ? html`<kandev-composer
            .draft=${state.draft}
            .pictures=${state.pictures}
            .adding=${state.pending.has('picture')}
            .commands=${session?.commands ?? []}
            .hint=${hintOf(content)}
            .sendLabel=${card.run && isBusy(card.run.state) ? t('Queue') : t('Send')}
            .sending=${state.pending.has('send')}
            .controller=${controller}
          ></kandev-composer>`
        : nothing
    }`;
  }

  get #transcript(): TranscriptElement | null {
    return this.querySelector<TranscriptElement>('kandev-transcript');
  }

  #find(): void {
    this.controller.finder.open();
    void this.updateComplete.then(() => {
      const field = this.querySelector<HTMLInputElement>('.find-input');
      field?.focus();
      field?.select();
    });
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    const isCommand = event.ctrlKey || event.metaKey;
    if (isCommand && event.key.toLowerCase() === 'f') {
      event.preventDefault();
      this.#find();
      return;
    }
    const isTyping = event.target instanceof Element && event.target.matches('input, textarea, select');
    if (isCommand || event.altKey || isTyping) return;
    switch (event.key) {
      case 'End':
        this.#transcript?.showEnd();
        break;
      case 'p':
        this.#transcript?.showLastPrompt();
        break;
      case 'm':
        this.querySelector<ComposerElement>('kandev-composer')?.focusField();
        break;
      case '/':
        this.#find();
        break;
      default:
        return;
    }
    event.preventDefault();
  };

  /** Links and buttons within what agents wrote. */
  readonly #onClick = (event: MouseEvent): void => {
    const { target } = event;
    if (!(target instanceof Element)) return;
    const copy = target.closest('.code-copy');
    if (copy) {
      const code = copy.closest('.code')?.querySelector('code');
      void navigator.clipboard.writeText(code?.textContent ?? '');
      return;
    }
    const href = target.closest('.markdown a')?.getAttribute('href');
    if (href === null || href === undefined) return;
    event.preventDefault();
    if (/^(https?|mailto):/i.test(href)) void this.controller.openLink(href);
    else void this.#openPath(href);
  };

  async #openPath(href: string): Promise<void> {
    const [, path = '', line] = /^(?:file:\/\/)?([^#]*?)(?:#L?(\d+).*|:(\d+).*)?$/.exec(href) ?? [];
    const place = /[:#]L?(\d+)/.exec(href)?.[1] ?? line;
    if (path !== '')
      await this.controller.openFile(decodeURI(path), place === undefined ? null : Number(place));
  }
}

function composerShown({ card }: RunContent): boolean {
  const { run } = card;
  return run !== null && (canGoOn(run) || isBusy(run.state));
}

function hintOf({ card, takesPictures }: RunContent): string {
  return card.run && isBusy(card.run.state)
    ? t('A message waits until the agent has finished.')
    : takesPictures === true
      ? t('Message the agent. / for its commands, @ for files, paste or drop pictures.')
      : t('Message the agent. / for its commands, @ for files, Shift+Enter for a new line.');
}

function nothingSaid({ card, agentName }: RunContent): TemplateResult {
  const text =
    agentName === null
      ? t('This card has no agent. Choose one, and it can work on it.')
      : card.run
        ? t('{0} has not said anything yet.', agentName)
        : t('{0} has not worked on this card yet. Run it to start.', agentName);
  return emptyPage('comment-discussion', text);
}

function emptyPage(name: string, text: string, spin = false): TemplateResult {
  return html`<div class="run-empty">
    ${icon(name, spin)}
    <p>${text}</p>
  </div>`;
}

function unavailable(
  failure: NonNullable<RunViewState['failure']>,
  controller: RunPageController,
): TemplateResult {
  const { message, action } = failure;
  return html`<div class="run-empty">
    ${icon('error')}
    <p>${message}</p>
    ${action ? button({ label: actionLabel(action), primary: true, onClick: () => void controller.act(action) }) : nothing}
  </div>`;
}

function noticeBar(
  notice: NonNullable<RunViewState['notice']>,
  controller: RunPageController,
): TemplateResult {
  const { message, action } = notice;
  return html`<div class="message-bar" data-tone="warning" role="group" aria-label=${t('Message')}>
    ${icon('warning')}
    <p class="message-text">${message}</p>
    ${action ? button({ label: actionLabel(action), onClick: () => void controller.act(action) }) : nothing}
    ${iconButton({
      icon: 'close',
      label: t('Dismiss'),
      onClick: () => {
        controller.dismissNotice();
      },
    })}
  </div>`;
}
