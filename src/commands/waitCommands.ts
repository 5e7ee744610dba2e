import { l10n } from 'vscode';
import type { CardView } from '../model/cardView.ts';
import { isBusy } from '../model/run.ts';
import { isStalled, waitsForRetry } from '../providers/cardText.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';
import { pickCard } from './pickCard.ts';

/** Cards that are tried again by themselves, and agents that stand still. */
export const waitCommands: CommandTable = {
  'kandev.retryNow': async (context, argument) => {
    const taskId = await pickRetry(context, argument);
    if (taskId !== undefined) await context.kandev.execute('task.start', { taskId });
  },

  'kandev.cancelRetry': async (context, argument) => {
    const taskId = await pickRetry(context, argument);
    if (taskId !== undefined) await context.kandev.execute('task.stop', { taskId });
  },

  'kandev.waitForAgent': async (context, argument) => {
    const taskId = await pickSilent(context, argument, isStalled);
    if (taskId !== undefined) await context.kandev.execute('run.wait', { taskId });
  },

  'kandev.nudgeAgent': async (context, argument) => {
    const atWork = ({ run }: CardView): boolean => run !== null && isBusy(run.state);
    const taskId = await pickSilent(context, argument, atWork);
    if (taskId !== undefined) await context.kandev.execute('run.nudge', { taskId });
  },
};

async function pickRetry(context: CommandContext, argument: unknown): Promise<string | undefined> {
  const card = await pickCard(context, argument, waitsForRetry, {
    placeholder: l10n.t('Which card do you mean?'),
    none: l10n.t('No card waits to be tried again.'),
  });
  return card?.task.id;
}

async function pickSilent(
  context: CommandContext,
  argument: unknown,
  fits: (card: CardView) => boolean,
): Promise<string | undefined> {
  const card = await pickCard(context, argument, fits, {
    placeholder: l10n.t('Which agent do you mean?'),
    none: l10n.t('No agent stands still.'),
  });
  return card?.task.id;
}
