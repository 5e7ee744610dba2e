import path from 'node:path';
import type { HostPath } from '../containerFiles.ts';
import { keeperFile } from './protocol.ts';

/**
 * How the keeper's program gets into a container: as any other file of this machine.
 *
 * @param distFolder the extension's `dist`
 */
export function keeperPath(distFolder: string): HostPath {
  return { source: path.join(distFolder, 'agents', 'keeper.js'), target: keeperFile, readOnly: true };
}
