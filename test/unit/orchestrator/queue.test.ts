import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admit, type Occupant, type Room, type Waiting } from '../../../src/orchestrator/queue.ts';

function waiting(
  id: string,
  card: Partial<Waiting & { apart: boolean; memoryMb: number; cpus: number }> = {},
): Waiting {
  const { apart = true, memoryMb = 1024, cpus = 1, ...rest } = card;
  return {
    task: { id, title: id, workspaceMode: apart ? 'clone' : 'folder', retry: null },
    agentType: { id: 'demo', name: 'Demo', resources: { memoryMb, cpus } },
    urgent: false,
    ...rest,
  };
}

function occupant(taskId: string, rest: Partial<Occupant> = {}): Occupant {
  return {
    taskId,
    title: taskId,
    agentTypeId: 'demo',
    resources: { memoryMb: 1024, cpus: 1 },
    inFolder: false,
    busy: true,
    idleSince: 0,
    ...rest,
  };
}

function room(rest: Partial<Room> = {}): Room {
  return {
    now: 1000,
    pause: null,
    limit: 10,
    occupants: [],
    engine: { cpus: 8, memoryMb: 8192 },
    engineProblem: null,
    ...rest,
  };
}

/** What is decided, a word or the reason for each card. */
function decide(queue: readonly Waiting[], rest: Partial<Room> = {}): string[] {
  return admit(queue, room(rest)).map((verdict) => (verdict.kind === 'start' ? 'start' : verdict.why));
}

describe('admission', () => {
  it('starts as many as may be at work', () => {
    expect(decide([waiting('a'), waiting('b')], { limit: 2, occupants: [occupant('x')] })).toEqual([
      'start',
      'Waits for a place: 2 agents are at work',
    ]);
    expect(decide([waiting('a')], { limit: 1, occupants: [occupant('x')] })).toEqual([
      'Waits for a place: another agent is at work',
    ]);
  });

  it('keeps the limit of an agent type, and lets others pass', () => {
    const one = { id: 'one', name: 'One', resources: { memoryMb: 100, cpus: 1 }, maxConcurrentRuns: 1 };
    const queue = [waiting('a', { agentType: one }), waiting('b', { agentType: one }), waiting('c')];
    expect(decide(queue)).toEqual(['start', 'Waits for a place of One: another agent is at work', 'start']);
  });

  it('lets one agent at a time write in the folder, and those apart pass', () => {
    const queue = [waiting('a', { apart: false }), waiting('b', { apart: false }), waiting('c')];
    expect(decide(queue)).toEqual(['start', 'Waits for “a”, which works in the folder', 'start']);
    const occupants = [occupant('Fix login', { inFolder: true })];
    expect(decide(queue, { occupants })).toEqual([
      'Waits for “Fix login”, which works in the folder',
      'Waits for “Fix login”, which works in the folder',
      'start',
    ]);
  });

  it('lets the next one write when the turn of the one before is over', () => {
    const occupants = [occupant('done', { inFolder: true, busy: false })];
    expect(decide([waiting('a', { apart: false })], { occupants })).toEqual(['start']);
  });

  it('waits for memory, and keeps it for the first that needs it', () => {
    const occupants = [occupant('x', { resources: { memoryMb: 6144, cpus: 1 } })];
    expect(decide([waiting('big', { memoryMb: 4096 }), waiting('small')], { occupants })).toEqual([
      'Waits for memory: it needs 4 GB, and 2 GB of 8 GB are free',
      'Waits behind “big”, which needs memory',
    ]);
  });

  it('ends the containers that only wait for a message where their memory is needed, the longest idle first', () => {
    const occupants = [
      occupant('new', { busy: false, idleSince: 2, resources: { memoryMb: 4096, cpus: 1 } }),
      occupant('old', { busy: false, idleSince: 1, resources: { memoryMb: 4096, cpus: 1 } }),
    ];
    expect(admit([waiting('a', { memoryMb: 2048 })], room({ occupants }))).toEqual([
      { kind: 'start', endFirst: ['old'] },
    ]);
  });

  it('waits for CPUs, but not for more than there are', () => {
    const occupants = [occupant('x', { resources: { memoryMb: 1, cpus: 6.5 } })];
    expect(decide([waiting('a', { cpus: 2 })], { occupants })).toEqual([
      'Waits for CPUs: it needs 2, and 1.5 of 8 are free',
    ]);
    expect(decide([waiting('a', { cpus: 64 })])).toEqual(['start']);
  });

  it('starts nothing while it is paused or the engine cannot be used', () => {
    expect(decide([waiting('a')], { pause: { by: 'ann', at: 1 } })).toEqual(['The queue is paused']);
    expect(decide([waiting('a')], { engineProblem: 'Docker does not answer.' })).toEqual([
      'Docker does not answer.',
    ]);
  });

  it('waits until a retry is due', () => {
    const retry = { made: 2, of: 3, at: 5000 };
    const queue = [waiting('a', { task: { ...waiting('a').task, retry } }), waiting('b')];
    expect(admit(queue, room())).toEqual([
      { kind: 'wait', why: 'Is tried again by itself, retry 2 of 3', until: 5000 },
      { kind: 'start', endFirst: [] },
    ]);
    expect(decide(queue, { now: 5000 })).toEqual(['start', 'start']);
  });

  it('starts what a person wants now beyond all limits, but not beside another in the folder or without memory', () => {
    const limits = { limit: 1, pause: { by: 'ann', at: 1 }, engine: { cpus: 1, memoryMb: 2048 } };
    const urgent = { urgent: true, apart: false };
    expect(decide([waiting('a', urgent)], { ...limits, occupants: [occupant('x')] })).toEqual(['start']);
    expect(
      decide([waiting('a', urgent)], { ...limits, occupants: [occupant('x', { inFolder: true })] }),
    ).toEqual(['Waits for “x”, which works in the folder']);
    expect(
      decide([waiting('a', { ...urgent, memoryMb: 1536 })], { ...limits, occupants: [occupant('x')] }),
    ).toEqual(['Waits for memory: it needs 1.5 GB, and 1 GB of 2 GB are free']);
  });

  it('never gives away more than there is, and has a reason for every card that waits', () => {
    const anyCard = fc.record({
      apart: fc.boolean(),
      memoryMb: fc.integer({ min: 64, max: 8192 }),
      cpus: fc.double({ min: 0.1, max: 12, noNaN: true }),
      urgent: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(anyCard), fc.array(anyCard), fc.nat(6), (cards, before, limit) => {
        const queue = cards.map((card, index) => waiting(`card ${index}`, card));
        const occupants = before
          .map((card, index) => ({ ...occupant(`run ${index}`, { resources: card }), busy: card.urgent }))
          .filter((_, index, all) => sum(all.slice(0, index + 1)) <= 8192);
        const verdicts = admit(queue, room({ occupants, limit }));
        const ended = verdicts.flatMap((verdict) => (verdict.kind === 'start' ? verdict.endFirst : []));
        const started = queue.filter((_, index) => verdicts[index]?.kind === 'start');
        const live = occupants.filter(({ taskId }) => !ended.includes(taskId));
        const memory = started.reduce(
          (total, { agentType }) => total + agentType.resources.memoryMb,
          sum(live),
        );
        expect(memory).toBeLessThanOrEqual(8192);
        expect(started.filter(({ task }) => task.workspaceMode === 'folder').length).toBeLessThanOrEqual(1);
        const busy = occupants.filter((each) => each.busy).length;
        const hurried = started.filter(({ urgent }) => urgent).length;
        if (started.length > hurried) expect(busy + started.length - hurried).toBeLessThanOrEqual(limit);
        for (const verdict of verdicts) if (verdict.kind === 'wait') expect(verdict.why).not.toBe('');
      }),
    );
  });

  it('lets every card start at some time, as the runs before it end', () => {
    const anyCard = fc.record({ apart: fc.boolean(), memoryMb: fc.integer({ min: 64, max: 8192 }) });
    fc.assert(
      fc.property(fc.array(anyCard, { maxLength: 12 }), (cards) => {
        let queue = cards.map((card, index) => waiting(String(index), card));
        for (let round = 0; queue.length > 0; round++) {
          expect(round).toBeLessThan(cards.length);
          const verdicts = admit(queue, room({ limit: 2 }));
          queue = queue.filter((_, index) => verdicts[index]?.kind === 'wait');
        }
      }),
    );
  });
});

function sum(occupants: readonly Pick<Occupant, 'resources'>[]): number {
  return occupants.reduce((total, { resources }) => total + resources.memoryMb, 0);
}
