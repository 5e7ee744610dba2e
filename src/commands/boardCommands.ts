import { l10n, window } from 'vscode';
import { UserError } from '../model/failure.ts';
import { openRequests } from '../providers/permissionPrompts.ts';
import type { CommandTable } from './commandContext.ts';
import { pickCard } from './pickCard.ts';

/** The board itself, the questions that are open, the engine and the log. */
export const boardCommands: CommandTable = {
  'kandev.openBoard': (context) => {
    context.board.open();
    return Promise.resolve();
  },

  /** A click on a card in the tree leaves the focus there, as in VS Code's Explorer. */
  'kandev.revealInBoard': async (context, argument, options) => {
    const card = await pickCard(context, argument, () => true, {
      placeholder: l10n.t('Which card do you want to see?'),
      none: l10n.t('There are no cards yet.'),
    });
    if (!card) return;
    if (preservesFocus(options)) context.board.showCard(card.task.id);
    else context.board.focusCard(card.task.id);
  },

  /** One after another when it is not called on a certain request or card: oldest first, until the user stops. */
  'kandev.answerPermission': async (context, argument) => {
    const wanted = requestIdOf(argument);
    if (wanted !== null) {
      await context.prompts.pick(wanted);
      return;
    }
    const taskId =
      typeof argument === 'object' && argument !== null && 'taskId' in argument ? argument.taskId : null;
    const requests = openRequests(context.state).filter(
      (request) => taskId === null || request.taskId === taskId,
    );
    if (requests.length === 0) {
      void window.showInformationMessage(l10n.t('No agent is waiting for an answer.'));
    }
    for (const { id } of requests) {
      if (!(await context.prompts.pick(id))) return;
    }
  },

  'kandev.checkEngine': async (context) => {
    const status = await context.engine.check();
    if (status.failure) throw new UserError(status.failure);
    const { name, version, cpus, memoryMb } = status.engine;
    void window.showInformationMessage(
      l10n.t(
        '{0} {1} answers at {2} ({3}): {4} CPUs, {5} GB of memory.',
        name,
        version,
        status.endpoint,
        status.chosenBy,
        cpus,
        Math.round(memoryMb / 1024),
      ),
    );
  },

  'kandev.showLog': (context) => {
    context.log.show();
    return Promise.resolve();
  },
};

function requestIdOf(argument: unknown): string | null {
  if (typeof argument !== 'object' || argument === null || !('requestId' in argument)) return null;
  return typeof argument.requestId === 'string' ? argument.requestId : null;
}

function preservesFocus(options: unknown): boolean {
  return (
    typeof options === 'object' &&
    options !== null &&
    'preserveFocus' in options &&
    options.preserveFocus === true
  );
}
