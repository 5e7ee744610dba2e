import { l10n } from 'vscode';
import type { WorkspaceMode } from '../model/task.ts';

/** The ways an agent can work, in words. */
export function modeText(mode: WorkspaceMode): { name: string; detail: string } {
  switch (mode) {
    case 'folder':
      return {
        name: l10n.t('The open folder'),
        detail: l10n.t(
          'Changes are in your files at once. One agent at a time; before each run a checkpoint is taken.',
        ),
      };
    case 'clone':
      return {
        name: l10n.t('A clone of its own'),
        detail: l10n.t(
          'On a branch of its own, beside others. You apply or merge the result when you like it.',
        ),
      };
    case 'repository':
      return {
        name: l10n.t('Another repository'),
        detail: l10n.t('Cloned with your own sign-in. You send the result back as a branch.'),
      };
    case 'copy':
      return {
        name: l10n.t('A copy of the folder'),
        detail: l10n.t('Beside others. You apply the result when you like it.'),
      };
  }
}

const units = ['B', 'KB', 'MB', 'GB', 'TB'];

/** A size on the disk: "12 KB". */
export function sizeText(bytes: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 1024 ** power;
  return `${value >= 10 || power === 0 ? Math.round(value) : value.toFixed(1)} ${units[power] ?? ''}`;
}
