import { commands, l10n, window, type CommentReply } from 'vscode';
import type { CardView } from '../model/cardView.ts';
import { unsentCount } from '../model/review.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';
import { pickCard } from './pickCard.ts';

/** Comments at lines of what agents have done. */
export const commentCommands: CommandTable = {
  /** VS Code's own command is not offered within an editor for many files, but does its work there. */
  'kandev.commentOnLine': () => Promise.resolve(commands.executeCommand('workbench.action.addComment')),

  'kandev.addComment': ({ review }, reply) => (isReply(reply) ? review.add(reply) : nothing()),

  'kandev.addCommentAndSend': async (context, reply) => {
    if (isReply(reply)) await send(context, await context.review.add(reply));
  },

  'kandev.editComment': ({ review }, comment) => {
    review.edit(comment);
    return nothing();
  },

  'kandev.saveComment': ({ review }, comment) => review.save(comment),

  'kandev.cancelEditComment': ({ review }, comment) => {
    review.cancelEdit(comment);
    return nothing();
  },

  'kandev.deleteComment': ({ review }, comment) => review.remove(comment),
  'kandev.resolveComment': ({ review }, thread) => review.resolve(thread, true),
  'kandev.unresolveComment': ({ review }, thread) => review.resolve(thread, false),

  'kandev.sendReview': async (context, argument) => {
    const taskId = context.review.taskOf(argument);
    const card = await pickCard(context, taskId ?? argument, hasUnsent, {
      placeholder: l10n.t('The comments on which card do you want to send?'),
      none: l10n.t('There are no comments to send. Review the changes of a card, and write one at a line.'),
    });
    if (card) await send(context, card.task.id);
  },
};

const hasUnsent = ({ review }: CardView): boolean => unsentCount(review) > 0;
const nothing = (): Promise<void> => Promise.resolve();

function isReply(argument: unknown): argument is CommentReply {
  return typeof argument === 'object' && argument !== null && 'thread' in argument && 'text' in argument;
}

async function send({ kandev }: CommandContext, taskId: string): Promise<void> {
  const { comments, waits } = await kandev.execute('review.send', { taskId });
  const sent =
    comments === 1
      ? l10n.t('Your comment was sent to the agent.')
      : l10n.t('Your {0} comments were sent to the agent.', comments);
  const text = waits ? l10n.t('Your review is sent as soon as the agent’s turn is over.') : sent;
  window.setStatusBarMessage(text, 5000);
}
