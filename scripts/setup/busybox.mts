import { existsSync } from 'node:fs';
import { run } from '../processes.mts';
import { ensureDebianPackages } from './debian.mts';

/** The path of a busybox that needs no libraries, for images made from this machine; installs Debian's if it can. */
export async function ensureBusybox(): Promise<string> {
  const file = '/bin/busybox';
  const isStatic =
    existsSync(file) &&
    (await run('ldd', [file]).then(
      () => false,
      () => true,
    ));
  if (!isStatic)
    await ensureDebianPackages(['busybox-static'], 'to make container images without a registry');
  return file;
}
