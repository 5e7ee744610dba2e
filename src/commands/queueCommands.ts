import { l10n } from 'vscode';
import type { CommandContext, CommandHandler, CommandTable } from './commandContext.ts';
import { isStartable } from './runCommands.ts';
import { pickCard } from './pickCard.ts';

/** What runs when: the order of the queue, and whether it goes on. */
export const queueCommands: CommandTable = {
  'kandev.startNow': async (context, argument) => {
    const card = await pickCard(context, argument, isStartable, {
      placeholder: l10n.t('Which card is to start before its turn?'),
      none: l10n.t('There is no card with an agent that could be started.'),
    });
    if (card) await context.kandev.execute('task.startNow', { taskId: card.task.id });
  },

  'kandev.queueUp': mover('up'),
  'kandev.queueDown': mover('down'),
  'kandev.queueTop': mover('top'),

  'kandev.pauseQueue': (context) => context.kandev.execute('queue.pause', {}),
  'kandev.resumeQueue': (context) => context.kandev.execute('queue.resume', {}),
};

function mover(to: 'up' | 'down' | 'top'): CommandHandler {
  return async (context: CommandContext, argument: unknown) => {
    const card = await pickCard(context, argument, ({ queue }) => queue !== null, {
      placeholder: l10n.t('Which card do you want to move within the queue?'),
      none: l10n.t('No card is queued.'),
    });
    if (card) await context.kandev.execute('queue.move', { taskId: card.task.id, to });
  };
}
