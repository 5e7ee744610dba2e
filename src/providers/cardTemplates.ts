import { FileType, Uri, workspace } from 'vscode';
import { builtInTemplates, parseTemplate, type CardTemplate } from '../model/cardTemplate.ts';

/** Where a folder has its own templates. */
export const templatesFolder = '.kandev/templates';

const limits = { files: 100, bytes: 200_000 };

/** The templates of the open folder, then those that Kandev brings along, but for those of the same name. */
export async function readTemplates(): Promise<CardTemplate[]> {
  const own = await ownTemplates();
  const names = new Set(own.map(({ name }) => name.toLowerCase()));
  return [...own, ...builtInTemplates.filter(({ name }) => !names.has(name.toLowerCase()))];
}

async function ownTemplates(): Promise<CardTemplate[]> {
  const [root] = workspace.workspaceFolders ?? [];
  if (!root) return [];
  const folder = Uri.joinPath(root.uri, templatesFolder);
  const entries = await workspace.fs.readDirectory(folder).then(
    (found) => found,
    // There is no such folder.
    () => [],
  );
  const files = entries
    .filter(([name, type]) => type === FileType.File && name.toLowerCase().endsWith('.md'))
    .map(([name]) => name)
    .sort()
    .slice(0, limits.files);
  const found = await Promise.all(files.map((name) => readTemplate(Uri.joinPath(folder, name), name)));
  return found.flatMap((template) => template ?? []);
}

async function readTemplate(file: Uri, name: string): Promise<CardTemplate | null> {
  try {
    if ((await workspace.fs.stat(file)).size > limits.bytes) return null;
    const text = new TextDecoder().decode(await workspace.fs.readFile(file));
    return parseTemplate(name.replace(/\.md$/i, ''), text);
  } catch {
    // One that cannot be read is no reason not to offer the others.
    return null;
  }
}
