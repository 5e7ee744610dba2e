import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from '../scripts/processes.mts';
import { LocalWorkspaces } from '../src/workspaces/localWorkspaces.ts';
import type { WorkspacePlace } from '../src/workspaces/workspaces.ts';
import { median, milliseconds, printTable, type Row } from './table.ts';

const sizes = [2_000, 20_000];
const rounds = 5;

/** What a run pays for its workspace: the checkpoint before and after it, and a clone of its own. */
export async function benchCheckpoint(): Promise<void> {
  for (const files of sizes)
    printTable(`Workspaces of ${files} files, ${rounds} rounds`, await measure(files));
}

async function measure(count: number): Promise<Row[]> {
  const storage = await mkdtemp(path.join(tmpdir(), 'kandev-bench-'));
  const folder = path.join(storage, 'project');
  await makeProject(folder, count);
  const workspaces = await LocalWorkspaces.open({
    folder: path.join(storage, 'workspaces'),
    environment: process.env,
    editors: { unsavedFiles: () => [] },
  });
  await workspaces.recover();
  let runs = 0;
  const prepare = async (workspaceId: string, place: WorkspacePlace): Promise<number> => {
    const begun = performance.now();
    const request = { title: 'Bench', copyIn: [], exclude: [], setup: null };
    await workspaces.prepare({ ...request, workspaceId, runId: `run-${++runs}`, place });
    return performance.now() - begun;
  };
  const first = await prepare('card', { kind: 'folder', folder });
  const before: number[] = [];
  const after: number[] = [];
  const clones: number[] = [];
  for (let round = 0; round < rounds; round++) {
    before.push(await prepare('card', { kind: 'folder', folder }));
    await writeFile(path.join(folder, `made-${round}.ts`), 'made\n');
    const begun = performance.now();
    await workspaces.finish(`run-${runs}`);
    after.push(performance.now() - begun);
    const place = { kind: 'clone', folder, branch: null, includeUncommitted: true } as const;
    clones.push(await prepare(`clone-${round}`, place));
  }
  await rm(storage, { recursive: true });
  return [
    { what: 'first checkpoint of the folder', value: milliseconds(first) },
    { what: 'checkpoint before a later run, median', value: milliseconds(median(before)) },
    { what: 'checkpoint and changes after a turn, median', value: milliseconds(median(after)) },
    { what: 'clone of its own with its checkpoint, median', value: milliseconds(median(clones)) },
  ];
}

async function makeProject(folder: string, count: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    const file = path.join(folder, `folder-${at % 100}`, `file-${at}.ts`);
    if (at < 100) await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, `export const a${at} = ${at};\n`);
  }
  const identity = ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.invalid'];
  const git = (...args: string[]): Promise<string> => run('git', [...identity, ...args], { cwd: folder });
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'First commit');
}
