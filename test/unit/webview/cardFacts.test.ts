import { runTime } from '../../../src/model/run.ts';
import { noFilter } from '../../../src/model/cardFilter.ts';
import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../src/model/failure.ts';
import { runStates, type RunState, type RunWorkspace } from '../../../src/model/run.ts';
import { describeChange } from '../../../src/webview/app/announcements.ts';
import {
  accessibleName,
  actionsOf,
  blockedText,
  menuContext,
  shownFailure,
  statusOf,
} from '../../../src/webview/app/cardFacts.ts';
import { layOut } from '../../../src/webview/app/layout.ts';
import { toBoardCard } from '../../../src/webview/host/diffSummary.ts';
import { aCard, aRequest, aRun, board } from './cards.ts';

const card = (...args: Parameters<typeof aCard>) => toBoardCard(aCard(...args));
const failure: Failure = { reason: 'crashed', message: 'The agent crashed.' };

function running(state: RunState, taskState: Parameters<typeof aCard>[1] = { state: 'IN_PROGRESS' }) {
  return card('a', taskState, { run: aRun('a', { state }) });
}

describe('runTime', () => {
  it('counts while the agent is busy, from the beginning of the run', () => {
    expect(runTime(aRun('a', { state: 'RUNNING', createdAt: 10, times: { RUNNING: 15 } }))).toEqual({
      since: 10,
    });
  });

  it('counts a later turn from its own beginning', () => {
    const run = aRun('a', { state: 'RUNNING', turns: 2, createdAt: 10, times: { READY: 50, RUNNING: 90 } });
    expect(runTime(run)).toEqual({ since: 90 });
  });

  it('stands still when the turn is over, however long the container is kept', () => {
    const times = { RUNNING: 15, READY: 50 };
    expect(runTime(aRun('a', { state: 'READY', createdAt: 10, times }))).toEqual({ took: 40 });
    expect(
      runTime(aRun('a', { state: 'STOPPED', createdAt: 10, times: { ...times, STOPPED: 900 } })),
    ).toEqual({
      took: 40,
    });
  });

  it('ends with the run where no turn was finished', () => {
    expect(runTime(aRun('a', { state: 'FAILED', createdAt: 10, times: { FAILED: 30 } }))).toEqual({
      took: 20,
    });
  });
});

describe('blockedText', () => {
  const refused = (state: 'REVIEW' | 'COMPLETED', ...blocked: string[]) =>
    card('a', { state }, { run: aRun('a', { blocked }) });

  it('names the first host, and how many more there are', () => {
    expect(blockedText(refused('REVIEW'))).toBeNull();
    expect(blockedText(refused('REVIEW', 'a.example'))).toBe('Wanted to reach a.example');
    expect(blockedText(refused('REVIEW', 'a.example', 'b.example', 'c.example'))).toBe(
      'Wanted to reach a.example and 2 more',
    );
  });

  it('says nothing of a card that is done with', () => {
    expect(blockedText(refused('COMPLETED', 'a.example'))).toBeNull();
  });
});

describe('statusOf', () => {
  it('has an icon and a text for every state of a run', () => {
    for (const state of runStates) {
      const status = statusOf(running(state));
      expect(status?.text).not.toBe('');
      expect(status?.icon).not.toBe('');
    }
  });

  it('puts a waiting request before everything else', () => {
    const asking = card('a', {}, { run: aRun('a'), permissions: [aRequest('a')] });
    expect(statusOf(asking)).toMatchObject({ text: 'Needs you', tone: 'waiting' });
    const questions = [{ id: 'q', message: 'Which colour?' }];
    const inquiring = card('a', {}, { run: aRun('a'), questions });
    expect(statusOf(inquiring)).toMatchObject({ text: 'Needs you', tone: 'waiting' });
  });

  it('tells queued, blocked and held cards apart', () => {
    const queue = { place: 3, why: 'No room.', until: null, needs: null };
    expect(statusOf(card('a', { state: 'TODO' }, { queue }))?.text).toBe('Queued, place 3');
    expect(statusOf(card('a', { state: 'BLOCKED' }))?.text).toBe('Blocked');
    expect(statusOf(card('a', { state: 'TODO', heldBecause: 'You stopped it.' }))?.text).toBe('On hold');
    expect(statusOf(card('a'))).toBeNull();
  });
});

describe('shownFailure', () => {
  const run = aRun('a', { state: 'FAILED', failure });

  it('is the failure of the latest run', () => {
    expect(shownFailure(card('a', { state: 'FAILED' }, { run }))).toBe(failure);
  });

  it('is forgotten once the card is done or tried again', () => {
    expect(shownFailure(card('a', { state: 'COMPLETED' }, { run }))).toBeNull();
    expect(
      shownFailure(
        card('a', { state: 'TODO' }, { run, queue: { place: 1, why: '', until: null, needs: null } }),
      ),
    ).toBeNull();
  });
});

const workspace: RunWorkspace = {
  kind: 'folder',
  root: '/w',
  workingFolder: '/w',
  branch: null,
  hasRepository: true,
};
const changes = { files: 1, added: 2, removed: 0 };

describe('actionsOf', () => {
  it.each<
    [string, ReturnType<typeof card>, { start: boolean; stop: boolean; message: boolean; review: boolean }]
  >([
    ['a new card', card('a'), { start: true, stop: false, message: false, review: false }],
    [
      'a card for a person',
      card('a', { agentTypeId: null }),
      { start: false, stop: false, message: false, review: false },
    ],
    [
      'a done card',
      card('a', { state: 'COMPLETED' }),
      { start: false, stop: false, message: false, review: false },
    ],
    [
      'a run that is being prepared',
      running('PREPARING'),
      { start: false, stop: true, message: false, review: false },
    ],
    [
      'a run that is ready',
      running('READY', { state: 'REVIEW' }),
      { start: false, stop: true, message: true, review: false },
    ],
    [
      'a failed card',
      running('FAILED', { state: 'FAILED' }),
      { start: true, stop: false, message: true, review: false },
    ],
    [
      'a run that has changed something',
      card(
        'a',
        { state: 'REVIEW' },
        { run: aRun('a', { state: 'COMPLETED', turns: 1, workspace, changes }) },
      ),
      { start: true, stop: false, message: true, review: true },
    ],
    [
      'a queued card',
      card('a', { state: 'TODO' }, { queue: { place: 1, why: '', until: null, needs: null } }),
      { start: false, stop: true, message: false, review: false },
    ],
  ])('%s', (_, subject, expected) => {
    expect(actionsOf(subject)).toEqual(expected);
  });
});

describe('accessibleName', () => {
  it('says in words what the card shows', () => {
    const asking = card(
      'a',
      { title: 'Fix it.', state: 'IN_PROGRESS', priority: 'high', labels: ['bug'] },
      { run: aRun('a', { state: 'WAITING' }), permissions: [aRequest('a')] },
    );
    expect(accessibleName(asking, 'Demo Agent')).toBe(
      'Fix it. In Progress. Needs you. Run the tests. Priority: High. Agent: Demo Agent. Labels: bug',
    );
    const questions = [{ id: 'q', message: 'Which colour?' }];
    const inquiring = card('a', {}, { run: aRun('a', { activity: 'Thinks' }), questions });
    expect(accessibleName(inquiring, null)).toBe(
      'Card a. Backlog. Needs you. Which colour?. Priority: Normal. No agent',
    );
  });

  it('tells the reason of a failure and of waiting', () => {
    const failed = card('a', { state: 'FAILED' }, { run: aRun('a', { state: 'FAILED', failure }) });
    expect(accessibleName(failed, null)).toBe(
      'Card a. Failed. The agent crashed. Priority: Normal. No agent',
    );
  });
});

describe('menuContext', () => {
  it('gives the menus what their when clauses ask for', () => {
    const run = aRun('a', { state: 'READY', workspace, changes });
    const context = menuContext(card('a', { state: 'REVIEW' }, { run }));
    expect(context).toEqual({
      ...{ result: true, review: true, commit: true, createBranch: true, rollBack: true },
      commented: false,
      ...{ apply: false, merge: false, push: false, discard: false, workspace: false },
      webviewSection: 'card',
      taskId: 'a',
      state: 'REVIEW',
      live: true,
      ready: true,
      queued: false,
      retrying: false,
      stalled: false,
      needsYou: false,
      hasQuestion: false,
      hasAgent: true,
      hasRun: true,
      hostBlocked: false,
      preventDefaultContextMenuItems: true,
    });
  });
});

describe('describeChange', () => {
  const before = card('a', { position: 1 });
  const other = card('b', { position: 2, state: 'TODO' });

  function described(after: typeof before, known: typeof before | undefined = before): string | null {
    return describeChange(
      known,
      after,
      layOut({ board, cards: [after, other], filter: noFilter, agentName: () => '' }),
    );
  }

  it('says where a card went', () => {
    expect(described(card('a', { state: 'TODO', position: 3 }))).toBe('Card a is now in To Do, 2 of 2.');
  });

  it('says that a card needs the user, once', () => {
    const asking = card('a', { position: 1 }, { permissions: [aRequest('a')] });
    expect(described(asking)).toBe('Card a needs you: Run the tests');
    expect(described(card('a', { position: 1 }, { permissions: [aRequest('a')] }), asking)).toBeNull();
    const inquiring = card('a', { position: 1 }, { questions: [{ id: 'q', message: 'Which colour?' }] });
    expect(described(inquiring)).toBe('Card a needs you: Which colour?');
    expect(described({ ...inquiring }, inquiring)).toBeNull();
  });

  it('keeps quiet about what an agent does on the way', () => {
    expect(described(card('a', { position: 1 }, { run: aRun('a', { activity: 'Reads' }) }))).toBeNull();
  });

  it('announces new cards and failures', () => {
    const layout = layOut({ board, cards: [before], filter: noFilter, agentName: () => '' });
    expect(describeChange(undefined, before, layout)).toBe('Card a was added to Backlog, 1 of 1.');
    const failed = card('a', { position: 1 }, { run: aRun('a', { state: 'FAILED', failure }) });
    expect(described(failed)).toBe('Card a failed: The agent crashed.');
  });
});
