/**
 * What can be said of a folder without understanding it. `readFolder` looks at the disk; the rest is pure.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { isCode, languageOf } from './languages.ts';

export interface SourceFile {
  /** Relative to the folder, with forward slashes. */
  path: string;
  bytes: number;
  /** Undefined for what is not known to be text. */
  language: string | undefined;
  /** Undefined when it was not read: of unknown language, hidden, or too large. */
  text: string | undefined;
}

export interface FolderContents {
  files: SourceFile[];
  /** There were more files than are looked at. */
  truncated: boolean;
}

export interface LanguageShare {
  name: string;
  files: number;
  lines: number;
  bytes: number;
}

export interface Place {
  path: string;
  /** 1-based. */
  line: number;
  text: string;
}

export interface Survey {
  fileCount: number;
  bytes: number;
  truncated: boolean;
  /** By lines, most first. */
  languages: LanguageShare[];
  /** By files, most first; the path is '.' for the folder itself. */
  folders: { path: string; files: number; bytes: number }[];
  largest: SourceFile[];
  entryPoints: { path: string; why: string }[];
  /** Names and commands of package.json's scripts. */
  scripts: { name: string; command: string }[];
  tests: string[];
  todos: Place[];
  /** Files in which words of the task occur, best first. */
  related: { path: string; words: string[] }[];
}

const limits = { files: 5000, fileBytes: 512 * 1024, textBytes: 64 * 1024 * 1024 };

const skippedFolders = new Set([
  'node_modules',
  'bower_components',
  'vendor',
  'dist',
  'build',
  'out',
  'target',
  'coverage',
  'venv',
  '__pycache__',
]);

/** Names of the files the demo agent writes, which are no part of what it describes. */
const overviewName = /^KANDEV-OVERVIEW(-\d+)?\.md$/;

/**
 * Reads the text files below `root`, folders breadth first and by name. Does not follow links, does not enter hidden
 * folders or those that hold what was built or downloaded, and does not read hidden files (they may hold secrets).
 * What cannot be read is left out. Throws the signal's reason once it is aborted.
 */
export async function readFolder(root: string, signal: AbortSignal): Promise<FolderContents> {
  const files: SourceFile[] = [];
  const folders = [''];
  let textBytes = 0;
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    const entries = await readdir(path.join(root, folder), { withFileTypes: true }).catch(() => []);
    for (const entry of entries.sort((a, b) => compare(a.name, b.name))) {
      signal.throwIfAborted();
      const relative = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && !entry.name.startsWith('.') && !skippedFolders.has(entry.name)) {
        folders.push(relative);
      }
      if (!entry.isFile() || overviewName.test(entry.name)) continue;
      if (files.length >= limits.files) return { files, truncated: true };
      const file = await readSource(root, relative, limits.textBytes - textBytes);
      if (file === undefined) continue;
      textBytes += file.text?.length ?? 0;
      files.push(file);
    }
  }
  return { files, truncated: false };
}

async function readSource(root: string, relative: string, budget: number): Promise<SourceFile | undefined> {
  const name = path.posix.basename(relative);
  const language = name.startsWith('.') ? undefined : languageOf(name);
  try {
    const { size: bytes } = await stat(path.join(root, relative));
    const wanted = language !== undefined && bytes <= Math.min(limits.fileBytes, budget);
    const text = wanted ? await readFile(path.join(root, relative), 'utf8') : undefined;
    return { path: relative, bytes, language, text };
  } catch {
    return undefined;
  }
}

/** Everything the overview says, computed from what was read. */
export function survey({ files, truncated }: FolderContents, task: string): Survey {
  return {
    fileCount: files.length,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    truncated,
    languages: countLanguages(files),
    folders: countFolders(files),
    largest: [...files].sort((a, b) => b.bytes - a.bytes || compare(a.path, b.path)).slice(0, 5),
    entryPoints: findEntryPoints(files),
    scripts: findScripts(files),
    tests: files.map((file) => file.path).filter((file) => testFile.test(file)),
    todos: findTodos(files),
    related: findRelated(files, taskWords(task)),
  };
}

function countLanguages(files: readonly SourceFile[]): LanguageShare[] {
  const shares = new Map<string, LanguageShare>();
  for (const { language, bytes, text } of files) {
    if (language === undefined) continue;
    const share = shares.get(language) ?? { name: language, files: 0, lines: 0, bytes: 0 };
    shares.set(language, share);
    share.files += 1;
    share.bytes += bytes;
    share.lines += countLines(text ?? '');
  }
  return [...shares.values()].sort((a, b) => b.lines - a.lines || compare(a.name, b.name));
}

/** Lines as an editor counts them, without an empty one after the last line feed. */
export function countLines(text: string): number {
  if (text === '') return 0;
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

/** The language with most lines, code before prose and data. */
export function mainLanguage(languages: readonly LanguageShare[]): string | undefined {
  return (languages.find(({ name }) => isCode(name)) ?? languages[0])?.name;
}

function countFolders(files: readonly SourceFile[]): Survey['folders'] {
  const folders = new Map<string, Survey['folders'][number]>();
  for (const file of files) {
    const name = path.posix.dirname(file.path).split('/', 2).join('/');
    const folder = folders.get(name) ?? { path: name, files: 0, bytes: 0 };
    folders.set(name, folder);
    folder.files += 1;
    folder.bytes += file.bytes;
  }
  return [...folders.values()].sort((a, b) => b.files - a.files || compare(a.path, b.path));
}

const entryPointNames: readonly (readonly [RegExp, string])[] = [
  [/^README(\.\w+)?$/i, 'the introduction'],
  [/^package\.json$/, 'a Node.js package'],
  [/^(pyproject\.toml|setup\.py)$/, 'a Python package'],
  [/^Cargo\.toml$/, 'a Rust crate'],
  [/^go\.mod$/, 'a Go module'],
  [/^(pom\.xml|build\.gradle(\.kts)?)$/, 'a Java build'],
  [/^(Makefile|CMakeLists\.txt)$/, 'a build'],
  [/^(Dockerfile|(docker-)?compose\.ya?ml)$/, 'a container'],
  [
    /^((src|lib|app|cmd)\/)?(main|index|app|server|cli|extension|lib)\.(c|cpp|cs|go|html|java|js|kt|mjs|php|py|rb|rs|swift|tsx?)$/i,
    'an entry point by its name',
  ],
  [/^(src\/)?(__main__|manage|wsgi)\.py$/, 'an entry point by its name'],
];

function findEntryPoints(files: readonly SourceFile[]): Survey['entryPoints'] {
  return entryPointNames.flatMap(([name, why]) =>
    files.filter((file) => name.test(file.path)).map((file) => ({ path: file.path, why })),
  );
}

function findScripts(files: readonly SourceFile[]): Survey['scripts'] {
  const text = files.find((file) => file.path === 'package.json')?.text;
  try {
    const manifest: unknown = JSON.parse(text ?? '{}');
    const scripts = isObject(manifest) && isObject(manifest.scripts) ? manifest.scripts : {};
    return Object.entries(scripts).flatMap(([name, command]) =>
      typeof command === 'string' ? [{ name, command }] : [],
    );
  } catch {
    return [];
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const testFile = /(^|\/)(tests?|__tests__|spec)\/|[._-](test|spec)\.\w+$|(^|\/)test_[^/]*\.py$/;

/** A marker at the beginning of a comment: the word alone may be about anything. */
const todo = /(?:\/\/|#|\*|<!--|--|;|%)\s*((?:TODO|FIXME|HACK|XXX)\b(?:\([^)]*\))?[: ].*\S)/;

function findTodos(files: readonly SourceFile[]): Place[] {
  return files
    .filter((file) => file.language !== undefined && isCode(file.language))
    .flatMap((file) =>
      (file.text ?? '').split('\n').flatMap((line, index) => {
        const text = todo.exec(line)?.[1]?.replace(/\s*(\*\/|-->)$/, '');
        return text === undefined ? [] : [{ path: file.path, line: index + 1, text: shorten(text, 120) }];
      }),
    );
}

const commonWords = new Set(
  'about after also because before being card code could does each every file files from have help into just like make more most must need please project repository should some task tests than that their them then there these they this those using want what when where which will with without would write your'.split(
    ' ',
  ),
);

/** The words of a task worth searching for: four letters or more, in lower case, each once, at most 12. */
export function taskWords(task: string): string[] {
  const words = task.toLowerCase().match(/\p{L}[\p{L}\p{N}_]{3,}/gu) ?? [];
  return [...new Set(words)].filter((word) => !commonWords.has(word)).slice(0, 12);
}

/** A word in the path counts for three in the text. */
function findRelated(files: readonly SourceFile[], words: readonly string[]): Survey['related'] {
  return files
    .map((file) => {
      const [name, text] = [file.path.toLowerCase(), (file.text ?? '').toLowerCase()];
      const found = words.filter((word) => name.includes(word) || text.includes(word));
      const score = found.length + 2 * found.filter((word) => name.includes(word)).length;
      return { path: file.path, words: found, score };
    })
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || compare(a.path, b.path))
    .slice(0, 8)
    .map(({ path: file, words: found }) => ({ path: file, words: found }));
}

/** At most `length` characters, the last of them an ellipsis if something was cut. */
export function shorten(text: string, length: number): string {
  const characters = Array.from(text.trim());
  return characters.length <= length ? characters.join('') : `${characters.slice(0, length - 1).join('')}…`;
}

/** By code point: the same order on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
