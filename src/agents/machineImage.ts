import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { pack, type Pack } from 'tar-stream';
import { UserError } from '../model/failure.ts';
import type { Engine } from './engine.ts';
import { diskFailure } from './engineFailure.ts';
import { findImage, removeReplaced } from './findImage.ts';
import { imageLabels } from './labels.ts';
import { certificatesFile, machineFiles, onPath, searchPath, type MachineFiles } from './machineFiles.ts';
import { parsePullLine } from './pullProgress.ts';
import { streamLines } from './streamLines.ts';

const run = promisify(execFile);

const oldestNode = 20;
const importLimitMs = 120_000;
/** Larger files are read in parts. */
const atOnceBytes = 1_000_000;

/** Whether an image made of this machine's programs runs on the engine. */
export async function suitsThisMachine(engine: Engine, signal: AbortSignal): Promise<boolean> {
  if (process.platform !== 'linux' || engine.endpoint.connection.kind !== 'socket') return false;
  return (await engine.facts(signal)).architecture === process.arch;
}

/**
 * Has an image of this machine's node, npm, a shell and the libraries they load: a base for agents where no registry
 * can be reached. One of that name is replaced, unless it was made of the same files.
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
  const machine = await machineFiles(node.file);
  const source = await hashOf(machine);
  const present = await findImage(engine, image, signal);
  if (present?.labels[imageLabels.source] === source) return node.version;
  await importFiles(engine, { image, source, machine }, signal);
  if (present !== null) await removeReplaced(engine, present);
  return node.version;
}

interface MachineImport {
  image: string;
  source: string;
  machine: MachineFiles;
}

async function importFiles(
  engine: Engine,
  { image, source, machine }: MachineImport,
  signal: AbortSignal,
): Promise<void> {
  const archive = pack();
  const body = Readable.from(archive);
  const [repo, tag] = image.split(':');
  const variables = {
    PATH: searchPath,
    ...(machine.files.has(certificatesFile)
      ? { NODE_EXTRA_CA_CERTS: certificatesFile, SSL_CERT_FILE: certificatesFile }
      : {}),
  };
  const changes = [
    ...Object.entries(variables).map(([name, value]) => `ENV ${name}=${value}`),
    `LABEL ${imageLabels.source}=${source}`,
    'CMD ["/bin/sh"]',
  ];
  const imported = engine
    .call(
      `importing ${image}`,
      (docker, abortSignal) => docker.importImage(body, { repo, tag, changes, abortSignal }),
      { limitMs: importLimitMs, signal },
    )
    .then(readImport);
  try {
    await Promise.all([imported, writeMachine(archive, machine)]);
  } catch (error) {
    // Whichever of the two failed, the other would wait for ever.
    body.once('error', () => undefined).destroy(error as Error);
    signal.throwIfAborted();
    throw error;
  }
}

/** Says whether an image was made of these files, without reading them all. */
async function hashOf({ files, links }: MachineFiles): Promise<string> {
  const hash = createHash('sha256');
  for (const [name, file] of files) {
    const { size, mtimeMs } = await stat(file);
    hash.update(`${name}\0${size}\0${mtimeMs}\0`);
  }
  for (const link of links) hash.update(link.join('\0'));
  return hash.digest('hex');
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

async function writeMachine(archive: Pack, { files, links }: MachineFiles): Promise<void> {
  // Folders that are only implied get mode 0600 on some storage drivers (seen with vfs), and nothing in them runs.
  for (const folder of foldersOf([...files.keys(), ...links.keys()])) {
    archive.entry({ name: `${folder.slice(1)}/`, type: 'directory', mode: 0o755 });
  }
  archive.entry({ name: 'tmp/', type: 'directory', mode: 0o1777 });
  for (const [name, linkname] of links) {
    archive.entry({ name: name.slice(1), type: 'symlink', linkname });
  }
  for (const [name, file] of files) await writeFile(archive, name, file);
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

async function writeFile(archive: Pack, name: string, file: string): Promise<void> {
  const { size } = await stat(file);
  const header = { name: name.slice(1), size, mode: 0o755 };
  if (size > atOnceBytes) {
    const handle = await open(file);
    await pipeline(handle.createReadStream(), archive.entry(header));
    return;
  }
  const content = await readFile(file);
  await new Promise<void>((resolve, reject) => {
    archive.entry(header, content, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
