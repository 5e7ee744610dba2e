import { l10n, window } from 'vscode';
import type { ResultInfo } from '../api/resultContract.ts';
import type { CardView } from '../model/cardView.ts';
import { UserError } from '../model/failure.ts';
import { offersOf } from '../model/resultOffers.ts';
import { unsentCount } from '../model/review.ts';
import { findCard } from '../providers/boardState.ts';
import { applyPart } from './applyResult.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';
import { pickCard } from './pickCard.ts';
import type { ResultTarget } from './resultTarget.ts';
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

  'kandev.acceptChange': async (context) => {
    const selected = await context.walk.selectedChange();
    const { taskId, info, path, lines } = selected;
    if (canBeApplied(info)) {
      const target = targetOf(context, taskId, info);
      if (!(await applyPart(context, target, [{ path, lines }]))) return;
    }
    const { isAccepted, isWhole } = await selected.accept();
    if (isWhole) await step(context, taskId, 1);
    else if (!isAccepted) window.setStatusBarMessage(l10n.t('This change is to be reviewed again.'), 5000);
  },

  'kandev.acceptFile': async (context) => {
    const { taskId, info, file } = await context.walk.activeChange();
    if (canBeApplied(info)) {
      const paths = file.oldPath === null ? [file.path] : [file.path, file.oldPath];
      const target = targetOf(context, taskId, info);
      if (
        !(await applyPart(
          context,
          target,
          paths.map((path) => ({ path })),
        ))
      )
        return;
    }
    await context.walk.accept();
    await step(context, taskId, 1);
  },

  'kandev.rejectChange': ({ walk }) => walk.revertChanges(),

  'kandev.rejectFile': async (context) => {
    const { taskId, info, runId, file } = await context.walk.activeChange();
    const paths = file.oldPath === null ? [file.path] : [file.path, file.oldPath];
    await rollBackFile(context, { info, taskId, runId, paths });
  },
};

/** Elsewhere the change is where it belongs already, or has no folder that it could go to. */
function canBeApplied({ kind }: ResultInfo): boolean {
  return kind === 'clone' || kind === 'copy';
}

function targetOf({ state }: CommandContext, taskId: string, info: ResultInfo): ResultTarget {
  const card = findCard(state, taskId);
  if (!card) throw new UserError({ reason: 'not-found', message: l10n.t('This card is gone.') });
  return { card, info };
}

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
