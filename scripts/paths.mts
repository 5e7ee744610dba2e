import os from 'node:os';
import path from 'node:path';

/** The checkout. */
export const projectRoot = path.resolve(import.meta.dirname, '..');

/** Where scripts/package.mts puts the packaged extension. */
export const vsixFile = path.join(projectRoot, 'dist', 'kandev.vsix');

/**
 * Where downloads and servers' data are kept between runs, outside the checkout: $KANDEV_CACHE, else the user's cache
 * folder. Entries carry their version in their name.
 */
export const cacheDirectory =
  process.env.KANDEV_CACHE ??
  path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'kandev');
