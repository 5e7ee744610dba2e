import { describe, expect, it } from 'vitest';
import { containerName, containerOptions, type ContainerPlan } from '../../../src/agents/container.ts';
import { bindFiles } from '../../../src/agents/containerFiles.ts';
import { chooseUser, identityPaths } from '../../../src/agents/containerUser.ts';
import { labelsOf } from '../../../src/agents/labels.ts';
import { builtInAgentTypes } from '../../../src/agents/registry.ts';
import { workspacePaths } from '../../../src/agents/workspace.ts';

const [demo] = builtInAgentTypes;
if (!demo) throw new Error('There is no built-in agent type.');

const request = {
  runId: 'run-1',
  taskId: 'task-1',
  agentType: {
    ...demo,
    command: ['node', 'a.js', '--acp'],
    resources: { cpus: 1.5, memoryMb: 512, pids: 512, network: 'bridge' as const },
  },
  folder: '/work/a: b, ü',
  environment: { TOKEN: 'x=y', HOME: '/elsewhere' },
  outlives: false,
};
const plan: ContainerPlan = {
  request,
  facts: { cpus: 4, limits: { cpu: true, memory: true, pids: true }, selinux: false },
  user: { uid: 1000, gid: 100 },
  files: bindFiles([
    ...workspacePaths({
      folder: request.folder,
      target: request.folder,
      git: [
        { path: '.git', readOnly: false },
        { path: '.git/hooks', readOnly: true },
      ],
    }),
    ...identityPaths({ passwd: '/storage/passwd', group: '/storage/group' }),
  ]),
  workingDirectory: request.folder,
  stateVolume: null,
  labels: { 'dev.kandev.run': 'run-1' },
  network: { mode: 'bridge', environment: {} },
  isKept: false,
};
const options = containerOptions(plan);

describe('containerOptions', () => {
  it('takes every right from the agent that it does not need', () => {
    expect(options.HostConfig).toMatchObject({
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      NetworkMode: 'bridge',
      Init: true,
      AutoRemove: false,
      LogConfig: { Type: 'none' },
    });
    expect(options.HostConfig).not.toHaveProperty('Privileged');
    expect(options.HostConfig).not.toHaveProperty('CapAdd');
    expect(options.HostConfig).not.toHaveProperty('Binds');
    expect(JSON.stringify(options)).not.toContain('docker.sock');
  });

  it('limits what it may use', () => {
    expect(options.HostConfig).toMatchObject({
      PidsLimit: 512,
      Memory: 512 * 1024 ** 2,
      MemorySwap: 512 * 1024 ** 2,
      NanoCpus: 1.5e9,
    });
  });

  it('asks for no more processors than the engine has', () => {
    expect(containerOptions({ ...plan, facts: { ...plan.facts, cpus: 1 } }).HostConfig?.NanoCpus).toBe(1e9);
  });

  it('asks for no limit that the engine cannot enforce', () => {
    const limits = { cpu: false, memory: false, pids: false };
    const { HostConfig } = containerOptions({ ...plan, facts: { ...plan.facts, limits } });
    for (const limit of ['NanoCpus', 'Memory', 'MemorySwap', 'PidsLimit']) {
      expect(HostConfig).not.toHaveProperty(limit);
    }
  });

  it('lets it read its mounts on a host with SELinux', () => {
    const { HostConfig } = containerOptions({ ...plan, facts: { ...plan.facts, selinux: true } });
    expect(HostConfig?.SecurityOpt).toEqual(['no-new-privileges', 'label=disable']);
  });

  it('mounts the folder at its own path, and what protects it over it', () => {
    const bind = (source: string, target: string, readOnly: boolean) => ({
      Type: 'bind',
      Source: source,
      Target: target,
      ReadOnly: readOnly,
    });
    expect(options.HostConfig?.Mounts).toEqual([
      bind(request.folder, request.folder, false),
      bind(`${request.folder}/.git`, `${request.folder}/.git`, false),
      bind(`${request.folder}/.git/hooks`, `${request.folder}/.git/hooks`, true),
      bind('/storage/passwd', '/etc/passwd', true),
      bind('/storage/group', '/etc/group', true),
    ]);
    expect(options.WorkingDir).toBe(request.folder);
  });

  it('gives it a home and a place for temporary files, in memory', () => {
    const tmpfs = 'rw,exec,nosuid,nodev,mode=1777,size=268435456';
    expect(options.HostConfig?.Tmpfs).toEqual({ '/tmp': tmpfs, '/home/agent': tmpfs });
  });

  it('keeps what its type keeps in a volume, and can write beside it', () => {
    const agentType = { ...request.agentType, stateFolder: '.local/share/agent' };
    const { HostConfig } = containerOptions({
      ...plan,
      request: { ...request, agentType },
      stateVolume: 'kandev-state-agent',
    });
    expect(HostConfig?.Mounts?.at(-1)).toMatchObject({
      Type: 'volume',
      Source: 'kandev-state-agent',
      Target: '/home/agent/.local/share/agent',
      VolumeOptions: { NoCopy: true },
    });
    expect(Object.keys(HostConfig?.Tmpfs ?? {})).toEqual([
      '/tmp',
      '/home/agent',
      '/home/agent/.local',
      '/home/agent/.local/share',
    ]);
  });

  it('keeps stdin open, whoever leaves', () => {
    expect(options).toMatchObject({
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      OpenStdin: true,
      StdinOnce: false,
      Tty: false,
    });
  });

  it("runs the agent type's command as the user, and nothing of the image's", () => {
    expect(options).toMatchObject({
      Image: demo.image,
      Entrypoint: ['node'],
      Cmd: ['a.js', '--acp'],
      User: '1000:100',
      Labels: { 'dev.kandev.run': 'run-1' },
    });
  });

  it('runs it under a keeper, where it has one, with a place to listen', () => {
    const kept = containerOptions({ ...plan, isKept: true });
    expect(kept).toMatchObject({
      Entrypoint: ['node'],
      Cmd: ['/opt/kandev/keeper.js', 'run', 'node', 'a.js', '--acp'],
    });
    expect(kept.HostConfig?.Tmpfs?.['/run/kandev']).toContain('size=65536');
  });

  it('passes the environment on, and knows better where home is', () => {
    expect(options.Env).toEqual(['TOKEN=x=y', 'HOME=/home/agent', 'USER=agent', 'LOGNAME=agent']);
  });

  it("adds the type's own variables, which the user's win over", () => {
    const variables = { NO_UPDATE: '1', TOKEN: 'none', HOME: '/nowhere' };
    const agentType = { ...request.agentType, variables };
    expect(containerOptions({ ...plan, request: { ...request, agentType } }).Env).toEqual([
      'NO_UPDATE=1',
      'TOKEN=x=y',
      'HOME=/home/agent',
      'USER=agent',
      'LOGNAME=agent',
    ]);
  });
});

describe('names and labels', () => {
  const owner = { installation: 'i', workspace: 'w', owner: 'o' };

  it('say whose the container is', () => {
    expect(containerName('run-1')).toBe('kandev-run-1');
    expect(labelsOf(request, owner, undefined)).toEqual({
      'dev.kandev.schema': '1',
      'dev.kandev.installation': 'i',
      'dev.kandev.workspace': 'w',
      'dev.kandev.owner': 'o',
      'dev.kandev.task': 'task-1',
      'dev.kandev.run': 'run-1',
    });
  });

  it('say which test run it belongs to', () => {
    expect(labelsOf(request, owner, 't')).toMatchObject({ 'dev.kandev.test-run': 't' });
  });
});

describe('chooseUser', () => {
  const me = { uid: 1000, gid: 100 };
  const other = { uid: 1001, gid: 1001 };
  const root = { uid: 0, gid: 0 };
  it.each([
    ['me, whoever owns the folder', me, other, false, me],
    ['root on a rootless engine, which is me', me, me, true, root],
    ["the folder's owner when I am root", root, other, false, other],
    ["root when I am root and so is the folder's owner", root, root, false, root],
    ['anybody where there are no such ids', null, root, false, { uid: 1000, gid: 1000 }],
  ])('%s', (_what, self, owner, rootless, chosen) => {
    expect(chooseUser(self, owner, rootless)).toEqual(chosen);
  });
});
