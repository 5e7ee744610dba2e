import { l10n, Uri, window, type QuickPickItem } from 'vscode';
import type { ChangeSet, FileConflict, ResultInfo, RevertOutcome } from '../api/resultContract.ts';
import type { Run } from '../model/run.ts';
import { UserError } from '../model/failure.ts';
import { filesText } from '../providers/cardText.ts';
import { askAbout, conflictList, has, saveOpen } from './blockedFiles.ts';
import type { CommandContext } from './commandContext.ts';
import { changesOf, type ResultTarget } from './resultTarget.ts';
import { tell } from './tellResult.ts';
import { underway } from './underway.ts';

interface Choice {
  conflicts: 'stop' | 'keep' | 'overwrite';
  branch: 'stop' | 'keep' | 'moveBack';
}

/** Takes the files back to before a run, once the user has read what that means. */
export async function rollBack(context: CommandContext, target: ResultTarget, run: Run): Promise<void> {
  const { title, id } = target.card.task;
  if (target.info.rolledBack.includes(run.id)) {
    throw new UserError({
      reason: 'refused',
      message: l10n.t('This run of “{0}” has been rolled back already.', title),
    });
  }
  const changes = await changesOf(context, target, { runId: run.id });
  if (!changes) return;
  const button = l10n.t('Roll Back');
  const detail = l10n.t(
    '{0} in {1}. What was changed there since then stays, unless you say otherwise. You can undo it.',
    filesText({ ...changes, files: changes.files.length }),
    target.info.root,
  );
  const question = l10n.t('Take the files back to before this run of “{0}”?', title);
  if ((await window.showWarningMessage(question, { modal: true, detail }, button)) !== button) return;
  const outcome = await untilDone([target.info.root], (choice) =>
    underway(context, l10n.t('Rolling back “{0}”…', title), (operation) =>
      context.kandev.execute('result.rollBack', { runId: run.id, ...choice, operation }),
    ),
  );
  if (outcome) tellReverted(context, id, outcome, l10n.t('“{0}” was rolled back', title));
}

/** Takes one file back to before a run. Whoever asks for that has it before them; it can be undone. */
export async function rollBackFile(
  context: CommandContext,
  { info, taskId, runId, paths }: { info: ResultInfo; taskId: string; runId: string; paths: string[] },
): Promise<void> {
  const path = paths[0] ?? '';
  const outcome = await untilDone([info.root], (choice) =>
    underway(context, l10n.t('Taking {0} back…', path), (operation) =>
      context.kandev.execute('result.rollBack', { runId, paths, ...choice, operation }),
    ),
  );
  if (outcome) tellReverted(context, taskId, outcome, l10n.t('{0} was taken back', path));
}

/** Gives up what was done in a card's own workspace. */
export async function discard(context: CommandContext, target: ResultTarget): Promise<void> {
  const { title, id: taskId } = target.card.task;
  const changes = await changesOf(context, target, { taskId });
  if (!changes) return;
  const button = l10n.t('Discard');
  const detail = l10n.t(
    '{0} in the workspace of the card go back to what they were. Your folder is not touched. You can undo it.',
    filesText({ ...changes, files: changes.files.length }),
  );
  const question = l10n.t('Discard the changes of “{0}”?', title);
  const modal = { modal: true, detail: [detail, betweenText(changes)].join('\n\n').trim() };
  if ((await window.showWarningMessage(question, modal, button)) !== button) return;
  const outcome = await underway(context, l10n.t('Discarding the changes of “{0}”…', title), (operation) =>
    context.kandev.execute('result.discard', { taskId, operation }),
  );
  if (outcome) tellReverted(context, taskId, outcome, l10n.t('The changes of “{0}” were discarded', title));
}

/** Of what is given up, what may be the user's own; empty where nothing is. */
function betweenText({ between }: ChangeSet): string {
  if (between.length === 0) return '';
  const names = between.slice(0, 5).join(', ');
  return between.length > 5
    ? l10n.t(
        'Among them are files that were changed while no agent was at work, perhaps by you: {0} and {1} more.',
        names,
        between.length - 5,
      )
    : l10n.t(
        'Among them are files that were changed while no agent was at work, perhaps by you: {0}.',
        names,
      );
}

export function undoButton(context: CommandContext, taskId: string, undoId: string | null) {
  if (undoId === null) return [];
  return [{ label: l10n.t('Undo'), act: () => undo(context, taskId, undoId) }];
}

async function undo(context: CommandContext, taskId: string, undoId: string): Promise<void> {
  const info = await context.kandev.query('result.info', { taskId });
  const roots = [info?.root, info?.targetRoot].filter((root) => typeof root === 'string');
  const outcome = await untilDone(roots, (choice) =>
    underway(context, l10n.t('Undoing…'), (operation) =>
      context.kandev.execute('result.undo', { taskId, undoId, ...choice, operation }),
    ),
  );
  if (outcome) tellReverted(context, taskId, outcome, l10n.t('It was undone'));
}

interface UndoItem extends QuickPickItem {
  undoId: string;
  taskId: string;
}

/** Offers what can be taken back, the last thing first. */
export async function undoLast(context: CommandContext): Promise<void> {
  const undos = await context.kandev.query('result.undos', {});
  if (undos.length === 0) {
    void window.showInformationMessage(
      l10n.t('No change of an agent was applied, rolled back or discarded.'),
    );
    return;
  }
  const names = {
    rollBack: l10n.t('Roll Back'),
    discard: l10n.t('Discard'),
    apply: l10n.t('Apply to Folder'),
    undo: l10n.t('Undo'),
  };
  const items = undos.map(({ undoId, taskId, what, title, at, isComplete }): UndoItem => {
    const notes = [
      ...(isComplete ? [] : [l10n.t('It was cut off. Undo it to have the files as before.')]),
      ...(what === 'undo' ? [l10n.t('Does again what was undone.')] : []),
    ];
    const description = `“${title}” · ${new Date(at).toLocaleString()}`;
    const detail = notes.join(' ');
    return { label: names[what], description, ...(detail === '' ? {} : { detail }), undoId, taskId };
  });
  const picked = await window.showQuickPick(items, {
    title: l10n.t('Undo'),
    placeHolder: l10n.t('What do you want to take back? The last thing is the first.'),
    matchOnDescription: true,
  });
  if (picked) await undo(context, picked.taskId, picked.undoId);
}

/**
 * Does it, asks about what stands against it, and does it again as the user has chosen; undefined when nothing was done.
 * @param roots what the paths of its files may be relative to
 */
async function untilDone(
  roots: readonly string[],
  work: (choice: Choice) => Promise<RevertOutcome | undefined>,
): Promise<RevertOutcome | undefined> {
  let choice: Choice = { conflicts: 'stop', branch: 'stop' };
  for (;;) {
    const outcome = await work(choice);
    if (!outcome || outcome.done) return outcome;
    const next = await askWhatNext(outcome, choice, roots);
    if (!next) return undefined;
    choice = next;
  }
}

async function askWhatNext(
  outcome: RevertOutcome,
  choice: Choice,
  roots: readonly string[],
): Promise<Choice | undefined> {
  let next = choice;
  if (outcome.branchMoved && choice.branch === 'stop') {
    const branch = await askAboutBranch(outcome.branchMoved);
    if (!branch) return undefined;
    next = { ...next, branch };
  }
  if (outcome.conflicts.length > 0 && choice.conflicts === 'stop') {
    const conflicts = await askAboutConflicts(outcome.conflicts);
    if (conflicts === 'save')
      return (await saveOpen(pathsOf(outcome.conflicts, roots))) ? { ...next } : undefined;
    if (!conflicts) return undefined;
    next = { ...next, conflicts };
  }
  // With nothing left to ask, the same question would be asked for ever.
  return next === choice ? undefined : next;
}

function askAboutBranch({
  from,
  to,
}: NonNullable<RevertOutcome['branchMoved']>): Promise<Choice['branch'] | undefined> {
  return askAbout<Choice['branch']>(
    l10n.t('Nothing was done: the branch is not where it was.'),
    l10n.t(
      'It was at {0} and is at {1}. Commits that are moved away from stay reachable under refs/kandev.',
      headText(from),
      headText(to),
    ),
    [
      [l10n.t('Leave the Branch'), 'keep'],
      [l10n.t('Move It Back'), 'moveBack'],
    ],
  );
}

/** What is saved is kept: it can then be taken back, and that undone. */
function askAboutConflicts(
  conflicts: readonly FileConflict[],
): Promise<Choice['conflicts'] | 'save' | undefined> {
  return askAbout<Choice['conflicts'] | 'save'>(
    l10n.t('Some files cannot be taken back without losing something.'),
    conflictList(conflicts),
    [
      [l10n.t('Keep These, Take Back the Rest'), 'keep'],
      ...(has(conflicts, 'unsaved') ? [[l10n.t('Save and Try Again'), 'save'] as const] : []),
      ...(has(conflicts, 'changed') || has(conflicts, 'between-turns')
        ? [[l10n.t('Take Back the Changed Ones Too'), 'overwrite'] as const]
        : []),
    ],
  );
}

function pathsOf(conflicts: readonly FileConflict[], roots: readonly string[]): string[] {
  const unsaved = conflicts.filter(({ reason }) => reason === 'unsaved');
  return roots.flatMap((root) => unsaved.map(({ path }) => Uri.joinPath(Uri.file(root), path).fsPath));
}

function headText({ branch, commit }: { branch: string | null; commit: string | null }): string {
  const at = commit?.slice(0, 8) ?? l10n.t('no commit');
  return branch === null ? at : l10n.t('{0} ({1})', branch, at);
}

function tellReverted(context: CommandContext, taskId: string, outcome: RevertOutcome, done: string): void {
  const { paths, conflicts, kept, branchMoved, undoId } = outcome;
  const left = [...conflicts.map(({ path }) => path), ...kept];
  const parts = [
    paths.length === 1 ? l10n.t('{0}: 1 file.', done) : l10n.t('{0}: {1} files.', done, paths.length),
    left.length === 0 ? '' : l10n.t('These were left as they are: {0}.', left.slice(0, 5).join(', ')),
    branchMoved ? l10n.t('The branch was left where it is.') : '',
  ];
  const message = parts.filter((part) => part !== '').join(' ');
  tell(context, left.length === 0 ? 'info' : 'warning', message, undoButton(context, taskId, undoId));
}
