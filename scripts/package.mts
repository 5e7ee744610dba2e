/**
 * Packages the extension as dist/kandev.vsix, unless the one that is there was made from the same files.
 *
 * node scripts/package.mts
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, statSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createVSIX } from '@vscode/vsce';
import { buildAll } from './build.mts';
import { projectRoot, vsixFile } from './paths.mts';
import { withLock } from './setup/lock.mts';

/** Holds the hash of the files that the VSIX was made from. */
const stamp = `${vsixFile}.inputs`;
const maxBytes = 2_500_000;

/** Everything that can change the VSIX. */
const inputs = [
  '{src,agents,media,l10n}/**',
  'package.json',
  'package-lock.json',
  'package.nls*.json',
  '*.md',
  'LICENSE',
  '.vscodeignore',
  'tsconfig.json',
  'scripts/{build,package}.mts',
];

async function hashInputs(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of globSync(inputs, { cwd: projectRoot }).sort()) {
    const absolute = path.join(projectRoot, file);
    if (statSync(absolute).isFile()) hash.update(`${file}\0`).update(await readFile(absolute));
  }
  return hash.digest('hex');
}

/**
 * Returns the path of the VSIX, building it first when it is missing or older than its sources.
 * @throws When it is larger than 2.5 MB.
 */
async function packageExtension(): Promise<string> {
  const hash = await hashInputs();
  if (existsSync(vsixFile) && (await readFile(stamp, 'utf8').catch(() => '')) === hash) return vsixFile;
  await buildAll({ production: true });
  const unfinished = `${vsixFile}.${process.pid}`;
  try {
    await createVSIX({
      cwd: projectRoot,
      packagePath: unfinished,
      dependencies: false,
      allowMissingRepository: true,
      rewriteRelativeLinks: false,
    });
    const { size } = await stat(unfinished);
    if (size > maxBytes)
      throw new Error(`The VSIX has ${size} bytes, more than ${maxBytes}: see .vscodeignore.`);
    await rename(unfinished, vsixFile);
  } finally {
    await rm(unfinished, { force: true });
  }
  await writeFile(stamp, hash);
  return vsixFile;
}

await mkdir(path.dirname(vsixFile), { recursive: true });
const { size } = await withLock(`${vsixFile}.lock`, async () => stat(await packageExtension()));
console.log(`${path.relative(projectRoot, vsixFile)}: ${(size / 1024).toFixed(0)} KB`);
