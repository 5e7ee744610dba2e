import { l10n } from 'vscode';
import type { AgentType } from '../model/agentType.ts';
import type { CardFilter } from '../model/cardFilter.ts';
import { stateNames } from '../model/taskState.ts';
import { agentName } from './cardText.ts';

/** How an agent is called in a filter; the empty id stands for cards without one. */
export function filteredAgent(agentTypes: readonly AgentType[], id: string): string {
  return id === '' ? l10n.t('No agent') : (agentName(agentTypes, id) ?? id);
}

/** What a filter lets through, in one line. */
export function filterText(
  { text, labels, agents, states, needsMe }: CardFilter,
  agentTypes: readonly AgentType[],
): string {
  return [
    ...(text.trim() === '' ? [] : [`“${text.trim()}”`]),
    ...(needsMe ? [l10n.t('needs you')] : []),
    ...states.map((state) => stateNames[state]),
    ...agents.map((id) => filteredAgent(agentTypes, id)),
    ...labels,
  ].join(' · ');
}
