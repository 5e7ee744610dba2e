import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalWorkspaces } from '../../../src/workspaces/localWorkspaces.ts';
import { commitFiles, makeFixture, requestFor, runIn, write, type Fixture } from './fixture.ts';

let fixture: Fixture;
let workspaces: LocalWorkspaces;

beforeEach(async () => {
  fixture = await makeFixture();
  workspaces = await fixture.open();
  await commitFiles(fixture, { 'a.txt': 'one\n', 'sub/b.txt': 'two\n' });
});

afterEach(() => fixture.remove());

describe('what is known of a workspace', () => {
  it('is nothing of one that was never made', async () => {
    expect(await workspaces.describe('none')).toBeNull();
  });

  it('says which runs were rolled back, through every undo and redo, also to the next process', async () => {
    const { request } = await runIn(workspaces, fixture.project, () =>
      write(fixture.project, { 'a.txt': 'agent\n' }),
    );
    const { workspaceId, runId } = request;
    const known = () => workspaces.describe(workspaceId);
    expect(await known()).toMatchObject({
      kind: 'folder',
      root: fixture.project,
      hasRepository: true,
      runs: [runId],
      rolledBack: [],
      undos: [],
    });
    const { undoId } = await workspaces.rollBack(runId);
    workspaces = await fixture.open();
    const what = 'rollBack';
    expect(await known()).toMatchObject({ rolledBack: [runId], undos: [{ undoId, what, isComplete: true }] });
    const undone = await workspaces.undo(undoId ?? '');
    expect(await known()).toMatchObject({ rolledBack: [], undos: [{ undoId: undone.undoId, what: 'undo' }] });
    await workspaces.undo(undone.undoId ?? '');
    expect(await known()).toMatchObject({ rolledBack: [runId] });
  });

  it('calls a run that has worked on no longer rolled back', async () => {
    const { request } = await runIn(workspaces, fixture.project, () =>
      write(fixture.project, { 'a.txt': 'agent\n' }),
    );
    await workspaces.rollBack(request.runId);
    await write(fixture.project, { 'a.txt': 'again\n' });
    await workspaces.finish(request.runId);
    expect(await workspaces.describe(request.workspaceId)).toMatchObject({ rolledBack: [] });
  });

  it('has the place that the result of a clone goes to, also when a folder within the repository is open', async () => {
    const folder = `${fixture.project}/sub`;
    const place = { kind: 'clone', folder, branch: null, includeUncommitted: false } as const;
    const { workspaceId } = await workspaces.prepare(requestFor(place));
    expect(await workspaces.describe(workspaceId)).toMatchObject({ folder, targetRoot: fixture.project });
  });
});

describe('the changes of a run', () => {
  it('have the size of each file, on its larger side', async () => {
    const { changes } = await runIn(workspaces, fixture.project, () =>
      write(fixture.project, { 'a.txt': 'a\n', 'new.bin': new Uint8Array(70_000) }),
    );
    expect(changes.files).toMatchObject([
      { path: 'a.txt', bytes: 4 },
      { path: 'new.bin', bytes: 70_000, added: null },
    ]);
  });
});
