import { access } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../model/failure.ts';
import type { HostPath } from '../containerFiles.ts';
import { keeperFile } from './protocol.ts';

/**
 * How the keeper's program gets into a container: as any other file of this machine.
 *
 * @param distFolder the extension's `dist`
 * @throws UserError when it is not there: an engine would say of it that it does not see the folder
 */
export async function keeperPath(distFolder: string): Promise<HostPath> {
  const source = path.join(distFolder, 'agents', 'keeper.js');
  try {
    await access(source);
  } catch (error) {
    throw new UserError(
      {
        reason: 'internal',
        message: `A file of Kandev itself is missing: ${source}. Install the extension again.`,
        action: { kind: 'showLog' },
      },
      { cause: error },
    );
  }
  return { source, target: keeperFile, readOnly: true };
}
