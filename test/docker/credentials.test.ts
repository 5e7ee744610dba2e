import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AgentManager } from '../../src/agents/agentManager.ts';
import { GitCredentialChannel } from '../../src/credentials/gitCredentialChannel.ts';
import type { Host } from '../../src/credentials/host.ts';
import { shareCredentials } from '../../src/credentials/shareCredentials.ts';
import { surveyHost } from '../../src/credentials/survey.ts';
import { importMachineImage } from '../harness/images.ts';
import { makeRepository } from '../harness/repository.ts';
import { dockerHost, makeFolder, testRunId } from '../harness/testRun.ts';
import { neverAborted, programs, RecordedProgress, requestFor, testEngine } from './agents.ts';

const run = promisify(execFile);
const image = (): string => `kandev-test/git:${testRunId()}`;

let host: Host;
let folder = '';
let manager: AgentManager;
let channel: GitCredentialChannel;
let agent: ChildProcess;
let allowed: string[] = [];
let given: string[] = [];
let refused: string[] = [];

/** A home as users have one: keys, known hosts, and a git that knows passwords for two servers. */
async function makeHome(): Promise<string> {
  const home = await makeFolder('home');
  const real = path.join(home, 'dotfiles-ssh');
  await mkdir(real, { mode: 0o700 });
  await symlink(real, path.join(home, '.ssh'));
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path.join(real, 'id_ed25519')]);
  await writeFile(path.join(real, 'known_hosts'), 'git.example.org ssh-ed25519 AAAAknown\n');
  const helper = path.join(home, 'helper');
  await writeFile(
    helper,
    `#!/bin/sh\necho "$1" >> ${home}/asked\ntest "$1" = get && cat > ${home}/question && echo username=ann && echo password=pa55-word-of-ann\n`,
  );
  await chmod(helper, 0o755);
  await writeFile(
    path.join(home, '.gitconfig'),
    `[user]\n\tname = "Ann \\"A\\" Example"\n\temail = ann@example.org\n[credential]\n\thelper = ${helper}\n`,
  );
  await writeFile(path.join(home, '.git-credentials'), 'https://ann:stored-pa55@git.example.org\n');
  return home;
}

beforeAll(async () => {
  await importMachineImage(dockerHost(), image(), await programs('/usr/bin/git', '/usr/bin/ssh-add'));
  const home = await makeHome();
  const socket = path.join(await makeFolder('agent'), 'agent.sock');
  agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
  if (agent.stdout) await once(agent.stdout, 'data');
  await run('ssh-add', ['-q', path.join(home, '.ssh', 'id_ed25519')], {
    env: { ...process.env, SSH_AUTH_SOCK: socket },
  });
  const environment = { ...process.env, HOME: home, SSH_AUTH_SOCK: socket, XDG_CONFIG_HOME: home };
  host = { platform: process.platform, homeFolder: home, environment, uid: process.getuid?.() ?? null };
  folder = await makeRepository('work');
  await run('git', ['config', '--unset', 'user.name'], { cwd: folder });
  await run('git', ['config', '--unset', 'user.email'], { cwd: folder });
  const storage = await makeFolder(`storage-${'deep-'.repeat(16)}`);
  channel = new GitCredentialChannel({
    host,
    folder: path.join(storage, 'git-credentials'),
    allowed: () => Promise.resolve(allowed),
    onGiven: (server, { password }) => given.push(`${server} ${password}`),
    onRefused: (server) => refused.push(server),
  });
  const tools = { host, folder: path.join(storage, 'shared'), channel };
  manager = new AgentManager({
    engineSetting: () => dockerHost(),
    storageFolder: storage,
    distFolder: '/nonexistent',
    owner: { installation: `test-${testRunId()}`, workspace: 'credentials', owner: 'test' },
    environment: process.env,
    share: (request) => shareCredentials(request, tools),
  });
});

afterAll(async () => {
  agent.kill();
  await channel.close();
});

beforeEach(() => {
  allowed = [];
  given = [];
  refused = [];
});

/** What a shell script in a container that was given these things prints, on both streams. */
async function inContainer(shared: readonly string[], script: string): Promise<string> {
  const request = { ...requestFor(folder, ['sh', '-c', `{ ${script}\n} 2>&1`], { image: image() }), shared };
  const process = await manager.launch(request, new RecordedProgress(), neverAborted());
  try {
    return Buffer.concat((await process.stdout.toArray()) as Buffer[]).toString();
  } finally {
    await process.dispose();
  }
}

const ask = (fields: string): string => `printf '${fields}\\n' | git credential fill`;
const github = 'protocol=https\\nhost=github.com\\n';

describe('a container to which nothing was shared', () => {
  it('has nothing of the user’s', async () => {
    const said = await inContainer(
      [],
      `ls -a ~; ls /run/kandev /etc/gitconfig /etc/ssh/ssh_known_hosts; env; git config --list; GIT_TERMINAL_PROMPT=0 ${ask(github)}; ssh-add -l`,
    );
    expect(said).not.toMatch(/ann|example\.org|\.ssh|SSH_AUTH_SOCK|pa55/i);
    expect(said).toContain('Could not open a connection to your authentication agent');
  });
});

describe('what is shared', () => {
  it('is found on this machine, with what there is of it', async () => {
    const offers = await surveyHost(host, {
      folder,
      variables: ['GITHUB_TOKEN'],
      engineIsHere: true,
      hosts: ['github.com'],
    });
    const facts = Object.fromEntries(offers.map(({ id, found, missing }) => [id, missing ?? found]));
    expect(facts).toEqual({
      'git-identity': 'Ann "A" Example <ann@example.org>',
      'ssh-agent': '1 key',
      'known-hosts': '1 host key',
      'git-credentials:github.com': '',
      'environment:GITHUB_TOKEN': '',
      'environment:GITLAB_TOKEN': 'it is not set where VS Code was started',
      'ssh-folder': '1 private key',
      'git-config-file': '',
      'git-credentials-file': '',
    });
  });

  it('the git identity: commits carry it, and what the repository says wins', async () => {
    const said = await inContainer(
      ['git-identity'],
      'cd /tmp && git init -q --template= x && cd x && git commit -q --allow-empty -m one && git log -1 --format="%an <%ae>" && git config user.name Other && git commit -q --allow-empty -m two && git log -1 --format="%an"; git config --global user.name Mine && git config credential.helper',
    );
    expect(said).toBe('Ann "A" Example <ann@example.org>\nOther\n');
  });

  it('the ssh-agent: its keys can be used, and not its files', async () => {
    const said = await inContainer(
      ['ssh-agent'],
      'ssh-add -l; touch "$(dirname "$SSH_AUTH_SOCK")/x"; ls ~/.ssh',
    );
    expect(said).toMatch(/256 SHA256:\S+ .*\(ED25519\)/);
    expect(said).toContain('Read-only file system');
    expect(said).toMatch(/\.ssh: No such file/);
  });

  it('known hosts: a copy', async () => {
    const said = await inContainer(
      ['known-hosts'],
      'cat /etc/ssh/ssh_known_hosts; echo x >> /etc/ssh/ssh_known_hosts',
    );
    expect(said).toContain('git.example.org ssh-ed25519 AAAAknown');
    expect(said).toContain('Read-only file system');
  });

  it('git’s password: for a server that was agreed to, for no other one, and nothing is stored', async () => {
    allowed = ['github.com'];
    const shared = ['git-credentials:github.com'];
    const reject = 'git credential reject';
    const said = await inContainer(
      shared,
      `${ask(github)}; printf '${github}username=ann\\npassword=x\\n\\n' | ${reject}; GIT_TERMINAL_PROMPT=0; export GIT_TERMINAL_PROMPT; ${ask('protocol=https\\nhost=evil.example\\n')}; ${ask('protocol=http\\nhost=github.com\\n')}; printf 'protocol=https\\nhost=evil.example\\n' | sh /run/kandev/git-credentials/helper get; rm /run/kandev/git-credentials/socket`,
    );
    expect(said).toContain('username=ann\npassword=pa55-word-of-ann\n');
    expect(said.match(/pa55/g)).toHaveLength(1);
    expect(said).toContain('Read-only file system');
    expect(given).toEqual(['github.com pa55-word-of-ann']);
    expect(refused).toEqual(['evil.example']);
    expect((await readFile(path.join(host.homeFolder, 'asked'), 'utf8')).trim()).toBe('get');
  });

  it('git’s password: no longer, once it was taken back, also in a container that runs', async () => {
    allowed = ['github.com'];
    const script = `GIT_TERMINAL_PROMPT=0; export GIT_TERMINAL_PROMPT; read line; ${ask(github)}; echo done`;
    const request = {
      ...requestFor(folder, ['sh', '-c', script], { image: image() }),
      shared: ['git-credentials:github.com'],
    };
    const process = await manager.launch(request, new RecordedProgress(), neverAborted());
    try {
      allowed = [];
      // As when another window takes the lead.
      await channel.close();
      await channel.reopen();
      process.stdin.write('go\n');
      expect(Buffer.concat((await process.stdout.toArray()) as Buffer[]).toString()).toBe('done\n');
      expect(refused).toEqual(['github.com']);
      expect(given).toEqual([]);
    } finally {
      await process.dispose();
    }
  });

  it('files as they are: by their real place, and read-only', async () => {
    const said = await inContainer(
      ['ssh-folder', 'git-config-file', 'git-credentials-file'],
      `head -1 ~/.ssh/id_ed25519; cat ~/.gitconfig ~/.git-credentials; echo x >> ~/.gitconfig; echo x >> ~/.git-credentials; touch ~/.ssh/x; git config --show-origin --get-all credential.helper`,
    );
    expect(said).toContain('-----BEGIN OPENSSH PRIVATE KEY-----');
    expect(said).toContain('email = ann@example.org');
    expect(said).toContain('stored-pa55');
    expect(said.match(/Read-only file system/g)).toHaveLength(3);
    expect(said).toMatch(/\/etc\/gitconfig\s+store/);
  });

  it('is told of by its names alone: in the label, and to whoever asks which container has it', async () => {
    const ids = ['git-identity', 'git-credentials:github.com'];
    const request = { ...requestFor(folder, ['cat'], { image: image() }), shared: ids };
    const process = await manager.launch(request, new RecordedProgress(), neverAborted());
    try {
      expect(await manager.sharedBy()).toEqual([{ runId: request.runId, taskId: request.taskId, ids }]);
      const engine = await testEngine();
      const seen = await engine.call('looking', (docker) =>
        docker.getContainer(process.containerId).inspect(),
      );
      expect(JSON.stringify(seen)).not.toMatch(/pa55|PRIVATE/);
    } finally {
      await process.dispose();
    }
  });
});
