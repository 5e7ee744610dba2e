import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { taskStates } from '../../../src/model/task.ts';
import { nextStates, refuseTransition } from '../../../src/model/taskState.ts';

const anyState = fc.constantFrom(...taskStates);

describe('task states', () => {
  it('allow the way of a card that an agent works on', () => {
    expect(refuseTransition('BACKLOG', 'TODO')).toBeNull();
    expect(refuseTransition('TODO', 'IN_PROGRESS')).toBeNull();
    expect(refuseTransition('IN_PROGRESS', 'REVIEW')).toBeNull();
    expect(refuseTransition('REVIEW', 'COMPLETED')).toBeNull();
  });

  it('refuse with the reason and the ways that are open', () => {
    const refusal = refuseTransition('BLOCKED', 'IN_PROGRESS');
    expect(refusal).toContain('Blocked cannot go to In Progress');
    expect(refusal).toContain('To Do, Backlog, Cancelled');
  });

  it('refuse exactly what the table does not list, and never without a sentence', () => {
    fc.assert(
      fc.property(anyState, anyState, (from, to) => {
        const refusal = refuseTransition(from, to);
        if (from !== to && nextStates(from).includes(to)) expect(refusal).toBeNull();
        else expect(refusal).toMatch(/\.$/);
      }),
    );
  });

  it('leave no card stuck: from every state there is a way back to To Do', () => {
    for (const state of taskStates) {
      if (state !== 'TODO') expect(reachable(state)).toContain('TODO');
    }
  });
});

function reachable(from: (typeof taskStates)[number]): Set<string> {
  const found = new Set<(typeof taskStates)[number]>();
  const open = [from];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (const next of nextStates(state)) {
      if (found.has(next)) continue;
      found.add(next);
      open.push(next);
    }
  }
  return found;
}
