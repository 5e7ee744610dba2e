import { beforeAll, describe, expect, it } from 'vitest';
import type { AgentManager } from '../../src/agents/agentManager.ts';
import { makeFolder } from '../harness/testRun.ts';
import { ensureTestImage, neverAborted, RecordedProgress, requestFor, testManager } from './agents.ts';

let manager: AgentManager;

beforeAll(async () => {
  await ensureTestImage();
  manager = await testManager();
});

/** What an agent prints that does its worst, and how its container ends. */
async function attack(script: string): Promise<{ output: string; exitCode: number | null }> {
  const request = requestFor(await makeFolder('attacked'), ['sh', '-c', script], {
    resources: { cpus: 1, memoryMb: 128, pids: 64, network: 'none' },
  });
  const agent = await manager.launch(request, new RecordedProgress(), neverAborted());
  try {
    const output = Buffer.concat((await agent.stdout.toArray()) as Buffer[]).toString();
    return { output, exitCode: (await agent.exited).exitCode };
  } finally {
    await agent.dispose();
  }
}

describe('an agent that attacks', () => {
  it('gets neither rights, nor other file systems, nor what belongs to the host', async () => {
    const attempts = [
      'mount -t tmpfs none /mnt',
      'unshare -r true',
      'unshare -m true',
      'chroot / true',
      'mknod /tmp/disk b 8 0',
      'cat /etc/shadow',
      'ls /root/.ssh',
      'ls /home/*/.ssh',
      'echo x >> /etc/passwd',
      'echo x > /proc/sys/kernel/hostname',
      'echo c > /proc/sysrq-trigger',
      'cat /proc/kcore',
      'ls /var/run/docker.sock',
      'hostname other',
    ];
    const script = attempts.map((each) => `(${each}) >/dev/null 2>&1 && echo 'did ${each}'`).join('; ');
    expect((await attack(`${script}; echo over`)).output).toBe('over\n');
  });

  it('that forks without end hits its own limit, and is ended like any other', async () => {
    const script =
      'i=0; while [ $i -lt 300 ]; do sleep 30 & i=$((i+1)); done 2>/tmp/errors; ls /proc | grep -c "^[0-9]"';
    const { output, exitCode } = await attack(script);
    // A shell that cannot fork gives up before it counts.
    expect(output === '' ? exitCode !== 0 : Number(output) <= 64).toBe(true);
  });

  it('that fills /tmp and its home has them to itself, and runs out of room there', async () => {
    const script =
      'dd if=/dev/zero of=/tmp/big bs=1M count=500 2>/tmp/said; grep -c "No space" /tmp/said; [ "$(wc -c < /tmp/big)" -le 67108864 ] && echo bounded';
    const { output, exitCode } = await attack(script);
    // Memory is what it writes to: it either has no room or is ended for it.
    expect(exitCode === 137 || output.includes('bounded')).toBe(true);
  });
});
