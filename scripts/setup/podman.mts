import { ensureDebianPackages, missingCommands } from './debian.mts';

/** What Podman only recommends, and what our containers need: an init process, a network, layers on any file system. */
const companions = ['catatonit', 'runc', 'netavark', 'aardvark-dns', 'fuse-overlayfs'];

/** The other engine that Kandev works with. */
export async function ensurePodman(): Promise<void> {
  if (missingCommands(['podman', 'catatonit', 'runc']).length === 0) return;
  await ensureDebianPackages(['podman', ...companions], 'to test with a real Podman');
}
