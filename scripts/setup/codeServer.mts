/** Visual Studio Code as a server, from npm alone: the real workbench and the real extension host. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheDirectory, projectRoot } from '../paths.mts';
import { run } from '../processes.mts';
import { ensureDebianPackages, missingCommands } from './debian.mts';

/** Code 1.139.1. */
const version = '4.139.1';
const installation = path.join(cacheDirectory, `code-server-${version}`);
const entry = path.join('node_modules', 'code-server', 'out', 'node', 'entry.js');

/**
 * The script that starts code-server, to be run with this process's Node (24, which code-server asks for).
 * Installs it into the cache when it is not there, which takes about 90 s.
 */
export async function ensureCodeServer(): Promise<string> {
  const script = path.join(installation, entry);
  if (existsSync(script)) return script;
  const missing = missingCommands(['g++', 'make', 'python3']);
  if (missing.length > 0)
    await ensureDebianPackages(['g++', 'make', 'python3'], "to build two of code-server's modules");

  console.log(`Installing VS Code (code-server ${version}) into ${cacheDirectory}, once; about a minute …`);
  await mkdir(cacheDirectory, { recursive: true });
  const unfinished = await mkdtemp(`${installation}.unfinished-`);
  try {
    await install(unfinished);
    await rename(unfinished, installation).catch((error: unknown) => {
      // Somebody else was faster; theirs is as good.
      if (!existsSync(script)) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return script;
}

/**
 * The steps of code-server's own postinstall without what it builds in vain here: kerberos needs a system library,
 * and argon2 is for passwords, which a server for one user on 127.0.0.1 does not have.
 */
async function install(folder: string): Promise<void> {
  const npm = (args: readonly string[], cwd: string) => run('npm', args, { cwd, env: npmEnvironment() });
  await writeFile(path.join(folder, 'package.json'), JSON.stringify({ private: true }));
  await npm(['install', '--ignore-scripts', `code-server@${version}`], folder);
  const vscode = path.join(folder, 'node_modules', 'code-server', 'lib', 'vscode');
  await npm(['install', '--omit=dev', '--ignore-scripts'], vscode);
  await npm(['install', '--omit=dev', '--ignore-scripts'], path.join(vscode, 'extensions'));
  await npm(['rebuild', '@vscode/spdlog', '@vscode/native-watchdog'], vscode);
  await run(process.execPath, [path.join(folder, entry), '--version']);
}

/** npm running on this Node, and native modules built against this Node's headers, whatever the user's npmrc says. */
function npmEnvironment(): Record<string, string | undefined> {
  const bin = path.join(projectRoot, 'node_modules', '.bin');
  const headers = path.join(
    projectRoot,
    `node_modules/node/node_modules/node-${process.platform}-${process.arch}`,
  );
  return {
    PATH: `${bin}${path.delimiter}${process.env.PATH ?? ''}`,
    ...(existsSync(path.join(headers, 'include')) ? { npm_config_nodedir: headers } : {}),
  };
}
