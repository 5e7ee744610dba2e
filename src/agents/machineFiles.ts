import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

/** What of this machine goes into an image: files by their path in the image, links by what they point to. */
export interface MachineFiles {
  files: Map<string, string>;
  links: Map<string, string>;
}

export const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Where programs in the image find whom to trust. */
export const certificatesFile = '/etc/ssl/certs/ca-certificates.crt';

const run = promisify(execFile);

/** Where there is no busybox: what a shell script cannot do without. */
const basicTools = [
  'cat',
  'ls',
  'mkdir',
  'rm',
  'cp',
  'mv',
  'ln',
  'chmod',
  'env',
  'sleep',
  'head',
  'tail',
  'wc',
  'grep',
  'find',
];
/** Parts of the C and C++ libraries that native agents load, and node does not. */
const furtherLibraries = [
  'librt.so.1',
  'libutil.so.1',
  'libresolv.so.2',
  'libatomic.so.1',
  'libnss_dns.so.2',
  'libnss_files.so.2',
];
/** Where the systems keep the certificates of the authorities that they trust: Debian, Fedora, SUSE, Alpine. */
const certificateFiles = [
  certificatesFile,
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];
const npmFolder = '/usr/local/lib/node_modules/npm';

/** This node, npm, shells, the libraries they load, and the certificates that this machine trusts. */
export async function machineFiles(node: string): Promise<MachineFiles> {
  const machine: MachineFiles = {
    files: new Map([['/usr/local/bin/node', node]]),
    links: new Map([['/usr/bin/env', '/bin/env']]),
  };
  await addShell(machine);
  await addLibraries(machine);
  await addNpm(machine);
  // Behind a proxy of a company's own nothing else can be downloaded, neither now nor by the agent.
  const certificates = await firstFile(certificateFiles);
  if (certificates !== null) machine.files.set(certificatesFile, certificates);
  return machine;
}

/** The programs of that name, in the order in which a shell would find them. */
export async function onPath(command: string): Promise<string[]> {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), ...searchPath.split(':')];
  const found: string[] = [];
  for (const folder of new Set(folders.filter((entry) => path.isAbsolute(entry)))) {
    const file = path.join(folder, command);
    if (await isReachable(file, constants.X_OK)) found.push(file);
  }
  return found;
}

async function addShell({ files, links }: MachineFiles): Promise<void> {
  const [bash] = await onPath('bash');
  if (bash !== undefined) {
    // Many agents run their commands with it, by one path or the other.
    files.set('/bin/bash', bash);
    links.set('/usr/bin/bash', '/bin/bash');
  }
  const [busybox] = await onPath('busybox');
  if (busybox !== undefined) {
    files.set('/bin/busybox', busybox);
    const { stdout } = await run(busybox, ['--list']);
    for (const applet of stdout.trim().split('\n')) {
      if (applet !== 'busybox') links.set(`/bin/${applet}`, 'busybox');
    }
    return;
  }
  for (const tool of ['sh', ...basicTools]) {
    const [file] = await onPath(tool);
    if (file !== undefined) files.set(`/bin/${tool}`, file);
  }
}

async function addLibraries({ files }: MachineFiles): Promise<void> {
  for (const binary of [...files.values()]) {
    for (const library of await librariesOf(binary)) files.set(library, library);
  }
  for (const folder of new Set([...files.keys()].filter(isLibrary).map((file) => path.dirname(file)))) {
    for (const library of furtherLibraries.map((name) => path.join(folder, name))) {
      if (await isReachable(library)) files.set(library, library);
    }
  }
}

/** The shared libraries that a program loads, by the paths under which the loader looks for them. */
async function librariesOf(binary: string): Promise<string[]> {
  // A static program is none for ldd: it fails.
  const { stdout } = await run('ldd', [await realpath(binary)]).catch(() => ({ stdout: '' }));
  return [...stdout.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].flatMap(([, library]) => library ?? []);
}

/** Some of what the C library consists of is found by the folder that it is in. */
function isLibrary(file: string): boolean {
  return path.basename(file) === 'libc.so.6';
}

/** npm, where it is all in one folder: Debian's own package of it is spread over many. */
async function addNpm({ files, links }: MachineFiles): Promise<void> {
  for (const command of await onPath('npm')) {
    const folder = path.dirname(path.dirname(await realpath(command)));
    if (!(await isWholeNpm(folder))) continue;
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const file = path.join(entry.parentPath, entry.name);
      const name = path.relative(folder, file);
      if (entry.isFile() && !/^(docs|man)\//.test(name)) files.set(path.join(npmFolder, name), file);
    }
    for (const name of ['npm', 'npx']) {
      links.set(`/usr/local/bin/${name}`, `../lib/node_modules/npm/bin/${name}-cli.js`);
    }
    return;
  }
}

async function isWholeNpm(folder: string): Promise<boolean> {
  try {
    const manifest: unknown = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
    const { name, dependencies } = manifest as { name?: unknown; dependencies?: Record<string, string> };
    const needed = Object.keys(dependencies ?? {}).map((needs) => path.join(folder, 'node_modules', needs));
    const there = await Promise.all(needed.map((file) => isReachable(file)));
    return name === 'npm' && !there.includes(false);
  } catch {
    return false;
  }
}

async function firstFile(files: readonly string[]): Promise<string | null> {
  for (const file of files) {
    const isFile = await stat(file).then(
      (stats) => stats.isFile(),
      () => false,
    );
    if (isFile) return file;
  }
  return null;
}

function isReachable(file: string, mode = constants.R_OK): Promise<boolean> {
  return access(file, mode).then(
    () => true,
    () => false,
  );
}
