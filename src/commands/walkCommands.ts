import { l10n, window } from 'vscode';
import type { CardView } from '../model/cardView.ts';
import { offersOf } from '../model/resultOffers.ts';
import { unsentCount } from '../model/review.ts';
import { findCard } from '../providers/boardState.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';
import { pickCard } from './pickCard.ts';
import { rollBackFile } from './revertResult.ts';

/** Going through the files of a review, and taking or leaving what is in them. */
export const walkCommands: CommandTable = {
  'kandev.nextUnreviewed': (context, argument) => step(context, argument, 1),
  'kandev.previousUnreviewed': (context, argument) => step(context, argument, -1),

  'kandev.markReviewed': async (context) => {
    const taskId = context.walk.active;
    const isMarked = await context.walk.mark();
    if (isMarked && taskId !== null) await step(context, taskId, 1);
    else window.setStatusBarMessage(l10n.t('This file is to be reviewed again.'), 5000);
  },

  'kandev.rejectChange': ({ walk }) => walk.revertChanges(),

  'kandev.rejectFile': async (context) => {
    const { taskId, info, runId, file } = await context.walk.activeChange();
    const paths = file.oldPath === null ? [file.path] : [file.path, file.oldPath];
    await rollBackFile(context, { info, taskId, runId, paths });
  },
};

async function step(context: CommandContext, argument: unknown, direction: 1 | -1): Promise<void> {
  const card = await pickCard(context, argument ?? context.walk.active ?? undefined, hasChanges, {
    placeholder: l10n.t('The changes of which card do you want to review?'),
    none: l10n.t('There are no changes to review.'),
  });
  if (card && !(await context.walk.step(card.task.id, direction))) tellDone(context, card.task.id);
}

const hasChanges = (card: CardView): boolean => offersOf(card).review;

function tellDone({ state, failures, kandev }: CommandContext, taskId: string): void {
  const card = findCard(state, taskId);
  const unsent = card ? unsentCount(card.review) : 0;
  const text = l10n.t('You have reviewed all files of “{0}”.', card?.task.title ?? '');
  const send = l10n.t('Send Review to Agent');
  void window
    .showInformationMessage(text, ...(unsent > 0 ? [send] : []))
    .then((chosen) =>
      chosen === send ? failures.guard(() => kandev.execute('review.send', { taskId })) : undefined,
    );
}
