import { html, nothing, type TemplateResult } from 'lit';
import type { Failure, FailureReason } from '../../../model/failure.ts';
import { newCardKey } from '../../protocol.ts';
import { actionLabel } from '../actionLabels.ts';
import type { BoardController } from '../boardController.ts';
import { t } from '../l10n.ts';
import type { AppState } from '../state.ts';
import { button, icon, iconButton } from './controls.ts';

/** What surrounds the columns: the message bars, and what is shown instead of cards. */

/** Nothing is broken where a command was merely refused. */
const refusals: ReadonlySet<FailureReason> = new Set([
  'refused',
  'run-active',
  'no-run',
  'already-resolved',
  'not-found',
]);

interface MessageBar {
  failure: Pick<Failure, 'message' | 'detail'>;
  tone: 'info' | 'warning' | 'error';
  action?: { label: string; run: () => void; busy?: boolean };
  dismiss?: () => void;
}

function messageBar({ failure, tone, action, dismiss }: MessageBar): TemplateResult {
  return html`<div class="message-bar" data-tone=${tone} role="group" aria-label=${t('Message')}>
    ${icon(tone)}
    <p class="message-text" title=${failure.detail ?? ''}>${failure.message}</p>
    ${action ? button({ label: action.label, onClick: action.run, disabled: action.busy ?? false }) : nothing}
    ${dismiss ? iconButton({ icon: 'close', label: t('Dismiss'), onClick: dismiss }) : nothing}
  </div>`;
}

/** The engine when it does not answer, the queue when it is paused, and the last command that was refused. */
export function messageBars(
  { content, notice, runningAction }: AppState,
  { commands }: BoardController,
): TemplateResult | typeof nothing {
  const engineFailure = content?.engine?.failure ?? null;
  const pause = content?.queuePause ?? null;
  if (!engineFailure && !notice && !pause) return nothing;
  return html`<div class="message-bars">
    ${
      engineFailure
        ? messageBar({
            failure: engineFailure,
            tone: 'warning',
            action: failureAction(engineFailure, runningAction, commands),
          })
        : nothing
    }
    ${
      pause
        ? messageBar({
            failure: { message: t('The queue is paused: no further agent is started.') },
            tone: 'info',
            action: { label: t('Resume Queue'), run: () => void commands.resumeQueue() },
          })
        : nothing
    }
    ${
      notice
        ? messageBar({
            failure: notice.failure,
            tone: refusals.has(notice.failure.reason) ? 'warning' : 'error',
            ...(notice.failure.action && {
              action: failureAction(notice.failure, runningAction, commands, notice.moves),
            }),
            dismiss: () => {
              commands.dismissNotice();
            },
          })
        : nothing
    }
  </div>`;
}

/** The button of a failure; for one that names no action, to look for the engine again. */
function failureAction(
  failure: Failure,
  runningAction: AppState['runningAction'],
  commands: BoardController['commands'],
  moves: NonNullable<AppState['notice']>['moves'] = [],
): NonNullable<MessageBar['action']> {
  const action = failure.action ?? { kind: 'checkEngine' };
  const busy = action.kind === runningAction;
  return {
    label: busy && action.kind === 'checkEngine' ? t('Checking…') : actionLabel(action),
    busy,
    run: () => void commands.act(action, moves),
  };
}

export function loadingPage(): TemplateResult {
  return html`<div class="page-state page-loading" aria-busy="true">
    <div class="progress" aria-hidden="true"></div>
    <p>${t('Loading the board…')}</p>
  </div>`;
}

export function unavailablePage(
  failure: Failure,
  runningAction: AppState['runningAction'],
  { commands }: BoardController,
): TemplateResult {
  const action = failure.action && failureAction(failure, runningAction, commands);
  return html`<div class="page-state">
    <span class="page-icon page-icon-warning">${icon('warning')}</span>
    <h2>${t('The board cannot be shown')}</h2>
    <p>${failure.message}</p>
    ${failure.detail ? html`<pre class="page-detail">${failure.detail}</pre>` : nothing}
    ${
      action
        ? html`<div class="page-buttons">
            ${button({ label: action.label, primary: true, disabled: action.busy ?? false, onClick: action.run })}
          </div>`
        : nothing
    }
  </div>`;
}

/** The extension's mark, drawn in the theme's colours. */
function boardPicture(): TemplateResult {
  return html`<svg class="page-picture" viewBox="0 0 24 24" aria-hidden="true">
    <rect x="2.5" y="3.5" width="5" height="17" rx="1.5" />
    <rect x="9.5" y="3.5" width="5" height="12" rx="1.5" />
    <rect x="16.5" y="12.5" width="5" height="8" rx="1.5" />
    <path
      d="M19.25 2c.4 2.55 1.2 3.35 3.75 3.75-2.55.4-3.35 1.2-3.75 3.75-.4-2.55-1.2-3.35-3.75-3.75 2.55-.4 3.35-1.2 3.75-3.75z"
    />
  </svg>`;
}

export function emptyPage(
  { content, boards, addingSamples, drafts }: AppState,
  { form, commands }: BoardController,
): TemplateResult {
  const hasDraft = content !== null && newCardKey(content.board.id) in drafts;
  const samples = {
    label: t('Add Sample Cards'),
    icon: addingSamples ? 'loading codicon-modifier-spin' : 'sparkle',
    disabled: addingSamples,
    onClick: () => void commands.addSamples(),
  };
  const others = {
    label: t('Switch Board…'),
    title: t('Switch Board… (B)'),
    icon: 'layers',
    onClick: () => {
      commands.choose('board');
    },
  };
  return html`<div class="page-state">
    ${boardPicture()}
    <h2>${boards.count > 1 ? t('No cards on “{0}” yet', content?.board.name ?? '') : t('No cards yet')}</h2>
    <p>
      ${t('Write down what should be done. An agent does it in a container and hands back a change to review.')}
    </p>
    <div class="page-buttons">
      ${button({
        label: hasDraft ? t('Continue Card') : t('New Card'),
        icon: hasDraft ? 'edit' : 'add',
        primary: true,
        onClick: () => {
          form.create('BACKLOG');
        },
      })}
      ${button(boards.count > 1 ? others : samples)}
    </div>
  </div>`;
}
