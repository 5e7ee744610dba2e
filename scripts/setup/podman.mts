import { ensureDebianPackages, missingCommands } from './debian.mts';

/** The other engine that Kandev works with. */
export async function ensurePodman(): Promise<void> {
  if (missingCommands(['podman']).length === 0) return;
  await ensureDebianPackages(['podman'], 'to test with a real Podman');
}
