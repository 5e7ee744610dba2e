import { copyFile, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { dockerodeWithoutBuildKitAndSsh } from './build.mts';
import { projectRoot } from './paths.mts';
import { run } from './processes.mts';

/**
 * Bundles and packages an extension that helps in development and never ships.
 * @param folder With its package.json, relative to the project.
 * @param target The folder to build in, which is emptied before.
 * @param entryPoints Sources, relative to the project; each becomes a file of that name beside package.json.
 * @returns The path of the .vsix file.
 */
export async function packageDevExtension(
  folder: string,
  target: string,
  entryPoints: readonly string[],
): Promise<string> {
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  await build({
    absWorkingDir: projectRoot,
    entryPoints: [...entryPoints],
    entryNames: '[name]',
    outdir: target,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    sourcemap: 'inline',
    sourceRoot: `${pathToFileURL(target).href}/`,
    external: ['vscode'],
    plugins: [dockerodeWithoutBuildKitAndSsh],
    logLevel: 'error',
  });
  await copyFile(path.join(projectRoot, folder, 'package.json'), path.join(target, 'package.json'));
  const vsce = path.join(projectRoot, 'node_modules', '@vscode', 'vsce', 'vsce');
  const flags = [
    '--no-dependencies',
    '--allow-missing-repository',
    '--skip-license',
    '--out',
    'extension.vsix',
  ];
  await run(process.execPath, [vsce, 'package', ...flags], { cwd: target });
  return path.join(target, 'extension.vsix');
}
