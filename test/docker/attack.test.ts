import { chmod, chown, copyFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AgentManager } from '../../src/agents/agentManager.ts';
import { makeFolder } from '../harness/testRun.ts';
import {
  containersOf,
  ensureTestImage,
  neverAborted,
  RecordedProgress,
  requestFor,
  testEngine,
  testManager,
  withAgent,
} from './agents.ts';

let manager: AgentManager;

beforeAll(async () => {
  await ensureTestImage();
  manager = await testManager();
});

/** What an agent prints that does its worst, and how its container ends. */
async function attack(
  script: string,
  folder: string | null = null,
): Promise<{ output: string; exitCode: number | null; stderr: string }> {
  const request = requestFor(folder ?? (await makeFolder('attacked')), ['sh', '-c', script], {
    resources: { cpus: 1, memoryMb: 128, pids: 64, network: 'none' },
  });
  const agent = await manager.launch(request, new RecordedProgress(), neverAborted());
  try {
    const output = Buffer.concat((await agent.stdout.toArray()) as Buffer[]).toString();
    return { output, exitCode: (await agent.exited).exitCode, stderr: agent.stderrTail() };
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
      'nsenter -t 1 -m true',
      'mount --bind / /mnt',
      'umount /etc/passwd',
      'ifconfig lo down',
      'chown 1:1 /tmp',
      'ls /proc/1/root/root/.ssh',
      'cat /dev/mem',
      'ls ~/.ssh ~/.gitconfig ~/.git-credentials ~/.docker',
    ];
    const script = attempts.map((each) => `(${each}) >/dev/null 2>&1 && echo 'did ${each}'`).join('; ');
    expect((await attack(`${script}; echo over`)).output).toBe('over\n');
  });

  // Only root can make what belongs to root.
  it.runIf(process.getuid?.() === 0)(
    'gains nothing by a program that runs as root for everybody',
    async () => {
      const folder = await makeFolder('of-somebody');
      const program = path.join(folder, 'whoami');
      await copyFile('/usr/bin/whoami', program);
      await chmod(program, 0o6755);
      await chown(folder, 12_345, 12_345);
      const script =
        'stat -c "%u %a" whoami; ./whoami; grep -E "^(CapEff|CapPrm|NoNewPrivs|Seccomp):" /proc/self/status | tr "\\t" " "';
      const none = '0000000000000000';
      expect((await attack(script, folder)).output).toBe(
        `0 6755\nagent\nCapPrm: ${none}\nCapEff: ${none}\nNoNewPrivs: 1\nSeccomp: 2\n`,
      );
    },
  );

  it('that floods both streams loses nothing of what it says, and costs no memory for what it complains', async () => {
    const megabytes = 40;
    const flood = `yes 0123456 | head -c ${megabytes}m`;
    const request = requestFor(await makeFolder('flood'), [
      'sh',
      '-c',
      `${flood} >&2 & ${flood}; wait; echo last >&2`,
    ]);
    let heard = 0;
    const progress = Object.assign(new RecordedProgress(), {
      stderr: (text: string) => void (heard += text.length),
    });
    await withAgent(manager.launch(request, progress, neverAborted()), async (agent) => {
      let bytes = 0;
      for await (const chunk of agent.stdout) bytes += (chunk as Buffer).length;
      expect(bytes).toBe(megabytes * 1024 ** 2);
      expect((await agent.exited).exitCode).toBe(0);
      expect(heard).toBe(megabytes * 1024 ** 2 + 'last\n'.length);
      expect(agent.stderrTail().endsWith('last\n')).toBe(true);
      expect(agent.stderrTail().length).toBeLessThanOrEqual(8 * 1024);
    });
  });

  it('that forks without end has no more processes than it may, and is ended with all of them', async () => {
    const bomb = 'b() { b | b & }; b; sleep 60';
    const request = requestFor(await makeFolder('bomb'), ['sh', '-c', bomb], {
      resources: { cpus: 1, memoryMb: 128, pids: 64, network: 'none' },
    });
    const engine = await testEngine();
    await withAgent(manager.launch(request, new RecordedProgress(), neverAborted()), async (agent) => {
      const processes = async (): Promise<number> => {
        const stats = await engine.call('measuring', (docker) =>
          docker.getContainer(agent.containerId).stats({ stream: false, 'one-shot': true }),
        );
        return stats.pids_stats?.current ?? 0;
      };
      // It has come to its limit, or its shell has given up before.
      const ended = agent.exited.then(() => 0);
      const counts = [await Promise.race([processes(), ended]), await Promise.race([processes(), ended])];
      for (const count of counts) expect(count).toBeLessThanOrEqual(64);
    });
    expect(await containersOf(request.runId)).toEqual([]);
  });

  it('that starts more processes than it may is refused the rest', async () => {
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
