import { l10n } from 'vscode';
import type { ApprovalPreset, RuleDraft, RuleScope } from '../model/permissionRule.ts';
import { presetText, ruleText, rulingText, type Translate } from '../model/ruleText.ts';
import type { PermissionRequest } from '../model/permission.ts';
import { findCard, type BoardState } from './boardState.ts';
import { agentName } from './cardText.ts';

/** Rules in the words of VS Code's user. */
export const translate: Translate = (text, ...values) => l10n.t(text, ...values);

/** A rule in plain words. */
export function ruleLabel(state: BoardState, rule: RuleDraft, scopeName = scopeNameOf(state, rule)): string {
  const agentTypes = state.current.status === 'ready' ? state.current.agentTypes : [];
  return ruleText(rule, { agent: agentName(agentTypes, rule.agentTypeId), scope: scopeName }, translate);
}

export function presetLabel(preset: ApprovalPreset): string {
  return presetText(preset, translate);
}

export function presetDetail(preset: ApprovalPreset): string {
  switch (preset) {
    case 'ask':
      return l10n.t('Whatever no rule decides waits for your answer.');
    case 'read':
      return l10n.t('Reading and searching files of the workspace goes on without you.');
    case 'edit':
      return l10n.t('Changing files too, but not in .git, .vscode and the like.');
    case 'all':
      return l10n.t('Commands, deletions and the network too: only the container holds.');
  }
}

export function scopeLabel(scope: RuleScope): string {
  switch (scope) {
    case 'run':
      return l10n.t('This run');
    case 'card':
      return l10n.t('This card');
    case 'board':
      return l10n.t('This board');
    case 'workspace':
      return l10n.t('This workspace');
  }
}

/** Which rule has a request asked; empty where none has a say in it, as that is how it is without rules. */
export function whyAsked({ ruling }: PermissionRequest): string {
  return ruling && ruling.by !== 'none' ? rulingText(ruling, translate) : '';
}

/** What the id of a scope is called, where the board knows it. */
function scopeNameOf(state: BoardState, { scope, scopeId }: RuleDraft): string | null {
  if (state.current.status !== 'ready' || scopeId === null) return null;
  const { boards, cards } = state.current.view;
  if (scope === 'board') return boards.find(({ id }) => id === scopeId)?.name ?? null;
  const card = scope === 'card' ? findCard(state, scopeId) : cards.find(({ run }) => run?.id === scopeId);
  return card?.task.title ?? null;
}
