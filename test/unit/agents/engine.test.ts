import { describe, expect, it } from 'vitest';
import { engineFacts } from '../../../src/agents/engine.ts';

const info = {
  NCPU: 8,
  MemTotal: 16 * 1024 ** 3,
  SecurityOptions: ['name=seccomp,profile=default'],
  OperatingSystem: 'Debian GNU/Linux 12 (bookworm)',
  Architecture: 'x86_64',
  MemoryLimit: true,
  CpuCfsQuota: true,
  PidsLimit: true,
};
const version = { Version: '28.2.2', Components: [{ Name: 'Engine' }] };

describe('engineFacts', () => {
  it('reads a Docker engine', () => {
    expect(engineFacts(info, version)).toEqual({
      name: 'Docker',
      version: '28.2.2',
      cpus: 8,
      memoryMb: 16 * 1024,
      rootless: false,
      selinux: false,
      architecture: 'x64',
      limits: { cpu: true, memory: true, pids: true },
    });
  });

  it('tells Docker Desktop and Podman by their names', () => {
    expect(engineFacts({ ...info, OperatingSystem: 'Docker Desktop' }, version)?.name).toBe('Docker Desktop');
    expect(engineFacts(info, { ...version, Components: [{ Name: 'Podman Engine' }] })?.name).toBe('Podman');
  });

  it('reads what a rootless engine says of itself', () => {
    const rootless = {
      ...info,
      SecurityOptions: ['name=seccomp,profile=builtin', 'name=rootless', 'name=selinux', 'name=cgroupns'],
      CpuCfsQuota: false,
      Architecture: 'aarch64',
    };
    expect(engineFacts(rootless, version)).toMatchObject({
      rootless: true,
      selinux: true,
      architecture: 'arm64',
      limits: { cpu: false, memory: true, pids: true },
    });
  });

  it('does without what an engine leaves out', () => {
    expect(engineFacts({ NCPU: 2 }, { Version: '5.0' })).toMatchObject({
      name: 'Docker',
      cpus: 2,
      rootless: false,
    });
  });

  it.each([
    [null, null],
    ['<html>', '<html>'],
    [{}, {}],
  ])('is none for %j', (first, second) => {
    expect(engineFacts(first, second)).toBeNull();
  });
});
