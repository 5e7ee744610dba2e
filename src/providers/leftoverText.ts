import { l10n } from 'vscode';
import type { Leftover } from '../model/leftover.ts';
import { agoText } from './agoText.ts';
import { sizeText } from './workspaceText.ts';

/** What is left of a run, in words for a list. */
export function leftoverText(
  leftover: Leftover,
  now: number,
): Record<'label' | 'description' | 'detail', string> {
  const { createdAt, bytes, isRunning } = leftover;
  const facts = [
    isRunning ? l10n.t('running') : l10n.t('not running'),
    ...(createdAt === null ? [] : [l10n.t('made {0}', agoText(now - createdAt))]),
    ...(bytes === null ? [] : [l10n.t('{0} written', sizeText(bytes))]),
  ];
  return { label: causeText(leftover), description: facts.join(' · '), detail: thingsText(leftover) };
}

function causeText({ cause }: Leftover): string {
  switch (cause.kind) {
    case 'card-gone':
      return l10n.t('Run of a card that is gone');
    case 'helper':
      return l10n.t('Check or sign-in that was cut off');
    case 'board-gone':
      return l10n.t('Run in a folder that is gone');
  }
}

function thingsText({ containers, volumes, hasNetwork, image, holdsWork }: Leftover): string {
  const things = [
    ...(image === null ? [] : [image]),
    containers.length === 1 ? l10n.t('1 container') : l10n.t('{0} containers', containers.length),
    ...(volumes.length === 0
      ? []
      : [volumes.length === 1 ? l10n.t('1 volume') : l10n.t('{0} volumes', volumes.length)]),
    ...(hasNetwork ? [l10n.t('with its network')] : []),
    ...(holdsWork ? [l10n.t('has files that may be nowhere else')] : []),
    containers[0] ?? volumes[0] ?? '',
  ];
  return things.join(' · ');
}
