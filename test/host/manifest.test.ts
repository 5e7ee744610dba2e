import { deepStrictEqual, ok } from 'node:assert/strict';
import { commands, extensions, workspace } from 'vscode';

interface Manifest {
  contributes: {
    commands: { command: string; title: string; category?: string; icon?: string; enablement?: string }[];
    configuration: { properties: Record<string, { default: unknown }> };
  };
}

const extension = extensions.getExtension<unknown>('kandev.kandev');

function manifest(): Manifest['contributes'] {
  ok(extension, 'Kandev is not installed.');
  return (extension.packageJSON as Manifest).contributes;
}

describe('the manifest', () => {
  before(async () => {
    await extension?.activate();
  });

  it('contributes exactly the commands that are registered', async () => {
    const registered = (await commands.getCommands(true)).filter(
      // VS Code registers a few of its own for every view: kandev.cards.focus, .open, .resetViewLocation …
      (id) => id.startsWith('kandev.') && !/^kandev\.(cards|permissionRules)\./.test(id),
    );
    const contributed = manifest().commands.map(({ command }) => command);
    deepStrictEqual(registered.sort(), contributed.sort());
  });

  it('gives every command a category, an icon and a title without placeholders', () => {
    for (const { command, title, category, icon } of manifest().commands) {
      deepStrictEqual({ command, category }, { command, category: 'Kandev' });
      ok(icon?.startsWith('$('), `${command} has no icon`);
      ok(!title.includes('%'), `${command} has an untranslated title: ${title}`);
    }
  });

  it('enables every command but the log’s by where it makes sense', () => {
    const always = manifest().commands.filter(({ enablement }) => enablement === undefined);
    deepStrictEqual(
      always.map(({ command }) => command),
      ['kandev.showLog'],
    );
  });

  it('has defaults that VS Code gives back', () => {
    for (const [name, { default: value }] of Object.entries(manifest().configuration.properties)) {
      const found = workspace.getConfiguration().inspect(name);
      deepStrictEqual({ name, value: found?.defaultValue }, { name, value });
    }
  });
});
