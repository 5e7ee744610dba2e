import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Host } from './host.ts';

const maxFile = 64 * 1024;
/** A line of a key's text; the last one may be too short to tell. */
const shortestLine = 16;

/** What of the files that an agent is given must not be seen in what it says: keys line by line, and passwords. */
export async function secretsInFiles({ homeFolder }: Host, ids: readonly string[]): Promise<string[]> {
  const secrets: string[] = [];
  if (ids.includes('ssh-folder')) {
    const folder = path.join(homeFolder, '.ssh');
    for (const name of await readdir(folder).catch(() => [])) {
      secrets.push(...keyLines(await textOf(path.join(folder, name))));
    }
  }
  if (ids.includes('git-credentials-file')) {
    secrets.push(...passwordsIn(await textOf(path.join(homeFolder, '.git-credentials'))));
  }
  return secrets;
}

function keyLines(text: string): string[] {
  if (!text.includes('PRIVATE KEY-----')) return [];
  return text.split(/\r?\n/).filter((line) => line.length >= shortestLine && !line.startsWith('-----'));
}

/** Both as they stand in the file and as git reads them. */
function passwordsIn(text: string): string[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const written = /^\w+:\/\/[^:@/]*:([^@/]*)@/.exec(line)?.[1];
    if (!written) return [];
    try {
      return [written, decodeURIComponent(written)];
    } catch {
      return [written];
    }
  });
}

/** Of what is no file, or too large for a key: nothing. */
async function textOf(file: string): Promise<string> {
  const content = await readFile(file).catch(() => null);
  return content && content.length <= maxFile ? content.toString('utf8') : '';
}
