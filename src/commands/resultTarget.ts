import { l10n, window, type QuickPickItem } from 'vscode';
import type { ChangeSet, ResultInfo, ResultSpan } from '../api/resultContract.ts';
import type { CardView } from '../model/cardView.ts';
import { UserError } from '../model/failure.ts';
import type { Run } from '../model/run.ts';
import { filesText } from '../providers/cardText.ts';
import { runNumber } from '../providers/resultRuns.ts';
import type { CommandContext } from './commandContext.ts';
import { pickCard } from './pickCard.ts';
import { underway } from './underway.ts';

/** A card with what an agent has made of it. */
export interface ResultTarget {
  card: CardView;
  info: ResultInfo;
}

/** Which cards a command is for. */
export interface ResultFilter {
  placeholder: string;
  none: string;
  fits: (card: CardView) => boolean;
}

/** The card that a command is for, with its result. */
export async function pickResult(
  context: CommandContext,
  argument: unknown,
  { fits, placeholder, none }: ResultFilter,
): Promise<ResultTarget | undefined> {
  const card = await pickCard(context, argument, fits, { placeholder, none });
  if (!card) return undefined;
  const info = await context.kandev.query('result.info', { taskId: card.task.id });
  if (info && info.runs.length > 0) return { card, info };
  throw new UserError({
    reason: 'not-found',
    message: l10n.t('No agent has worked on “{0}” yet, so there is nothing to look at.', card.task.title),
    ...(card.task.agentTypeId === null ? {} : { action: { kind: 'retry', taskId: card.task.id } }),
  });
}

export async function changesOf(
  context: CommandContext,
  { card }: ResultTarget,
  span: ResultSpan,
): Promise<ChangeSet | undefined> {
  return underway(context, l10n.t('Looking up what has changed for “{0}”…', card.task.title), (operation) =>
    context.kandev.query('result.changes', { span, operation }),
  );
}

interface RunItem extends QuickPickItem {
  run: Run;
}

/** One of the runs of a card; the only one is not asked for. */
export async function pickRun({ card, info }: ResultTarget, placeholder: string): Promise<Run | undefined> {
  const [first, ...others] = info.runs;
  if (others.length === 0) return first;
  const items = info.runs.map((run): RunItem => {
    const isBack = info.rolledBack.includes(run.id);
    return {
      label: runLabel(info, run),
      description: new Date(run.createdAt).toLocaleString(),
      detail: isBack ? l10n.t('rolled back') : run.changes ? filesText(run.changes) : l10n.t('still at work'),
      run,
    };
  });
  const picked = await window.showQuickPick(items, { title: card.task.title, placeHolder: placeholder });
  return picked?.run;
}

export function runLabel(info: ResultInfo, run: Run): string {
  return l10n.t('Run {0} of {1}', runNumber(info, run.id), info.runs.length);
}
