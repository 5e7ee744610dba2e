import { l10n, window } from 'vscode';
import type { CommitOutcome, ResultSpan } from '../api/resultContract.ts';
import { filesText } from '../providers/cardText.ts';
import { latestRun } from '../providers/resultRuns.ts';
import type { CommandContext } from './commandContext.ts';
import { mergeBranch } from './applyResult.ts';
import { changesOf, type ResultTarget } from './resultTarget.ts';
import { doneButton, tell } from './tellResult.ts';
import { underway } from './underway.ts';

interface Question {
  title: string;
  /** What will be done, in one sentence. */
  prompt: string;
  value: string;
  empty: string;
}

/** Asks for a text and does something with it. After a refusal what was typed is offered again rather than lost. */
async function askUntilDone(
  context: CommandContext,
  { title, prompt, value, empty }: Question,
  work: (text: string) => Promise<boolean>,
): Promise<void> {
  const text = await window.showInputBox({
    ...{ title, prompt, value, ignoreFocusOut: true },
    validateInput: (typed) => (typed.trim() === '' ? empty : undefined),
  });
  if (text === undefined) return;
  const isDone = await context.failures.guard(() => work(text));
  if (isDone === undefined) await askUntilDone(context, { title, prompt, value: text, empty }, work);
}

const noMessage = (): string => l10n.t('A commit needs a message.');

export async function askAndMerge(context: CommandContext, target: ResultTarget): Promise<void> {
  const { title } = target.card.task;
  const question = {
    title: l10n.t('Merge the branch of “{0}”', title),
    prompt: l10n.t(
      'Merges {0} into the branch that is checked out in the folder. What the agent has not committed is committed with this message.',
      target.info.branch ?? '',
    ),
    value: title,
    empty: noMessage(),
  };
  await askUntilDone(context, question, (message) => mergeBranch(context, target, message));
}

export async function askAndCommit(context: CommandContext, target: ResultTarget): Promise<void> {
  const { info, card } = target;
  const { title } = card.task;
  const span = await askForSpan(target);
  if (!span) return;
  const changes = await changesOf(context, target, span);
  if (!changes) return;
  const figures = filesText({ ...changes, files: changes.files.length });
  const question = {
    title: l10n.t('Commit the changes of “{0}”', title),
    prompt:
      info.kind === 'folder'
        ? l10n.t('Commits {0} to the branch that is checked out in the folder, and nothing else.', figures)
        : l10n.t('Commits {0} to the branch {1}. The folder stays as it is.', figures, info.branch ?? ''),
    value: title,
    empty: noMessage(),
  };
  await askUntilDone(context, question, async (message) => {
    const outcome = await underway(context, l10n.t('Committing the changes of “{0}”…', title), (operation) =>
      context.kandev.execute('result.commit', { span, message, operation }),
    );
    if (outcome) tellCommitted(context, target, outcome, l10n.t('“{0}” was committed.', title));
    return true;
  });
}

export async function askAndCreateBranch(context: CommandContext, target: ResultTarget): Promise<void> {
  const { card, info } = target;
  const { title } = card.task;
  const span = await askForSpan(target);
  if (!span) return;
  const question = {
    title: l10n.t('Create a branch of “{0}”', title),
    prompt: l10n.t(
      'Commits the changes to a new branch of the repository of the folder, without switching to it.',
    ),
    value: info.proposedBranch,
    empty: l10n.t('A branch needs a name.'),
  };
  await askUntilDone(context, question, async (name) => {
    const message = title;
    const outcome = await underway(context, l10n.t('Making the branch {0}…', name), (operation) =>
      context.kandev.execute('result.createBranch', { span, name, message, operation }),
    );
    if (outcome)
      tellCommitted(
        context,
        target,
        outcome,
        l10n.t('The branch {0} has the changes of “{1}”.', name, title),
      );
    return true;
  });
}

export async function askAndPush(context: CommandContext, target: ResultTarget): Promise<void> {
  const { card, info } = target;
  const { id: taskId, title } = card.task;
  const question = {
    title: l10n.t('Push the branch of “{0}”', title),
    prompt: l10n.t('Commits the changes and sends them to {0} as a branch of this name.', info.url ?? ''),
    value: info.proposedBranch,
    empty: l10n.t('A branch needs a name.'),
  };
  await askUntilDone(context, question, async (branch) => {
    const message = title;
    const outcome = await underway(context, l10n.t('Sending the branch {0}…', branch), (operation) =>
      context.kandev.execute('result.push', { taskId, branch, message, operation }),
    );
    if (outcome) {
      tellCommitted(
        context,
        target,
        outcome,
        l10n.t('“{0}” was sent to {1} as {2}.', title, info.url ?? '', branch),
      );
    }
    return true;
  });
}

function tellCommitted(
  context: CommandContext,
  target: ResultTarget,
  outcome: CommitOutcome,
  done: string,
): void {
  const { commit, left } = outcome;
  const what = `${done} ${l10n.t('The commit is {0}.', commit.slice(0, 8))}`;
  const without =
    left.length === 0 ? '' : ` ${l10n.t('Not in it, for they lie in a submodule: {0}.', left.join(', '))}`;
  tell(context, left.length === 0 ? 'info' : 'warning', what + without, doneButton(context, target));
}

/**
 * In the folder, one run can be told from another, and from what the user and other cards have done; elsewhere all that
 * is there is the card's.
 */
async function askForSpan({ card, info }: ResultTarget): Promise<ResultSpan | undefined> {
  const all = { taskId: card.task.id };
  const run = latestRun(info);
  if (info.kind !== 'folder') return all;
  if (!run || info.runs.length === 1) return run ? { runId: run.id } : undefined;
  const picked = await window.showQuickPick(
    [
      {
        label: l10n.t('The latest run'),
        description: run.changes ? filesText(run.changes) : '',
        span: { runId: run.id },
      },
      {
        label: l10n.t('All since the card was begun'),
        detail: l10n.t('Also what you and other cards have changed in the folder since then.'),
        span: all,
      },
    ],
    { title: card.task.title, placeHolder: l10n.t('What do you want to take?') },
  );
  return picked?.span;
}
