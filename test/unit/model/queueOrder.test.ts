import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareQueued,
  levelMs,
  moveInQueue,
  queueOrderAfter,
  queueOrderOf,
} from '../../../src/model/queueOrder.ts';
import { priorities, type Task } from '../../../src/model/task.ts';

type Queued = Pick<
  Task,
  'id' | 'position' | 'state' | 'priority' | 'agentTypeId' | 'heldBecause' | 'queueOrder'
>;

const day = 24 * 60 * 60_000;
const anyPriority = fc.constantFrom(...priorities);
const anyTime = fc.nat(day);

function queued(id: string, priority: Task['priority'], at: number): Queued {
  return {
    id,
    position: 0,
    state: 'TODO',
    priority,
    agentTypeId: 'demo',
    heldBecause: null,
    queueOrder: queueOrderOf(priority, at),
  };
}

function ids(cards: readonly Queued[]): string[] {
  return [...cards].sort(compareQueued).map(({ id }) => id);
}

describe('the order of the queue', () => {
  it('goes by priority, then by age', () => {
    const cards = [
      queued('late', 'normal', 30),
      queued('urgent', 'urgent', 40),
      queued('early', 'normal', 10),
      queued('low', 'low', 1),
    ];
    expect(ids(cards)).toEqual(['urgent', 'early', 'late', 'low']);
  });

  it('lets a waiting card rise above more urgent ones that come an hour later for each level', () => {
    const old = queued('old', 'low', 0);
    expect(ids([old, queued('new', 'normal', levelMs - 1)])).toEqual(['new', 'old']);
    expect(ids([old, queued('new', 'normal', levelMs + 1)])).toEqual(['old', 'new']);
    expect(ids([old, queued('new', 'urgent', 3 * levelMs + 1)])).toEqual(['old', 'new']);
  });

  it('lets no card starve: only those can go before it that come within three hours', () => {
    fc.assert(
      fc.property(anyPriority, anyTime, fc.array(fc.tuple(anyPriority, anyTime)), (priority, at, others) => {
        const card = queued('card', priority, at);
        const before = others
          .map(([other, time], index) => ({ time, card: queued(String(index), other, time) }))
          .filter((other) => compareQueued(other.card, card) < 0);
        for (const { time } of before) expect(time).toBeLessThanOrEqual(at + 3 * levelMs);
      }),
    );
  });

  it('is one order for the same cards, however they come', () => {
    const anyCard = fc.tuple(fc.uuid(), anyPriority, fc.nat(3)).map((card) => queued(...card));
    fc.assert(
      fc.property(fc.uniqueArray(anyCard, { selector: ({ id }) => id }), (cards) => {
        expect(ids([...cards].reverse())).toEqual(ids(cards));
      }),
    );
  });

  it('keeps the place of a card that is edited, and moves one whose priority is changed by its levels', () => {
    const card = queued('card', 'normal', 5);
    expect(queueOrderAfter(card, card, 99)).toBe(card.queueOrder);
    expect(queueOrderAfter(card, { ...card, priority: 'urgent' }, 99)).toBe(queueOrderOf('urgent', 5));
    expect(queueOrderAfter(card, { ...card, heldBecause: 'You stopped it.' }, 99)).toBeNull();
    expect(queueOrderAfter({ ...card, queueOrder: null }, card, 99)).toBe(queueOrderOf('normal', 99));
  });
});

describe('a move within the queue', () => {
  it('puts the card at its new place, and leaves the others as they stand to each other', () => {
    const anyMove = fc.array(fc.nat(20), { minLength: 1 }).chain((orders) =>
      fc.record({
        orders: fc.constant([...orders].sort((a, b) => a - b)),
        from: fc.nat(orders.length - 1),
        to: fc.nat(orders.length - 1),
      }),
    );
    fc.assert(
      fc.property(anyMove, ({ orders, from, to }) => {
        const moved = moveInQueue(orders, from, to);
        const places = moved
          .map((order, place) => ({ order, place }))
          .sort((a, b) => a.order - b.order)
          .map(({ place }) => place);
        const wanted = orders.map((_, place) => place);
        wanted.splice(to, 0, ...wanted.splice(from, 1));
        expect(places).toEqual(wanted);
      }),
    );
  });

  it('shares out the times that were there, so that later cards find their place as before', () => {
    expect(moveInQueue([10, 20, 30], 2, 0)).toEqual([20, 30, 10]);
    expect(moveInQueue([10, 20, 30], 0, 1)).toEqual([20, 10, 30]);
  });
});
