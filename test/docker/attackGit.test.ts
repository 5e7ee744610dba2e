/** What an agent plants for the git of the host: in a real container, with the host's own side after it. */
import { access, appendFile, chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AgentManager } from '../../src/agents/agentManager.ts';
import type { LaunchPlace } from '../../src/agents/launchRequest.ts';
import { LocalWorkspaces } from '../../src/workspaces/localWorkspaces.ts';
import type { PreparedWorkspace, TurnChanges } from '../../src/workspaces/workspaces.ts';
import { run as runProgram } from '../../scripts/processes.mts';
import { importMachineImage } from '../harness/images.ts';
import { makeRepository } from '../harness/repository.ts';
import { dockerHost, makeFolder, testRunId } from '../harness/testRun.ts';
import {
  ensureTestImage,
  programs,
  runScript,
  testImage,
  testManager,
  type ScriptOutcome,
} from './agents.ts';

let manager: AgentManager;

beforeAll(async () => {
  await ensureTestImage();
  manager = await testManager();
});

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

const git = (folder: string, ...args: string[]): Promise<string> => runProgram('git', args, { cwd: folder });

/** A folder whose agent has run a script, with the workspaces that look after it. */
class Scene {
  readonly folder: string;
  /** Made by what the agent has planted, should the host run it. */
  readonly mark: string;
  readonly workspaces: LocalWorkspaces;
  readonly runId = 'run';
  changes: TurnChanges | null = null;

  private constructor(folder: string, mark: string, workspaces: LocalWorkspaces) {
    this.folder = folder;
    this.mark = mark;
    this.workspaces = workspaces;
  }

  static async open(folder: string): Promise<Scene> {
    const workspaces = await LocalWorkspaces.open({
      folder: await makeFolder('workspaces'),
      environment: process.env,
      editors: { unsavedFiles: () => [] },
    });
    return new Scene(folder, path.join(await makeFolder('marks'), 'mark'), workspaces);
  }

  async prepare(): Promise<PreparedWorkspace> {
    const { folder, workspaces, runId } = this;
    return workspaces.prepare({
      ...{ workspaceId: 'card', runId, title: 'Attack', place: { kind: 'folder', folder } },
      ...{ copyIn: [], exclude: [], setup: null },
    });
  }

  /** A script in a container as a run has it. */
  launch(
    { root, workingFolder, guards }: PreparedWorkspace,
    script: string,
    image = testImage(),
  ): Promise<ScriptOutcome> {
    const prepare = (): Promise<LaunchPlace> =>
      Promise.resolve({ root, workingFolder, guards, isOwn: false, setup: null });
    return runScript(manager, this.folder, script, { image, prepare });
  }

  /** A whole run; `$EVIL` is a program that leaves the mark on the host. */
  async attack(script: string): Promise<string[]> {
    const { folder, workspaces, runId, mark } = this;
    const evil = path.join(folder, 'evil');
    const { output, stderr } = await this.launch(
      await this.prepare(),
      `EVIL='${evil}'; printf '#!/bin/sh\\ntouch "${mark}"\\n' > evil; chmod +x evil; ${script}\necho over`,
    );
    expect(output, stderr).toBe('over\n');
    this.changes = await workspaces.finish(runId);
    return this.changes.warnings;
  }

  /** All that a review reads; none of it has run what was planted. */
  async look(): Promise<void> {
    const { workspaces, runId } = this;
    await workspaces.changes({ runId });
    for (const { path: file } of this.changes?.files ?? []) {
      await workspaces.fileAt({ runId }, 'before', file);
      await workspaces.fileAt({ runId }, 'after', file);
    }
    expect(await isThere(this.mark)).toBe(false);
  }

  async takeBack(): Promise<void> {
    await this.workspaces.rollBack(this.runId, { conflicts: 'overwrite' });
    expect(await isThere(this.mark)).toBe(false);
  }
}

/** Commands for the container, where there is no git: a repository as `git init` makes it. */
const emptyRepository = (dotGit: string): string =>
  `mkdir -p ${dotGit}/objects ${dotGit}/refs/heads ${dotGit}/hooks; echo 'ref: refs/heads/main' > ${dotGit}/HEAD; printf '[core]\\n\\trepositoryformatversion = 0\\n\\tbare = false\\n' > ${dotGit}/config;`;
const fsmonitor = (dotGit: string): string =>
  `printf '[core]\\n\\tfsmonitor = "%s"\\n' "$EVIL" >> ${dotGit}/config;`;

interface Planted {
  name: string;
  script: string;
  /** What the user is told of. */
  told: readonly string[];
  /** What would set it off: a user's own git. */
  provoke: (folder: string) => Promise<unknown>;
}

const inPlainFolder: readonly Planted[] = [
  {
    name: 'core.fsmonitor',
    script: emptyRepository('.git') + fsmonitor('.git'),
    told: ['.git/config: core.fsmonitor'],
    provoke: (folder) => git(folder, 'status'),
  },
  {
    name: 'a hook',
    script: `${emptyRepository('.git')} cp evil .git/hooks/pre-commit`,
    told: ['.git/hooks/pre-commit'],
    provoke: (folder) =>
      git(folder, '-c', 'user.name=x', '-c', 'user.email=x@x', 'commit', '--allow-empty', '-m', 'x'),
  },
  {
    name: 'core.hooksPath',
    script: `${emptyRepository('.git')} mkdir h; cp evil h/post-index-change; printf '[core]\\n\\thooksPath = h\\n' >> .git/config`,
    told: ['.git/config: core.hookspath'],
    provoke: (folder) => git(folder, 'add', 'evil'),
  },
  {
    name: 'an include',
    script: `${emptyRepository('.git')} printf '[core]\\n\\tfsmonitor = "%s"\\n' "$EVIL" > more; printf '[include]\\n\\tpath = ../more\\n' >> .git/config`,
    told: ['.git/config: include.path'],
    provoke: (folder) => git(folder, 'status'),
  },
  {
    name: 'a .git file that leads to a repository beside it',
    script: `${emptyRepository('data') + fsmonitor('data')} echo 'gitdir: data' > .git`,
    told: ['data/config: core.fsmonitor'],
    provoke: (folder) => git(folder, 'status'),
  },
  {
    name: 'a repository further down, whose name is no text',
    script: `d=$(printf 'deep/\\377/x'); ${emptyRepository('"$d/.git"') + fsmonitor('"$d/.git"')}`,
    told: ['core.fsmonitor'],
    provoke: (folder) => runProgram('sh', ['-c', 'cd deep/*/x && git status'], { cwd: folder }),
  },
];

describe('where there is no repository, an agent that makes one', () => {
  it.each(inPlainFolder)('with $name runs nothing by our hands, and is told of', async (planted) => {
    const folder = await makeFolder('plain');
    await writeFile(path.join(folder, 'file.txt'), 'mine\n');
    const scene = await Scene.open(folder);
    const warnings = await scene.attack(planted.script);
    for (const words of planted.told) expect(warnings.join('\n')).toContain(words);
    expect(scene.changes?.alarms).toEqual(warnings);
    await scene.look();
    // The attack is real: the user's own git would run it.
    await planted.provoke(folder).catch(() => undefined);
    expect(await isThere(scene.mark)).toBe(true);
    await rm(scene.mark);
    await scene.takeBack();
    expect(await readFile(path.join(folder, 'file.txt'), 'utf8')).toBe('mine\n');
  });

  it('as anybody would is not suspected', async () => {
    const scene = await Scene.open(await makeFolder('plain'));
    expect(await scene.attack(emptyRepository('.git') + emptyRepository('sub/.git'))).toEqual([]);
    await scene.look();
    await scene.takeBack();
  });
});

/** A repository with what git looks into besides: a submodule, one that is not checked out, and another repository. */
async function makeSuperproject(): Promise<string> {
  const origin = await makeRepository('origin');
  const folder = await makeRepository('planted');
  await git(folder, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', origin, 'libs/sub');
  const head = await git(folder, 'rev-parse', 'HEAD');
  await git(folder, 'update-index', '--add', '--cacheinfo', `160000,${head.trim()},libs/empty`);
  await mkdir(path.join(folder, 'libs', 'empty'));
  await git(folder, 'commit', '--quiet', '--message', 'Submodules');
  await git(folder, 'clone', '--quiet', origin, 'vendor/one');
  return folder;
}

/** What VS Code does by itself in each repository that it knows. */
async function useGit(folder: string): Promise<void> {
  for (const each of ['', 'libs/sub', 'vendor/one']) {
    await git(path.join(folder, each), 'status').catch(() => undefined);
  }
}

const evilRepository = (dotGit: string): string => emptyRepository(dotGit) + fsmonitor(dotGit);

const inRepository: readonly { name: string; script: string }[] = [
  { name: 'the settings', script: fsmonitor('.git') },
  { name: 'a hook', script: 'cp evil .git/hooks/post-index-change; touch README.md;' },
  {
    name: 'a commondir',
    script: `${evilRepository('common')} cp -r .git/objects .git/refs common/; echo "$PWD/common" > .git/commondir;`,
  },
  { name: 'another .git', script: `mv .git old; ${evilRepository('.git')}` },
  { name: 'a .git file', script: `${evilRepository('data')} mv .git old; echo 'gitdir: data' > .git;` },
  { name: 'a .git in a submodule', script: `rm libs/sub/.git; ${evilRepository('libs/sub/.git')}` },
  { name: 'another submodule', script: `mv libs/sub old; ${evilRepository('libs/sub/.git')}` },
  { name: 'another folder of submodules', script: `mv libs old; ${evilRepository('libs/sub/.git')}` },
  { name: 'a submodule’s settings', script: fsmonitor('.git/modules/libs/sub') },
  { name: 'a submodule that was not checked out', script: evilRepository('libs/empty/.git') },
  { name: 'the settings of a repository in it', script: fsmonitor('vendor/one/.git') },
  { name: 'another repository in its place', script: `mv vendor old; ${evilRepository('vendor/one/.git')}` },
];

describe('in a repository with submodules, git runs nothing of an agent', () => {
  it('that plants all of it', async () => {
    const folder = await makeSuperproject();
    const scene = await Scene.open(folder);
    const inside = inRepository.map(({ script }) => `( ${script} ) 2>/dev/null`).join('\n');
    // What each attempt may have left where it is allowed to: new folders, which git is not told of by anything else.
    const script = `${inside}\nrm -rf common data old; echo made > libs/made.txt`;
    await scene.attack(script);
    await useGit(folder);
    expect(await isThere(scene.mark)).toBe(false);
    // Nor has it been kept from its work beside all that.
    expect(await readFile(path.join(folder, 'libs', 'made.txt'), 'utf8')).toBe('made\n');
    await scene.look();
    await scene.takeBack();
  });

  it.each(inRepository)('but would, without a container: $name', async ({ script }) => {
    const folder = await makeSuperproject();
    const mark = path.join(folder, 'mark');
    const evil = path.join(folder, 'evil');
    await writeFile(evil, `#!/bin/sh\ntouch '${mark}'\n`, { mode: 0o755 });
    await runProgram('sh', ['-c', `EVIL='${evil}'; ${script}`], { cwd: folder });
    await useGit(folder);
    expect(await isThere(mark)).toBe(true);
  });
});

describe('in a repository, an agent', () => {
  // No mount keeps it from making a new one.
  it.each<Planted>([
    {
      name: 'a repository below it',
      script: evilRepository('sub/.git'),
      told: ['sub/.git/config: core.fsmonitor'],
      provoke: (folder) => git(path.join(folder, 'sub'), 'status'),
    },
    {
      name: 'a bare repository below it',
      script: `${evilRepository('sub')} printf '[core]\\n\\tworktree = ..\\n' >> sub/config;`,
      told: ['sub/config: core.fsmonitor'],
      provoke: (folder) => git(path.join(folder, 'sub'), 'status'),
    },
  ])('that plants $name runs nothing by our hands, and is told of', async ({ script, told, provoke }) => {
    const scene = await Scene.open(await makeRepository('planted'));
    const warnings = await scene.attack(script);
    for (const words of told) expect(warnings.join('\n')).toContain(words);
    // Told once, and not again at the next turn.
    expect((await scene.workspaces.finish(scene.runId)).warnings.join('\n')).not.toContain(told[0]);
    await scene.look();
    await provoke(scene.folder).catch(() => undefined);
    expect(await isThere(scene.mark)).toBe(true);
    await rm(scene.mark);
    await scene.takeBack();
  });

  it('is not blamed for what was there, nor for what its user sets meanwhile', async () => {
    const folder = await makeRepository('own');
    await appendFile(path.join(folder, '.git', 'config'), '[core]\n\tfsmonitor = true\n');
    const hook = path.join(folder, '.git', 'hooks', 'pre-commit');
    await mkdir(path.dirname(hook), { recursive: true });
    await writeFile(hook, '#!/bin/sh\n');
    await chmod(hook, 0o755);
    const scene = await Scene.open(folder);
    expect(await scene.attack('echo x > made.txt')).toEqual([]);
    await git(folder, 'config', 'core.pager', 'less');
    expect((await scene.workspaces.finish(scene.runId)).warnings).toEqual([]);
  });
});

describe('git in the container', () => {
  const image = (): string => `kandev-test/git-only:${testRunId()}`;
  const look = 'git status --porcelain; git diff --stat; git log --format=%s; git worktree list | wc -l';
  const writes = ['git add README.md', 'git commit -am x', 'git checkout -b other', 'git stash', 'git gc'];
  const digestOf = (folder: string): Promise<string> =>
    runProgram('sh', ['-c', 'find . -type f -exec sha256sum {} + | sort'], { cwd: folder });

  beforeAll(() => programs('/usr/bin/git').then((files) => importMachineImage(dockerHost(), image(), files)));

  it.each(['the folder', 'a worktree'])('looks at %s, and cannot change it', async (kind) => {
    const repository = await makeRepository('looked-at');
    const dotGit = path.join(repository, '.git');
    let folder = repository;
    if (kind === 'a worktree') {
      folder = path.join(await makeFolder('worktree'), 'tree');
      await git(repository, 'worktree', 'add', '--quiet', folder);
    }
    const scene = await Scene.open(folder);
    const prepared = await scene.prepare();
    const before = await digestOf(dotGit);
    const attempts = writes.map((each) => `${each} >/dev/null 2>&1 && echo 'did ${each}'`).join('; ');
    const script = `echo changed > README.md; ${look}; ${attempts}`;
    const { output, stderr } = await scene.launch(prepared, script, image());
    expect(output, stderr).toBe(
      ` M README.md\n README.md | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\nFirst commit\n${kind === 'a worktree' ? 2 : 1}\n`,
    );
    expect(await digestOf(dotGit)).toBe(before);
  });
});
