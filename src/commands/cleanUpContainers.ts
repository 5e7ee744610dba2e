import { l10n, window } from 'vscode';
import type { Leftover } from '../model/leftover.ts';
import { leftoverText } from '../providers/leftoverText.ts';
import type { CommandContext } from './commandContext.ts';

/** Offers what this installation has left on the engine and nobody cares for any more, and removes what is chosen. */
export async function cleanUpContainers({ kandev }: CommandContext): Promise<void> {
  const found = await window.withProgress({ location: { viewId: 'kandev.cards' } }, () =>
    kandev.query('leftovers', {}),
  );
  if (found.length === 0) {
    void window.showInformationMessage(
      l10n.t('There is nothing to clean up: every container of Kandev belongs to a card.'),
    );
    return;
  }
  const now = Date.now();
  const items = found
    .sort((one, other) => (one.createdAt ?? 0) - (other.createdAt ?? 0))
    .map((leftover) => ({ ...leftoverText(leftover, now), picked: isSafe(leftover), leftover }));
  const picked = await window.showQuickPick(items, {
    canPickMany: true,
    title: l10n.t('Clean Up Containers'),
    placeHolder: l10n.t('Which are to be removed?'),
    matchOnDetail: true,
    matchOnDescription: true,
  });
  if (!picked || picked.length === 0) return;
  const chosen = picked.map(({ leftover }) => leftover);
  if (!(await confirmed(chosen))) return;
  const removed = await window.withProgress({ location: { viewId: 'kandev.cards' } }, () =>
    kandev.execute('engine.removeLeftovers', { runIds: chosen.map(({ runId }) => runId) }),
  );
  void window.showInformationMessage(
    removed.length === 1
      ? l10n.t('What was left of one run is removed.')
      : l10n.t('What was left of {0} runs is removed.', removed.length),
  );
}

/** Nobody loses anything by it. */
function isSafe({ isRunning, holdsWork }: Leftover): boolean {
  return !isRunning && !holdsWork;
}

/** Asks once more where files may go with it. */
async function confirmed(chosen: readonly Leftover[]): Promise<boolean> {
  const { length } = chosen.filter(({ holdsWork }) => holdsWork);
  if (length === 0) return true;
  const remove = l10n.t('Remove');
  const question =
    length === 1
      ? l10n.t('Remove files of an agent that may be nowhere else?')
      : l10n.t('Remove files of {0} agents that may be nowhere else?', length);
  const detail = l10n.t(
    'The engine does not see your folders, so these agents worked on copies. What can still be brought back is brought back first.',
  );
  return (await window.showWarningMessage(question, { modal: true, detail }, remove)) === remove;
}
