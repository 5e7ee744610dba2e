import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { priorities, type Priority, type Task } from '../../../src/model/task.ts';
import { describeQueue, freePlaces, orderQueue } from '../../../src/orchestrator/queue.ts';

function task(id: string, priority: Priority, updatedAt: number): Task {
  return {
    id,
    boardId: 'board',
    title: id,
    description: '',
    state: 'TODO',
    priority,
    position: 0,
    agentTypeId: 'demo',
    workspaceMode: 'folder',
    repositoryUrl: null,
    branch: null,
    includeUncommitted: true,
    labels: [],
    heldBecause: null,
    createdBy: 'ann',
    createdAt: updatedAt,
    updatedAt,
  };
}

describe('the queue', () => {
  it('goes by priority, then by age', () => {
    const waiting = [
      task('late', 'normal', 30),
      task('urgent', 'urgent', 40),
      task('early', 'normal', 10),
      task('low', 'low', 1),
    ];
    expect(orderQueue(waiting).map(({ id }) => id)).toEqual(['urgent', 'early', 'late', 'low']);
  });

  it('has one order for the same cards, however they come', () => {
    const anyTask = fc
      .tuple(fc.uuid(), fc.constantFrom(...priorities), fc.nat(3))
      .map(([id, priority, at]) => task(id, priority, at));
    fc.assert(
      fc.property(fc.uniqueArray(anyTask, { selector: ({ id }) => id }), (tasks) => {
        const order = orderQueue(tasks).map(({ id }) => id);
        expect(orderQueue([...tasks].reverse()).map(({ id }) => id)).toEqual(order);
        expect([...order].sort()).toEqual(tasks.map(({ id }) => id).sort());
      }),
    );
  });

  it('tells each card its place and what it waits for', () => {
    const waiting = [task('b', 'normal', 2), task('a', 'high', 1)];
    expect(describeQueue(waiting, 3, 3, null)).toEqual([
      { taskId: 'a', place: 1, why: 'Waiting: 3 agents are working' },
      { taskId: 'b', place: 2, why: 'Waiting: 3 agents are working' },
    ]);
    expect(describeQueue(waiting, 0, 3, 'Docker does not answer.')[0]?.why).toBe('Docker does not answer.');
  });

  it('never has less than no room', () => {
    expect(freePlaces(5, 3)).toBe(0);
    expect(freePlaces(1, 3)).toBe(2);
  });
});
