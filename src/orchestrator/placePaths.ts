import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';
import { WorkspacePaths } from '../acp/workspacePaths.ts';
import { targetOf } from '../agents/workspace.ts';
import type { PlacedPath } from '../model/permission.ts';
import type { RunWorkspace } from '../model/run.ts';

/** So many paths of one request are looked at on the disk; more are taken for what nobody knows. */
const mostPaths = 200;

/**
 * Says where the paths lie that an agent has named, from the folder that it works in, with and without links.
 *
 * @param sharesFiles false where the agent has its files on another machine: links there cannot be followed from here
 */
export async function placePaths(
  paths: readonly string[],
  workspace: Pick<RunWorkspace, 'root' | 'workingFolder'> | null,
  sharesFiles: boolean,
): Promise<PlacedPath[]> {
  const folder = targetOf(workspace?.workingFolder ?? '/');
  const disk = workspace && sharesFiles ? workspace : null;
  const places: PlacedPath[] = [];
  for (const [index, named] of [...new Set(paths)].entries()) {
    const absolute = path.posix.resolve(folder, named.replace(/^file:\/\//, ''));
    const inside = within(path.posix.relative(folder, absolute));
    const isKnown = workspace !== null && inside !== null;
    places.push({
      path: isKnown ? inside : absolute,
      real: isKnown && disk && index < mostPaths ? await realPlace(absolute, disk) : null,
    });
  }
  return places;
}

/** Without links, as the disk has it now; null for what leads out of the folder, or nobody can tell. */
async function realPlace(
  agentPath: string,
  { root, workingFolder }: Pick<RunWorkspace, 'root' | 'workingFolder'>,
): Promise<string | null> {
  const paths = new WorkspacePaths([{ agentPath: targetOf(root), hostPath: root }], { realpath, lstat });
  try {
    const real = path.relative(workingFolder, await paths.toHost(agentPath, 'read'));
    return path.isAbsolute(real) ? null : within(real.split(path.sep).join('/'));
  } catch {
    return null;
  }
}

function within(relative: string): string | null {
  if (relative === '..' || relative.startsWith('../')) return null;
  return relative === '' ? '.' : relative;
}
