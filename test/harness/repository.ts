import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { run } from '../../scripts/processes.mts';
import { makeFolder } from './testRun.ts';

/**
 * Makes a git repository with one commit and returns its folder.
 * @param name Of the folder, which VS Code shows as the window's title. Spaces and the like are welcome.
 * @param files Contents by path in the repository.
 */
export async function makeRepository(
  name: string,
  files: Readonly<Record<string, string>> = { 'README.md': `# ${name}\n` },
): Promise<string> {
  const folder = path.join(await makeFolder('repository'), name);
  await mkdir(folder);
  for (const [file, content] of Object.entries(files)) {
    const target = path.join(folder, file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, content);
  }
  const git = (...args: string[]): Promise<string> => run('git', args, { cwd: folder });
  await git('init', '--quiet', '--initial-branch=main');
  await git('config', 'user.name', 'Test');
  await git('config', 'user.email', 'test@example.invalid');
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'First commit');
  return folder;
}
