import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { pack, type Pack } from 'tar-stream';
import { UserError } from '../model/failure.ts';
import type { Engine } from './engine.ts';
import { diskFailure } from './engineFailure.ts';
import { findImage, removeReplaced } from './findImage.ts';
import { parsePullLine } from './pullProgress.ts';
import { streamLines } from './streamLines.ts';

const run = promisify(execFile);

const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const oldestNode = 20;
/** Where there is no busybox: what a shell script cannot do without. */
const basicTools = [
  'cat',
  'ls',
  'mkdir',
  'rm',
  'cp',
  'mv',
  'env',
  'sleep',
  'head',
  'tail',
  'wc',
  'grep',
  'find',
];
const importLimitMs = 120_000;

/** Whether an image made of this machine's programs runs on the engine. */
export async function suitsThisMachine(engine: Engine, signal: AbortSignal): Promise<boolean> {
  if (process.platform !== 'linux' || engine.endpoint.connection.kind !== 'socket') return false;
  return (await engine.facts(signal)).architecture === process.arch;
}

/**
 * Makes an image of this machine's node, a shell and the libraries they load: a base for agents where no registry
 * can be reached. Replaces an image of that name.
 *
 * @returns the version of node in it, such as `v22.19.0`
 * @throws UserError `image-missing` when there is no node to take; `engine-disk-full`
 */
export async function importMachineImage(
  engine: Engine,
  image: string,
  signal: AbortSignal,
): Promise<string> {
  const node = await findNode();
  if (node === null) {
    throw new UserError({
      reason: 'image-missing',
      message: `Docker cannot reach a registry, and this machine has no Node ${oldestNode} or newer to make the image from. Connect to a network, or install Node.`,
    });
  }
  const replaced = await findImage(engine, image, signal);
  const archive = pack();
  const body = Readable.from(archive);
  const [repo, tag] = image.split(':');
  const options = { repo, tag, changes: [`ENV PATH=${searchPath}`, 'CMD ["/bin/sh"]'] };
  const imported = engine
    .call(
      `importing ${image}`,
      (docker, abortSignal) => docker.importImage(body, { ...options, abortSignal }),
      { limitMs: importLimitMs, signal },
    )
    .then(readImport);
  try {
    await Promise.all([imported, writeMachine(archive, node.file)]);
  } catch (error) {
    // Whichever of the two failed, the other would wait for ever.
    body.once('error', () => undefined).destroy(error as Error);
    signal.throwIfAborted();
    throw error;
  }
  if (replaced !== null) await removeReplaced(engine, replaced);
  return node.version;
}

async function readImport(stream: NodeJS.ReadableStream): Promise<void> {
  const silence = () => new Error('The import of the image stood still.');
  for await (const text of streamLines(stream, importLimitMs, silence)) {
    const error = parsePullLine(text)?.error;
    if (error === undefined) continue;
    throw diskFailure(error) ?? new Error(`The image could not be imported: ${error}`);
  }
}

/** A node that is one: in an editor `process.execPath` is Electron. */
async function findNode(): Promise<{ file: string; version: string } | null> {
  const own = process.versions.electron === undefined ? [process.execPath] : [];
  for (const file of [...own, ...(await onPath('node'))]) {
    const version = await run(file, ['--version']).then(
      ({ stdout }) => stdout.trim(),
      () => '',
    );
    if (Number(/^v(\d+)\./.exec(version)?.[1] ?? 0) >= oldestNode) return { file, version };
  }
  return null;
}

async function onPath(command: string): Promise<string[]> {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), ...searchPath.split(':')];
  const found: string[] = [];
  for (const folder of new Set(folders.filter((entry) => path.isAbsolute(entry)))) {
    const file = path.join(folder, command);
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) found.push(file);
  }
  return found;
}

/** Files by their path in the image, links by what they point to. */
interface MachineFiles {
  files: Map<string, string>;
  links: Map<string, string>;
}

async function writeMachine(archive: Pack, node: string): Promise<void> {
  const machine: MachineFiles = {
    files: new Map([['/usr/local/bin/node', node]]),
    links: new Map([['/usr/bin/env', '/bin/env']]),
  };
  await addShell(machine);
  for (const binary of [...machine.files.values()]) {
    for (const library of await librariesOf(binary)) machine.files.set(library, library);
  }
  // Folders that are only implied get mode 0600 on some storage drivers (seen with vfs), and nothing in them runs.
  for (const folder of foldersOf([...machine.files.keys(), ...machine.links.keys()])) {
    archive.entry({ name: `${folder.slice(1)}/`, type: 'directory', mode: 0o755 });
  }
  archive.entry({ name: 'tmp/', type: 'directory', mode: 0o1777 });
  for (const [name, linkname] of machine.links) {
    archive.entry({ name: name.slice(1), type: 'symlink', linkname });
  }
  for (const [name, file] of machine.files) await writeFile(archive, name, file);
  archive.finalize();
}

/** All folders above these files, each before what is in it. */
function foldersOf(files: readonly string[]): string[] {
  const folders = new Set<string>();
  for (const file of files) {
    for (let folder = path.dirname(file); folder !== '/'; folder = path.dirname(folder)) folders.add(folder);
  }
  return [...folders].sort((a, b) => a.length - b.length);
}

async function addShell({ files, links }: MachineFiles): Promise<void> {
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

/** The shared libraries that a program loads, by the paths under which the loader looks for them. */
async function librariesOf(binary: string): Promise<string[]> {
  // A static program is none for ldd: it fails.
  const { stdout } = await run('ldd', [await realpath(binary)]).catch(() => ({ stdout: '' }));
  return [...stdout.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].flatMap(([, library]) => library ?? []);
}

async function writeFile(archive: Pack, name: string, file: string): Promise<void> {
  const { size } = await stat(file);
  const handle = await open(file);
  const entry = archive.entry({ name: name.slice(1), size, mode: 0o755 });
  await pipeline(handle.createReadStream(), entry);
}
