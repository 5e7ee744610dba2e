import { describe, expect, it } from 'vitest';
import { offeredWords } from '../../../src/model/resultOffers.ts';
import type { Run, RunChanges, RunState, RunWorkspace } from '../../../src/model/run.ts';
import { newRun } from '../../store/cards.ts';

function words(
  kind: RunWorkspace['kind'],
  more: { files?: number | null; state?: RunState; hasRepository?: boolean } = {},
): string[] {
  const { files = 2, state = 'READY', hasRepository = kind !== 'copy' } = more;
  const changes: RunChanges | null = files === null ? null : { files, added: 1, removed: 1 };
  const workspace = { kind, root: '/w', workingFolder: '/w', branch: null, hasRepository };
  const run: Run = { ...newRun('run', 'a'), state, workspace, changes };
  return offeredWords({ run });
}

describe('what is offered for the result of a card', () => {
  it('is nothing before an agent has worked on it', () => {
    expect(offeredWords({ run: null })).toEqual([]);
    expect(offeredWords({ run: newRun('run', 'a') })).toEqual([]);
  });

  it('is what fits to where the agent has worked', () => {
    expect(words('folder')).toEqual(['result', 'review', 'commit', 'createBranch', 'rollBack']);
    expect(words('folder', { hasRepository: false })).toEqual(['result', 'review', 'rollBack']);
    expect(words('clone')).toEqual([
      ...['result', 'review', 'apply', 'merge', 'commit', 'createBranch'],
      ...['discard', 'rollBack', 'workspace'],
    ]);
    expect(words('repository')).toEqual([
      ...['result', 'review', 'commit', 'push', 'discard', 'rollBack', 'workspace'],
    ]);
    expect(words('copy')).toEqual(['result', 'review', 'apply', 'discard', 'rollBack', 'workspace']);
  });

  it('is only to look while the agent is at work', () => {
    expect(words('folder', { state: 'RUNNING' })).toEqual(['result', 'review']);
    expect(words('clone', { state: 'WAITING' })).toEqual(['result', 'review', 'workspace']);
  });

  it('is no review of a run that has changed nothing; its workspace may hold the work of an earlier one', () => {
    expect(words('folder', { files: 0 })).toEqual(['result']);
    expect(words('folder', { files: null })).toEqual(['result']);
    expect(words('copy', { files: 0 })).toEqual(['result', 'apply', 'discard', 'workspace']);
  });
});
