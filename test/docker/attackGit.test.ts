/** What an agent plants for the git of the host: in a real container, with the host's own side after it. */
import { access, appendFile, chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AgentManager } from '../../src/agents/agentManager.ts';
import { LocalWorkspaces } from '../../src/workspaces/localWorkspaces.ts';
import type { ChangeSet } from '../../src/workspaces/workspaces.ts';
import { run as runProgram } from '../../scripts/processes.mts';
import { makeRepository } from '../harness/repository.ts';
import { makeFolder } from '../harness/testRun.ts';
import { ensureTestImage, runScript, testManager } from './agents.ts';

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
  changes: ChangeSet | null = null;

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

  /** A whole run; `$EVIL` is a program that leaves the mark on the host. */
  async attack(script: string): Promise<string[]> {
    const { folder, workspaces, runId, mark } = this;
    await workspaces.prepare({
      ...{ workspaceId: 'card', runId, title: 'Attack', place: { kind: 'folder', folder } },
      ...{ copyIn: [], exclude: [], setup: null },
    });
    const evil = path.join(folder, 'evil');
    const { output, stderr } = await runScript(
      manager,
      folder,
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
    await scene.look();
    await scene.takeBack();
    expect(await readFile(path.join(folder, 'file.txt'), 'utf8')).toBe('mine\n');
  });

  it.each(inPlainFolder)('with $name would run it by git: the attack is real', async (planted) => {
    const scene = await Scene.open(await makeFolder('plain'));
    await scene.attack(planted.script);
    await planted.provoke(scene.folder).catch(() => undefined);
    expect(await isThere(scene.mark)).toBe(true);
  });

  it('as anybody would is not suspected', async () => {
    const scene = await Scene.open(await makeFolder('plain'));
    expect(await scene.attack(emptyRepository('.git') + emptyRepository('sub/.git'))).toEqual([]);
    await scene.look();
    await scene.takeBack();
  });
});

describe('in a repository, an agent', () => {
  it.each<Planted>([
    {
      name: 'a repository below it',
      script: emptyRepository('sub/.git') + fsmonitor('sub/.git'),
      told: ['sub/.git/config: core.fsmonitor'],
      provoke: (folder) => git(path.join(folder, 'sub'), 'status'),
    },
    {
      name: 'a commondir',
      script: `${emptyRepository('common') + fsmonitor('common')} cp -r .git/objects .git/refs common/; echo "$PWD/common" > .git/commondir`,
      told: ['.git/commondir'],
      provoke: (folder) => git(folder, 'status'),
    },
    {
      name: 'the repository of a submodule',
      script: `${emptyRepository('.git/modules/a/b') + fsmonitor('.git/modules/a/b')} mkdir b; echo 'gitdir: ../.git/modules/a/b' > b/.git`,
      told: ['.git/modules/a/b/config: core.fsmonitor'],
      provoke: (folder) => git(path.join(folder, 'b'), 'status'),
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

  it('cannot give a worktree settings where its repository has some of its own', async () => {
    const folder = await makeRepository('worktrees');
    await git(folder, 'config', 'extensions.worktreeConfig', 'true');
    const scene = await Scene.open(folder);
    const script = `(printf '[core]\\n\\tfsmonitor = "%s"\\n' "$EVIL" > .git/config.worktree) 2>/dev/null && echo wrote; mv .git/config.worktree x 2>/dev/null && echo moved`;
    expect(await scene.attack(script)).toEqual([]);
    await git(folder, 'status');
    expect(await isThere(scene.mark)).toBe(false);
  });
});
