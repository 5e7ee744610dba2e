import { describe, expect, it } from 'vitest';
import type { Draft, FormValues } from '../../../src/webview/protocol.ts';
import {
  createInput,
  draftOf,
  emptyDraft,
  isChanged,
  titleProblem,
  updateInput,
} from '../../../src/webview/app/drafts.ts';
import { aTask } from './cards.ts';

function typed(draft: Draft, values: Partial<FormValues>): Draft {
  return { ...draft, values: { ...draft.values, ...values } };
}

describe('drafts', () => {
  it('are unchanged until something is typed', () => {
    const draft = draftOf(aTask('a', { labels: ['x', 'y'] }));
    expect(isChanged(draft)).toBe(false);
    expect(isChanged(typed(draft, { labels: 'x, y, z' }))).toBe(true);
  });

  it('are not changed by the column alone: there is nothing in them to lose', () => {
    expect(isChanged(typed(emptyDraft('BACKLOG', 'demo'), { state: 'TODO' }))).toBe(false);
  });
});

describe('titleProblem', () => {
  it('asks for a title, and for a shorter one', () => {
    expect(titleProblem('  ')).toBe('A card needs a title.');
    expect(titleProblem('x'.repeat(501))).toContain('500');
    expect(titleProblem('x'.repeat(500))).toBeNull();
  });
});

describe('createInput', () => {
  it('turns what was typed into a card', () => {
    const draft = typed(emptyDraft('TODO', ''), { title: 'New', description: '# Do', labels: 'a, b, a' });
    expect(createInput(draft, 'board')).toEqual({
      boardId: 'board',
      title: 'New',
      workspaceMode: 'folder',
      repositoryUrl: null,
      branch: null,
      includeUncommitted: true,
      description: '# Do',
      state: 'TODO',
      priority: 'normal',
      agentTypeId: null,
      labels: ['a', 'b'],
    });
  });
});

describe('updateInput', () => {
  it('holds only what was changed', () => {
    const draft = draftOf(aTask('a', { title: 'Old', labels: ['x'] }));
    expect(updateInput('a', typed(draft, { title: 'New' }))).toEqual({ taskId: 'a', title: 'New' });
    expect(updateInput('a', typed(draft, { agentTypeId: '', labels: '' }))).toEqual({
      taskId: 'a',
      agentTypeId: null,
      labels: [],
    });
  });
});

describe('where the agent works', () => {
  it('is sent whole when any of it was changed, and not at all otherwise', () => {
    const draft = draftOf(aTask('a', { workspaceMode: 'clone', branch: 'main' }));
    expect(updateInput('a', typed(draft, { title: 'Other' }))).toEqual({ taskId: 'a', title: 'Other' });
    const place = { workspaceMode: 'repository', repositoryUrl: 'git@host:a.git', branch: ' ' } as const;
    const changed = typed(draft, place);
    expect(isChanged(changed)).toBe(true);
    expect(updateInput('a', changed)).toEqual({
      taskId: 'a',
      ...place,
      branch: null,
      includeUncommitted: true,
    });
  });
});
