import { commands, env, l10n, Uri, window } from 'vscode';
import type { ResultSpan } from '../api/resultContract.ts';
import type { CardView } from '../model/cardView.ts';
import { latestRun } from '../providers/resultRuns.ts';
import { openReview } from '../providers/reviewEditor.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';
import { changesOf, pickResult, pickRun, runLabel, type ResultTarget } from './resultTarget.ts';

const worked = ({ run }: CardView): boolean => run !== null && run.workspace !== null;

function reviewFilter() {
  return {
    fits: worked,
    placeholder: l10n.t('The changes of which card do you want to see?'),
    none: l10n.t('No agent has worked on a card yet.'),
  };
}

function workspaceFilter() {
  return {
    fits: ({ run }: CardView) =>
      run?.workspace !== undefined && run.workspace !== null && run.workspace.kind !== 'folder',
    placeholder: l10n.t('The workspace of which card do you want to see?'),
    none: l10n.t('No card has a workspace of its own.'),
  };
}

/** Looking at what agents have done. */
export const reviewCommands: CommandTable = {
  'kandev.reviewChanges': async (context, argument) => {
    const target = await pickResult(context, argument, reviewFilter());
    const run = target && latestRun(target.info);
    if (!target || !run) return;
    const { title } = target.card.task;
    const isOnly = target.info.runs.length === 1;
    const name = isOnly ? l10n.t('“{0}”', title) : l10n.t('“{0}” ({1})', title, runLabel(target.info, run));
    await review(context, target, { runId: run.id }, name);
  },

  'kandev.reviewRun': async (context, argument) => {
    const target = await pickResult(context, argument, reviewFilter());
    const wanted = runIdOf(argument);
    const run =
      target &&
      (target.info.runs.find(({ id }) => id === wanted) ??
        (await pickRun(target, l10n.t('The changes of which run do you want to see?'))));
    if (!target || !run) return;
    const name = l10n.t('“{0}” ({1})', target.card.task.title, runLabel(target.info, run));
    await review(context, target, { runId: run.id }, name);
  },

  'kandev.reviewAllChanges': async (context, argument) => {
    const target = await pickResult(context, argument, reviewFilter());
    if (!target) return;
    const { id, title } = target.card.task;
    const name =
      target.info.kind === 'folder'
        ? l10n.t('Everything in the folder since “{0}” was begun', title)
        : l10n.t('“{0}” (all runs)', title);
    await review(context, target, { taskId: id }, name);
  },

  'kandev.showWorkspace': async (context, argument) => {
    const target = await pickResult(context, argument, workspaceFilter());
    if (target) await showFolder(target.info.root);
  },

  'kandev.openWorkspace': async (context, argument) => {
    const target = await pickResult(context, argument, workspaceFilter());
    if (!target) return;
    const question = l10n.t('Open the workspace of “{0}” in a new window?', target.card.task.title);
    const detail = l10n.t(
      'An agent has written it, settings and git configuration included. VS Code asks whether you trust it: as long as you do not, nothing in it is run.',
    );
    const open = l10n.t('Open');
    if ((await window.showWarningMessage(question, { modal: true, detail }, open)) !== open) return;
    await commands.executeCommand('vscode.openFolder', Uri.file(target.info.root), { forceNewWindow: true });
  },
};

/** The run that it was called on in the tree, where it was on one. */
function runIdOf(argument: unknown): string | null {
  if (typeof argument !== 'object' || argument === null || !('runId' in argument)) return null;
  return typeof argument.runId === 'string' ? argument.runId : null;
}

async function review(
  context: CommandContext,
  target: ResultTarget,
  span: ResultSpan,
  title: string,
): Promise<void> {
  const changes = await changesOf(context, target, span);
  if (!changes) return;
  const { info, card } = target;
  await context.review.documents.opened(card.task.id, { info, span, files: changes.files });
  context.review.offer();
  context.walk.opened(card.task.id, span);
  await openReview({ title, info, span, changes });
}

/** In the machine's own file manager; VS Code in a browser has none. */
async function showFolder(folder: string): Promise<void> {
  const known = await commands.getCommands(true);
  if (known.includes('revealFileInOS')) {
    await commands.executeCommand('revealFileInOS', Uri.file(folder));
    return;
  }
  const copy = l10n.t('Copy Path');
  const chosen = await window.showInformationMessage(l10n.t('The workspace is {0}.', folder), copy);
  if (chosen === copy) await env.clipboard.writeText(folder);
}
