import { describe, expect, it } from 'vitest';
import {
  cardMatcher,
  filterChoices,
  isFiltering,
  noFilter,
  type CardFilter,
} from '../../../src/model/cardFilter.ts';
import { aCard, aRequest, aRun } from '../webview/cards.ts';

const cards = [
  aCard('docs', { labels: ['docs', 'easy'], title: 'Fix the docs', agentTypeId: null }),
  aCard('bug', { labels: ['bug'], title: 'Fix the parser', priority: 'urgent', state: 'IN_PROGRESS' }),
  aCard('asks', { state: 'IN_PROGRESS' }, { run: aRun('asks'), permissions: [aRequest('asks')] }),
  aCard('waits', { state: 'TODO' }, { queue: { place: 1, why: '', until: null, needs: 'credentials' } }),
];

function shown(filter: Partial<CardFilter>): string[] {
  const matches = cardMatcher({ ...noFilter, ...filter });
  return cards
    .filter((card) => matches(card, card.task.agentTypeId === null ? '' : 'Demo Agent'))
    .map(({ task }) => task.id);
}

describe('cardMatcher', () => {
  it('lets everything through without a wish', () => {
    expect(shown({ text: '   ' })).toHaveLength(4);
    expect(isFiltering({ ...noFilter, text: '  ' })).toBe(false);
  });

  it('wants every word, wherever it stands', () => {
    expect(shown({ text: ' FIX  bug ' })).toEqual(['bug']);
    expect(shown({ text: 'demo agent' })).toEqual(['bug', 'asks', 'waits']);
    expect(shown({ text: 'urgent in progress' })).toEqual(['bug']);
    expect(shown({ text: 'low' })).toEqual([]);
  });

  it('wants one of each kind, and every kind', () => {
    expect(shown({ labels: ['docs', 'bug'] })).toEqual(['docs', 'bug']);
    expect(shown({ labels: ['docs', 'bug'], states: ['IN_PROGRESS'] })).toEqual(['bug']);
    expect(shown({ agents: [''] })).toEqual(['docs']);
    expect(shown({ agents: ['demo', ''] })).toHaveLength(4);
  });

  it('knows who waits for the user, also those that were not started yet', () => {
    expect(shown({ needsMe: true })).toEqual(['asks', 'waits']);
    expect(shown({ needsMe: true, text: 'Card asks' })).toEqual(['asks']);
  });
});

describe('filterChoices', () => {
  it('has what the cards have, each once', () => {
    expect(filterChoices(cards)).toEqual({
      labels: ['bug', 'docs', 'easy'],
      agents: ['', 'demo'],
      states: ['BACKLOG', 'TODO', 'IN_PROGRESS'],
    });
  });
});
