import { l10n, window, workspace } from 'vscode';
import type { FileConflict } from '../api/resultContract.ts';

const listed = 15;

/** Files that are left as they are, each with the reason, for the text of a dialog. */
export function conflictList(conflicts: readonly FileConflict[]): string {
  const lines = conflicts.slice(0, listed).map(({ path, reason }) => `• ${path}: ${reasonText(reason)}`);
  const more = conflicts.length - lines.length;
  return [...lines, ...(more > 0 ? [l10n.t('and {0} more', more)] : [])].join('\n');
}

function reasonText(reason: FileConflict['reason']): string {
  switch (reason) {
    case 'changed':
      return l10n.t('was changed since');
    case 'between-turns':
      return l10n.t('was changed between two turns, while the agent was not at work');
    case 'unsaved':
      return l10n.t('has changes that are not saved');
    case 'uncommitted':
      return l10n.t('has changes that are not committed');
    case 'in-the-way':
      return l10n.t('something else stands in its place');
  }
}

export function has(conflicts: readonly FileConflict[], reason: FileConflict['reason']): boolean {
  return conflicts.some((each) => each.reason === reason);
}

/** Asks what to do about files that are in the way; undefined when the user does nothing. */
export async function askAbout<T extends string>(
  question: string,
  detail: string,
  choices: readonly (readonly [label: string, choice: T])[],
): Promise<T | undefined> {
  const labels = choices.map(([label]) => label);
  const chosen = await window.showWarningMessage(question, { modal: true, detail }, ...labels);
  return choices.find(([label]) => label === chosen)?.[1];
}

/** Saves what the user has open of these. @returns false when VS Code could not save one of them */
export async function saveOpen(paths: readonly string[]): Promise<boolean> {
  const wanted = new Set(paths);
  const dirty = workspace.textDocuments.filter(({ isDirty, uri }) => isDirty && wanted.has(uri.fsPath));
  const saved = await Promise.all(dirty.map((document) => document.save()));
  return dirty.length > 0 && saved.every(Boolean);
}
