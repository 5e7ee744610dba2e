import { commands, l10n, Uri, window } from 'vscode';
import type { ApplyOutcome, FileConflict, MergeOutcome } from '../api/resultContract.ts';
import { filesText } from '../providers/cardText.ts';
import { openComparison, openConflict } from '../providers/mergeEditor.ts';
import { askAbout, conflictList, has, saveOpen } from './blockedFiles.ts';
import type { CommandContext } from './commandContext.ts';
import { changesOf, type ResultTarget } from './resultTarget.ts';
import { undoButton } from './revertResult.ts';
import { doneButton, tell } from './tellResult.ts';
import { underway } from './underway.ts';

/** Brings a card's change into the folder, once the user has read what that means; asks about files in the way. */
export async function applyToFolder(context: CommandContext, target: ResultTarget): Promise<void> {
  const { id: taskId, title } = target.card.task;
  const changes = await changesOf(context, target, { taskId });
  if (!changes) return;
  if (changes.files.length === 0) {
    tell(context, 'info', l10n.t('“{0}”: no file has changed, so there is nothing to apply.', title), []);
    return;
  }
  const { files, added, removed } = changes;
  const apply = l10n.t('Apply');
  const detail = l10n.t(
    '{0}. They are merged with what is in {1} and not committed. You can undo it.',
    filesText({ files: files.length, added, removed }),
    target.info.folder ?? '',
  );
  const question = l10n.t('Apply the changes of “{0}” to the folder?', title);
  if ((await window.showInformationMessage(question, { modal: true, detail }, apply)) !== apply) return;
  await applyUntilDone(context, target);
}

/** Brings files of a card's change into the folder, or what is at some lines of them. @returns whether it was done */
export async function applyPart(
  context: CommandContext,
  target: ResultTarget,
  only: readonly ChosenPart[],
): Promise<boolean> {
  return applyUntilDone(context, target, only);
}

export interface ChosenPart {
  path: string;
  lines?: { first: number; last: number };
}

async function applyUntilDone(
  context: CommandContext,
  target: ResultTarget,
  only?: readonly ChosenPart[],
): Promise<boolean> {
  const { id: taskId, title } = target.card.task;
  const part = only ? { only: [...only] } : {};
  let uncommitted: 'stop' | 'merge' = 'stop';
  for (;;) {
    const outcome: ApplyOutcome | undefined = await underway(
      context,
      l10n.t('Applying the changes of “{0}”…', title),
      (operation) => context.kandev.execute('result.apply', { taskId, uncommitted, ...part, operation }),
    );
    if (!outcome) return false;
    if (outcome.done) {
      await tellApplied(context, target, outcome, only !== undefined);
      return true;
    }
    const choice = await askAboutBlocked(target, outcome.blocked, {
      label: l10n.t('Merge Anyway'),
      choice: 'merge',
      why: l10n.t(
        'Merging keeps both. What both have changed in the same place becomes a conflict. You can undo it.',
      ),
    });
    if (choice === undefined) return false;
    if (choice === 'merge') uncommitted = 'merge';
  }
}

/** @param orElse what else can be done where files are only not committed, and a sentence about that */
async function askAboutBlocked<T extends string>(
  { info, card }: ResultTarget,
  blocked: readonly FileConflict[],
  orElse: { label: string; choice: T; why: string },
): Promise<T | 'again' | undefined> {
  const question =
    blocked.length === 1
      ? l10n.t('Nothing was done: a file in the folder holds work that “{0}” would change.', card.task.title)
      : l10n.t(
          'Nothing was done: {0} files in the folder hold work that “{1}” would change.',
          blocked.length,
          card.task.title,
        );
  const list = conflictList(blocked);
  if (has(blocked, 'unsaved')) {
    const save = await askAbout(question, list, [[l10n.t('Save and Try Again'), 'again']]);
    const root = Uri.file(info.targetRoot ?? info.root);
    const unsaved = blocked.filter(({ reason }) => reason === 'unsaved');
    if (save) await saveOpen(unsaved.map(({ path }) => Uri.joinPath(root, path).fsPath));
    return save;
  }
  if (has(blocked, 'in-the-way')) return askAbout(question, list, [[l10n.t('Try Again'), 'again']]);
  return askAbout<T | 'again'>(question, `${list}\n\n${orElse.why}`, [[orElse.label, orElse.choice]]);
}

async function tellApplied(
  context: CommandContext,
  target: ResultTarget,
  outcome: ApplyOutcome,
  isPart: boolean,
): Promise<void> {
  const { card, info } = target;
  const { title, id } = card.task;
  const { conflicts, paths, undoId } = outcome;
  const undo = undoButton(context, id, undoId);
  if (conflicts.length === 0) {
    const message =
      paths.length === 0
        ? l10n.t('The changes of “{0}” are in the folder already.', title)
        : isPart
          ? l10n.t('Accepted into the folder, not committed: {0}.', paths.join(', '))
          : l10n.t('The changes of “{0}” are in the folder, not committed: {1} files.', title, paths.length);
    const done = isPart ? [] : doneButton(context, target);
    tell(context, 'info', message, [...done, ...(paths.length === 0 ? [] : undo)]);
    return;
  }
  const root = info.targetRoot ?? info.root;
  const open = (path: string): Promise<void> =>
    info.kind === 'copy'
      ? openComparison(id, root, path, { theirs: l10n.t('“{0}”', title), ours: l10n.t('The folder') })
      : openConflict(root, path);
  const message =
    info.kind === 'copy'
      ? l10n.t(
          '“{0}”: both sides have changed the same lines of {1}. There the folder is as it was; all else is applied.',
          title,
          conflicts.join(', '),
        )
      : l10n.t(
          '“{0}”: both sides have changed the same lines of {1}. Choose in the merge editor what counts.',
          title,
          conflicts.join(', '),
        );
  tell(context, 'warning', message, [resolveButton(conflicts, open), ...undo]);
  await open(conflicts[0] ?? '');
}

function resolveButton(conflicts: readonly string[], open: (path: string) => Promise<void>) {
  return {
    label: conflicts.length === 1 ? l10n.t('Open Merge Editor') : l10n.t('Resolve…'),
    act: async () => {
      const path =
        conflicts.length === 1
          ? conflicts[0]
          : await window.showQuickPick(conflicts, {
              placeHolder: l10n.t('Which file do you want to merge?'),
            });
      if (path !== undefined) await open(path);
    },
  };
}

/** Merges a card's branch into the branch of the folder. */
export async function mergeBranch(
  context: CommandContext,
  target: ResultTarget,
  message: string,
): Promise<boolean> {
  const { id: taskId, title } = target.card.task;
  for (;;) {
    const outcome = await underway(context, l10n.t('Merging the branch of “{0}”…', title), (operation) =>
      context.kandev.execute('result.merge', { taskId, message, operation }),
    );
    if (!outcome) return false;
    if (outcome.result !== 'blocked') {
      await tellMerged(context, target, outcome);
      return true;
    }
    const choice = await askAboutBlocked(target, outcome.blocked, {
      label: l10n.t('Apply Without Committing Instead'),
      choice: 'apply',
      why: l10n.t('A merge needs these to be committed or put aside first.'),
    });
    if (choice === undefined) return true;
    if (choice === 'apply') {
      await applyUntilDone(context, target);
      return true;
    }
  }
}

async function tellMerged(
  context: CommandContext,
  target: ResultTarget,
  outcome: MergeOutcome,
): Promise<void> {
  const { card, info } = target;
  const { title } = card.task;
  const branch = info.branch ?? '';
  switch (outcome.result) {
    case 'conflicts': {
      const root = info.targetRoot ?? info.root;
      const [first = ''] = outcome.conflicts;
      const message = l10n.t(
        'The merge of “{0}” waits for you: both sides have changed the same lines of {1}. Resolve them and commit, or abort the merge in Source Control.',
        title,
        outcome.conflicts.join(', '),
      );
      tell(context, 'warning', message, [
        resolveButton(outcome.conflicts, (path) => openConflict(root, path)),
        {
          label: l10n.t('Show Source Control'),
          act: async () => commands.executeCommand('workbench.view.scm'),
        },
      ]);
      await openConflict(root, first);
      return;
    }
    case 'nothing-to-merge':
      tell(
        context,
        'info',
        l10n.t('All of {0} is in the branch of the folder already.', branch),
        doneButton(context, target),
      );
      return;
    default:
      tell(
        context,
        'info',
        l10n.t(
          '{0} was merged into the branch of the folder ({1}).',
          branch,
          outcome.commit?.slice(0, 8) ?? '',
        ),
        doneButton(context, target),
      );
  }
}
