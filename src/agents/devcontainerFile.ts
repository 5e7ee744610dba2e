import { createHash } from 'node:crypto';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { parse, type ParseError } from 'jsonc-parser';
import * as v from 'valibot';
import type { Devcontainer, DevcontainerBuild, DevcontainerImage } from '../model/devcontainer.ts';

/** No devcontainer.json and no Dockerfile is this large, and neither is read any further. */
const largestBytes = 1_000_000;
/** Of a build's context, to be read as a whole. */
const mostFiles = 200;
const mostBytes = 2_000_000;

/** The fields that say what the image is; the form is that of https://containers.dev/implementors/json_reference. */
const fileSchema = v.looseObject({
  image: v.optional(v.string()),
  build: v.optional(
    v.looseObject({
      dockerfile: v.optional(v.string()),
      context: v.optional(v.string()),
      args: v.optional(v.record(v.string(), v.string())),
      target: v.optional(v.string()),
      options: v.optional(v.array(v.string())),
    }),
  ),
  // As they were before there was `build`.
  dockerFile: v.optional(v.string()),
  context: v.optional(v.string()),
  dockerComposeFile: v.optional(v.unknown()),
  features: v.optional(v.record(v.string(), v.unknown())),
});

type DevcontainerFile = v.InferOutput<typeof fileSchema>;

/** Why a devcontainer.json cannot be used, in one sentence that begins with its path. */
class Unusable extends Error {}

/**
 * Reads what a folder's devcontainer.json says of its image. Nothing is followed out of the folder, and nothing of this
 * machine's environment gets into it: the folder's files can be anybody's.
 *
 * @returns null where the folder has none; a sentence that says why where it cannot be used
 */
export async function readDevcontainer(folder: string): Promise<Devcontainer | string | null> {
  try {
    const file = await findFile(folder);
    if (file === null) return null;
    const text = await readWithin(folder, file, file);
    const json = parseFile(file, text);
    const base = await baseOf(folder, file, json);
    const context = base.kind === 'build' ? await contentOf(await realpath(folder), base.context) : null;
    const hash = createHash('sha256')
      .update(JSON.stringify([folder, file, text, base, ...(context === null ? [] : [context])]))
      .digest('hex');
    return { file, folder, base, hash, leftOut: leftOut(file, json) };
  } catch (error) {
    if (error instanceof Unusable) return error.message;
    throw error;
  }
}

/** In the order of the specification. @throws Unusable where nobody can say which one is meant */
async function findFile(folder: string): Promise<string | null> {
  for (const file of ['.devcontainer/devcontainer.json', '.devcontainer.json']) {
    if ((await textOf(path.join(folder, file))) !== null) return file;
  }
  const below = await readdir(path.join(folder, '.devcontainer'), { withFileTypes: true }).catch(() => []);
  const candidates = below
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `.devcontainer/${name}/devcontainer.json`)
    .sort();
  const found: string[] = [];
  for (const file of candidates) if ((await textOf(path.join(folder, file))) !== null) found.push(file);
  if (found.length > 1) {
    throw new Unusable(
      `There are several: ${found.join(', ')}. Kandev takes .devcontainer/devcontainer.json, or the only one.`,
    );
  }
  return found[0] ?? null;
}

function parseFile(file: string, text: string): DevcontainerFile {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error) {
    const line = text.slice(0, error.offset).split('\n').length;
    throw new Unusable(`${file} is no JSON: line ${line} is wrong.`);
  }
  const result = v.safeParse(fileSchema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new Unusable(`${file} cannot be read: “${v.getDotPath(issue) ?? ''}” is not what it has to be.`);
}

async function baseOf(
  folder: string,
  file: string,
  json: DevcontainerFile,
): Promise<DevcontainerImage | DevcontainerBuild> {
  if (json.dockerComposeFile !== undefined) {
    throw new Unusable(`${file} uses Docker Compose, which Kandev does not read.`);
  }
  const say = (text: string) => filledIn(folder, file, text);
  const dockerfile = json.build?.dockerfile ?? json.dockerFile;
  if (dockerfile === undefined) {
    if (json.image === undefined) throw new Unusable(`${file} names neither an image nor a Dockerfile.`);
    const image = say(json.image);
    // It becomes a line of a Dockerfile.
    if (!/^[a-z0-9][\w.\-/:@]*$/i.test(image)) {
      throw new Unusable(`${file} names an image that is none: “${image}”.`);
    }
    return { kind: 'image', image };
  }
  const target = json.build?.target === undefined ? null : say(json.build.target);
  if (target !== null && !/^\w[\w.-]*$/.test(target))
    throw new Unusable(`${file} names no stage: “${target}”.`);
  const args = Object.entries(json.build?.args ?? {}).map(([name, value]) => {
    if (!/^[A-Za-z_]\w*$/.test(name)) throw new Unusable(`${file} names no build argument: “${name}”.`);
    return [name, say(value)] as const;
  });
  const home = path.posix.dirname(file);
  const at = (relative: string) => path.posix.normalize(path.posix.join(home, say(relative)));
  const dockerfilePath = at(dockerfile);
  return {
    kind: 'build',
    dockerfile: dockerfilePath,
    content: await readWithin(folder, dockerfilePath, file),
    context: await folderWithin(folder, at(json.build?.context ?? json.context ?? '.'), file),
    args: Object.fromEntries(args),
    target,
  };
}

/** The text with the variables of the specification filled in, of which only those of the folder are given out. */
function filledIn(folder: string, file: string, text: string): string {
  return text.replace(/\$\{([^}]*)\}/g, (_all, name: string) => {
    if (name === 'localWorkspaceFolder' || name === 'containerWorkspaceFolder') return folder;
    if (name === 'localWorkspaceFolderBasename' || name === 'containerWorkspaceFolderBasename') {
      return path.basename(folder);
    }
    throw new Unusable(`${file} uses \${${name}}, which Kandev does not give to images.`);
  });
}

async function readWithin(folder: string, relative: string, file: string): Promise<string> {
  const real = await within(folder, relative, file);
  const text = await textOf(real);
  if (text === null) throw new Unusable(`${file} names ${relative}, which is no file, or too large.`);
  return text;
}

async function folderWithin(folder: string, relative: string, file: string): Promise<string> {
  const real = await within(folder, relative, file);
  const isFolder = await readdir(real).then(
    () => true,
    () => false,
  );
  if (!isFolder) throw new Unusable(`${file} names ${relative}, which is no folder.`);
  return real;
}

/** The real path of what a folder holds. @throws Unusable for what is not there, or outside, also by a link */
async function within(folder: string, relative: string, file: string): Promise<string> {
  const root = await realpath(folder);
  const real = await realpath(path.resolve(folder, relative)).catch(() => null);
  if (real === null) throw new Unusable(`${file} names ${relative}, which is not there.`);
  const way = path.relative(root, real);
  if (way === '..' || way.startsWith(`..${path.sep}`) || path.isAbsolute(way)) {
    throw new Unusable(`${file} names ${relative}, which is outside of the folder.`);
  }
  return real;
}

/**
 * A hash of what lies in a folder that is sent to the engine: other files there make another image, and can run other
 * programs in it. Null for the workspace's folder itself, which changes with every change of its user's, and for what is
 * too much to be read each time: the engine's own cache looks at that.
 */
async function contentOf(folder: string, context: string): Promise<string | null> {
  if (context === folder) return null;
  const entries = await readdir(context, { withFileTypes: true, recursive: true });
  if (entries.length > mostFiles) return null;
  const hash = createHash('sha256');
  let bytes = 0;
  const paths = entries.map((entry) => ({ entry, at: path.join(entry.parentPath, entry.name) }));
  for (const { entry, at } of paths.sort((one, other) => (one.at < other.at ? -1 : 1))) {
    if (!entry.isFile()) continue;
    const { size, mode } = await stat(at);
    bytes += size;
    if (bytes > mostBytes) return null;
    hash.update(JSON.stringify([path.relative(context, at), mode & 0o111, size]));
    hash.update(await readFile(at));
  }
  return hash.digest('hex');
}

/** Null where there is no such file, or a pipe, which would have its reader wait for ever. */
async function textOf(file: string): Promise<string | null> {
  try {
    const stats = await stat(file);
    return stats.isFile() && stats.size <= largestBytes ? await readFile(file, 'utf8') : null;
  } catch {
    return null;
  }
}

function leftOut(file: string, { features = {}, build }: DevcontainerFile): string[] {
  const names = Object.keys(features);
  return [
    ...(names.length === 0
      ? []
      : [`${file} has features, which Kandev does not install: ${names.join(', ')}.`]),
    ...((build?.options ?? []).length === 0
      ? []
      : [`${file} has options for the build, which Kandev leaves out.`]),
  ];
}
