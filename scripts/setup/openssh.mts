import { ensureDebianPackages, missingCommands } from './debian.mts';

/** ssh's own agent and keys, which tests share with containers. */
export async function ensureOpenssh(): Promise<void> {
  if (missingCommands(['ssh-agent', 'ssh-add', 'ssh-keygen']).length === 0) return;
  await ensureDebianPackages(['openssh-client'], 'to test with a real ssh-agent');
}
