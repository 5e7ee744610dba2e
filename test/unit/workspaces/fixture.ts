import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { quickFolder } from '../../harness/quickFolder.ts';
import { LocalWorkspaces, type LocalWorkspacesOptions } from '../../../src/workspaces/localWorkspaces.ts';
import type {
  ChangeSet,
  PreparedWorkspace,
  PrepareRequest,
  WorkspacePlace,
} from '../../../src/workspaces/workspaces.ts';

const run = promisify(execFile);

/** A folder of its own, with a home that has a git identity, and what is tested. */
export interface Fixture {
  /** Removed by `remove`; without symbolic links. */
  folder: string;
  /** Where the tests' repository is, or will be. */
  project: string;
  storage: string;
  environment: Record<string, string>;
  /** Of files that the editor has open and not saved. */
  unsaved: string[];
  open(options?: Partial<LocalWorkspacesOptions>): Promise<LocalWorkspaces>;
  /** Runs git as a user would, in the project. */
  git: (...args: string[]) => Promise<string>;
  remove(): Promise<void>;
}

export async function makeFixture(projectName = 'project'): Promise<Fixture> {
  const folder = await quickFolder('kandev-workspaces-');
  const project = path.join(folder, projectName);
  const home = path.join(folder, 'home');
  const storage = path.join(folder, 'storage');
  for (const each of [project, home, storage]) await mkdir(each);
  await writeFile(
    path.join(home, '.gitconfig'),
    '[user]\n\tname = Ada\n\temail = ada@example.invalid\n[init]\n\tdefaultBranch = main\n[protocol "file"]\n\tallow = always\n',
  );
  const environment = { PATH: process.env.PATH ?? '', HOME: home };
  const unsaved: string[] = [];
  return {
    folder,
    project,
    storage,
    environment,
    unsaved,
    open: (options) =>
      LocalWorkspaces.open({
        folder: storage,
        environment,
        editors: { unsavedFiles: () => unsaved },
        ...options,
      }),
    git: (...args) => gitIn(project, environment, ...args),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export async function gitIn(
  folder: string,
  environment: Readonly<Record<string, string>>,
  ...args: string[]
): Promise<string> {
  const running = run('git', args, { cwd: folder, env: environment, maxBuffer: 2 ** 28 });
  // Nobody will type anything.
  running.child.stdin?.end();
  return (await running).stdout.trimEnd();
}

/** Writes files by path; a folder that is missing is made. */
export async function write(
  root: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [file, content] of Object.entries(files)) {
    await mkdir(path.join(root, path.dirname(file)), { recursive: true });
    await writeFile(path.join(root, file), content);
  }
}

/** A repository in the fixture's project with one commit of these files. */
export async function commitFiles(
  fixture: Fixture,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  await fixture.git('init', '--quiet');
  await write(fixture.project, files);
  await fixture.git('add', '--all');
  await fixture.git('commit', '--quiet', '--message', 'First');
}

/** Every file below a folder but what is in `.git`: kind, mode, content and time, so that any touch is seen. */
export async function stateOf(root: string, { times = false } = {}): Promise<Record<string, string>> {
  const state: Record<string, string> = {};
  const visit = async (folder: string): Promise<void> => {
    for (const entry of await readdir(path.join(root, folder), { withFileTypes: true })) {
      const file = path.join(folder, entry.name);
      if (entry.name === '.git') continue;
      if (entry.isDirectory()) await visit(file);
      else state[file] = await describe(path.join(root, file), times);
    }
  };
  await visit('');
  return state;
}

async function describe(file: string, times: boolean): Promise<string> {
  const stats = await lstat(file, { bigint: true });
  const time = times ? ` at ${stats.mtimeNs}` : '';
  if (stats.isSymbolicLink()) return `link to ${await readlink(file)}${time}`;
  if (!stats.isFile()) return 'something else';
  const digest = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  return `${(stats.mode & 0o100n) === 0n ? 'file' : 'program'} ${digest}${time}`;
}

/** What must not be touched by looking: index, stash, HEAD, branches, and each file with its time. */
export async function untouchedState(fixture: Fixture): Promise<unknown> {
  const { git, project } = fixture;
  const gitFolder = path.resolve(project, await git('rev-parse', '--git-dir'));
  const file = (name: string): Promise<string> =>
    readFile(path.join(gitFolder, name)).then(
      (bytes) => createHash('sha256').update(bytes).digest('hex'),
      () => 'none',
    );
  return {
    files: await stateOf(project, { times: true }),
    index: await file('index'),
    head: await file('HEAD'),
    configuration: await file('config'),
    refs: (await git('for-each-ref'))
      .split('\n')
      .filter((line) => line !== '' && !line.includes('refs/kandev/')),
  };
}

let count = 0;

/** A request for the next run of a card. */
export function requestFor(place: WorkspacePlace, more: Partial<PrepareRequest> = {}): PrepareRequest {
  count += 1;
  return {
    workspaceId: `card-${count}`,
    runId: `run-${count}`,
    title: 'Fix the login',
    place,
    copyIn: [],
    exclude: [],
    setup: null,
    ...more,
  };
}

export async function makeProgram(file: string, text: string): Promise<void> {
  await writeFile(file, text);
  await chmod(file, 0o755);
}

export interface Run {
  request: PrepareRequest;
  prepared: PreparedWorkspace;
  changes: ChangeSet;
}

/** A whole run in a folder. */
export async function runIn(
  workspaces: LocalWorkspaces,
  folder: string,
  work: () => Promise<unknown>,
): Promise<Run> {
  const request = requestFor({ kind: 'folder', folder });
  const prepared = await workspaces.prepare(request);
  await work();
  return { request, prepared, changes: await workspaces.finish(request.runId) };
}

/** `modified a.txt` and the like. */
export const kinds = ({ files }: ChangeSet): string[] => files.map((file) => `${file.kind} ${file.path}`);
