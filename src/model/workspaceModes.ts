import type { WorkspaceMode } from './task.ts';

/** The ways to choose from for a card: those of its folder, and the card's own where the folder has become another. */
export function offeredModes(modes: readonly WorkspaceMode[], own: WorkspaceMode): WorkspaceMode[] {
  return modes.includes(own) ? [...modes] : [...modes, own];
}

export function hasBranch(mode: WorkspaceMode): boolean {
  return mode === 'clone' || mode === 'repository';
}
