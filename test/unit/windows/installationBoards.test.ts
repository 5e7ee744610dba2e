import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { installationBoards, workspaceId } from '../../../src/windows/installationBoards.ts';

const extension = 'kandev.kandev';
let place = '';

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'kandev-boards-'));
});

afterEach(() => rm(place, { recursive: true, force: true }));

/** The storage folder of a workspace, as VS Code makes it. */
async function storageOf(name: string, workspace?: object): Promise<string> {
  const storage = join(place, 'workspaceStorage', name, extension);
  await mkdir(storage, { recursive: true });
  if (workspace) await writeFile(join(storage, '..', 'workspace.json'), JSON.stringify(workspace));
  return storage;
}

describe('the boards of an installation', () => {
  it('are those beside each other whose folder is there, or cannot be looked for', async () => {
    const folder = join(place, 'a folder');
    await mkdir(folder);
    const mine = await storageOf('a', { folder: pathToFileURL(folder).href });
    const remote = await storageOf('b', { folder: 'vscode-remote://host/gone' });
    const unsaid = await storageOf('c');
    const gone = await storageOf('d', { folder: pathToFileURL(join(place, 'gone')).href });
    await mkdir(join(place, 'workspaceStorage', 'e', 'somebody.else'), { recursive: true });
    const boards = await installationBoards(mine);
    expect([...(boards ?? [])].sort()).toEqual([mine, remote, unsaid].map(workspaceId).sort());
    expect(boards?.has(workspaceId(gone))).toBe(false);
  });

  it('are not known where the storage folders lie otherwise than expected', async () => {
    expect(await installationBoards(join(place, 'nowhere', 'at', 'all'))).toBeNull();
  });

  it('do not have one whose storage folder was removed', async () => {
    const mine = await storageOf('a');
    const other = await storageOf('b');
    await rm(join(other, '..'), { recursive: true });
    expect((await installationBoards(mine))?.has(workspaceId(other))).toBe(false);
  });
});
