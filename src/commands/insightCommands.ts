import { l10n } from 'vscode';
import type { CommandTable } from './commandContext.ts';
import { pickCard } from './pickCard.ts';

/** What runs have come to, and what has happened to a card. */
export const insightCommands: CommandTable = {
  'kandev.openStatistics': ({ insight }) => {
    insight.openStatistics();
    return Promise.resolve();
  },

  'kandev.showTimeline': async (context, argument) => {
    const wanted = argument ?? context.runs.active;
    const card = await pickCard(context, wanted, () => true, {
      placeholder: l10n.t('Which card’s timeline do you want to see?'),
      none: l10n.t('There are no cards yet.'),
    });
    if (card) context.insight.openTimeline(card.task.id);
  },
};
