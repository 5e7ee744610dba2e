import { l10n, ThemeColor, ThemeIcon, TreeItem } from 'vscode';
import { runTime, type Run, type RunState } from '../model/run.ts';
import { changesText, durationText } from './cardText.ts';
import type { RunNode } from './treeNodes.ts';

/** The runs of a card, the newest first. `runs` begins with the oldest. */
export function runNodes(taskId: string, runs: readonly Run[]): RunNode[] {
  return runs
    .map((run, index): RunNode => ({ kind: 'run', taskId, runId: run.id, run, number: index + 1 }))
    .reverse();
}

export function runItem({ taskId, run, number }: RunNode): TreeItem {
  const { text, icon, color } = runStatus(run.state);
  const item = new TreeItem(l10n.t('Run {0}', number));
  item.id = `run:${run.id}`;
  const time = runTime(run);
  const took = time && 'took' in time ? durationText(time.took) : '';
  const facts = [text, took, changesText({ run })].filter((fact) => fact !== '');
  item.description = facts.join(' · ');
  item.iconPath = new ThemeIcon(icon, color === undefined ? undefined : new ThemeColor(color));
  item.contextValue = `run ${run.changes && run.changes.files > 0 ? 'changed' : ''}`.trim();
  item.tooltip = [
    new Date(run.createdAt).toLocaleString(),
    run.turns === 1 ? l10n.t('1 message') : l10n.t('{0} messages', run.turns),
    ...(run.failure ? [run.failure.message] : []),
    ...(run.activity === null ? [] : [run.activity]),
  ].join('\n');
  item.accessibilityInformation = { label: [l10n.t('Run {0}', number), ...facts].join(', ') };
  item.command = { command: 'kandev.openRun', title: l10n.t('Open Card'), arguments: [{ taskId }] };
  return item;
}

function runStatus(state: RunState): { text: string; icon: string; color?: string } {
  switch (state) {
    case 'PENDING':
    case 'PREPARING':
      return { text: l10n.t('Preparing'), icon: 'loading~spin' };
    case 'STARTING':
      return { text: l10n.t('Starting'), icon: 'loading~spin' };
    case 'RUNNING':
      return { text: l10n.t('Running'), icon: 'loading~spin' };
    case 'WAITING':
      return { text: l10n.t('Needs you'), icon: 'bell-dot', color: 'notificationsWarningIcon.foreground' };
    case 'READY':
      return { text: l10n.t('Your turn'), icon: 'comment-discussion' };
    case 'COMPLETED':
      return { text: l10n.t('Finished'), icon: 'pass', color: 'testing.iconPassed' };
    case 'FAILED':
      return { text: l10n.t('Failed'), icon: 'error', color: 'notificationsErrorIcon.foreground' };
    case 'STOPPED':
      return { text: l10n.t('Stopped'), icon: 'debug-stop' };
  }
}
