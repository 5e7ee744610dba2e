import { l10n } from 'vscode';
import type { CardView } from '../model/cardView.ts';
import { offersOf, type ResultOffers } from '../model/resultOffers.ts';
import { applyToFolder } from './applyResult.ts';
import type { CommandContext, CommandHandler, CommandTable } from './commandContext.ts';
import { askAndCommit, askAndCreateBranch, askAndMerge, askAndPush } from './commitResult.ts';
import { pickResult, pickRun, type ResultTarget } from './resultTarget.ts';
import { discard, rollBack, undoLast } from './revertResult.ts';

/** A command on the result of a card; from the palette it asks for one of those that it makes sense for. */
function onResult(
  offer: keyof ResultOffers,
  work: (context: CommandContext, target: ResultTarget) => Promise<void>,
): CommandHandler {
  return async (context, argument) => {
    const target = await pickResult(context, argument, {
      fits: (card: CardView) => offersOf(card)[offer],
      placeholder: l10n.t('Of which card?'),
      none: l10n.t('There is no card that this makes sense for now.'),
    });
    if (target) await work(context, target);
  };
}

/** Taking, giving up and taking back what agents have made. */
export const resultCommands: CommandTable = {
  'kandev.applyChanges': onResult('apply', applyToFolder),
  'kandev.mergeBranch': onResult('merge', askAndMerge),
  'kandev.commitChanges': onResult('commit', askAndCommit),
  'kandev.createBranch': onResult('createBranch', askAndCreateBranch),
  'kandev.pushBranch': onResult('push', askAndPush),
  'kandev.discardChanges': onResult('discard', discard),
  'kandev.rollBack': onResult('rollBack', async (context, target) => {
    const run = await pickRun(target, l10n.t('To before which run do you want to take the files back?'));
    if (run) await rollBack(context, target, run);
  }),
  'kandev.undoLast': undoLast,
};
