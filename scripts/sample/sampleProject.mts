import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename } from 'node:fs/promises';
import path from 'node:path';
import { cacheDirectory } from '../paths.mts';
import { run } from '../processes.mts';

/** The history of the sample project: what each commit adds. */
const commits: readonly { message: string; files: readonly string[] }[] = [
  {
    message: 'Find the headings of a Markdown file',
    files: [
      'README.md',
      'package.json',
      'tsconfig.json',
      '.gitignore',
      'src/headings.ts',
      'test/headings.test.ts',
    ],
  },
  { message: 'Make anchors as GitHub does', files: ['src/slug.ts'] },
  { message: 'Print a table of contents', files: ['src/toc.ts', 'src/cli.ts', 'test/toc.test.ts'] },
];

/** The folder of a small TypeScript project with a git history to play with; made at the first call and kept. */
export async function ensureSampleProject(): Promise<string> {
  const folder = path.join(cacheDirectory, 'sample', 'markdown-toc');
  if (existsSync(folder)) return folder;
  await mkdir(path.dirname(folder), { recursive: true });
  const unfinished = await mkdtemp(`${folder}.`);
  const git = (...args: string[]): Promise<string> => run('git', args, { cwd: unfinished });
  await git('init', '--quiet', '--initial-branch=main');
  for (const { message, files } of commits) {
    for (const file of files) {
      await cp(path.join(import.meta.dirname, 'project', file), path.join(unfinished, file));
    }
    await git('add', '--all');
    const author = ['-c', 'user.name=Kandev', '-c', 'user.email=sample@kandev.invalid'];
    await git(...author, 'commit', '--quiet', '--message', message);
  }
  await rename(unfinished, folder);
  return folder;
}
