import { needsUser, type Waiting } from './cardView.ts';
import { taskStates, type Task, type TaskState } from './task.ts';
import { stateNames } from './taskState.ts';

/** Which cards are shown. Of one kind any will do, and every kind that is asked for must fit. */
export interface CardFilter {
  /** Words, each of which must stand somewhere in the card. */
  text: string;
  labels: readonly string[];
  /** Ids of agent types; empty for cards that a person does. */
  agents: readonly string[];
  states: readonly TaskState[];
  /** Only those that wait for the user. */
  needsMe: boolean;
}

/** Lets every card through. */
export const noFilter: CardFilter = { text: '', labels: [], agents: [], states: [], needsMe: false };

export type FilteredCard = { task: Task } & Waiting;

export function isFiltering({ text, labels, agents, states, needsMe }: CardFilter): boolean {
  return text.trim() !== '' || labels.length + agents.length + states.length > 0 || needsMe;
}

/** Cards do not change in place, so the text to search is made once for each. */
const searchTexts = new WeakMap<FilteredCard, string>();

function searchText(card: FilteredCard, agentName: string): string {
  const known = searchTexts.get(card);
  if (known !== undefined) return known;
  const { title, description, labels, priority, state } = card.task;
  const text = [title, description, ...labels, priority, stateNames[state], agentName]
    .join('\n')
    .toLowerCase();
  searchTexts.set(card, text);
  return text;
}

/** A function that tells of a card and the name of its agent (empty without one) whether the filter lets it through. */
export function cardMatcher(filter: CardFilter): (card: FilteredCard, agentName: string) => boolean {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const { labels, agents, states, needsMe } = filter;
  const allows = (wanted: readonly string[], value: string): boolean =>
    wanted.length === 0 || wanted.includes(value);
  return (card, agentName) =>
    allows(states, card.task.state) &&
    allows(agents, card.task.agentTypeId ?? '') &&
    (labels.length === 0 || card.task.labels.some((label) => labels.includes(label))) &&
    (!needsMe || needsUser(card)) &&
    (words.length === 0 || words.every((word) => searchText(card, agentName).includes(word)));
}

/** What can be filtered by, as the cards have it: labels in their order, agents, and states in that of the board. */
export function filterChoices(
  cards: Iterable<FilteredCard>,
): Pick<CardFilter, 'labels' | 'agents' | 'states'> {
  const labels = new Set<string>();
  const agents = new Set<string>();
  const states = new Set<TaskState>();
  for (const { task } of cards) {
    for (const label of task.labels) labels.add(label);
    agents.add(task.agentTypeId ?? '');
    states.add(task.state);
  }
  return {
    labels: [...labels].sort((a, b) => a.localeCompare(b)),
    agents: [...agents],
    states: taskStates.filter((state) => states.has(state)),
  };
}
