import { html, nothing, type TemplateResult } from 'lit';
import type { BoardCard } from '../../protocol.ts';
import { t } from '../l10n.ts';
import { button, icon } from './controls.ts';
import type { RequestCommands } from './permissionBlock.ts';

export interface QuestionBlock {
  taskId: string;
  /** Open questions, oldest first. */
  questions: BoardCard['questions'];
  commands: Pick<RequestCommands, 'runUiCommand'>;
  tabIndex: number;
  /** How long the agent has been at it. */
  time: TemplateResult | typeof nothing;
}

/** What an agent asks beside permissions: the first open question of a card. It is answered in VS Code's own inputs. */
export function questionBlock(block: QuestionBlock): TemplateResult | typeof nothing {
  const { questions, commands, tabIndex, taskId } = block;
  const [question] = questions;
  if (!question) return nothing;
  return html`<div class="needs-you" role="group" aria-label=${t('Needs you')}>
    <div class="needs-you-head">
      ${icon('bell-dot')}<strong>${t('Needs you')}</strong>
      ${
        questions.length > 1
          ? html`<span class="needs-you-count">${t('1 of {0}', questions.length)}</span>`
          : nothing
      }
      <span class="run-time">${block.time}</span>
    </div>
    <p class="request-title">${icon('question')}<span>${question.message}</span></p>
    <div class="request-options">
      ${button({
        label: t('Answer…'),
        primary: true,
        tabIndex,
        onClick: () => {
          commands.runUiCommand('kandev.answerQuestion', taskId);
        },
      })}
    </div>
  </div>`;
}
