import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict';
import {
  commands,
  Diagnostic,
  DiagnosticSeverity,
  extensions,
  languages,
  Range,
  Selection,
  tests,
  TestMessage,
  Uri,
  window,
  workspace,
  type CodeAction,
} from 'vscode';

interface MadeCard {
  title: string;
  description: string;
  state: string;
}

const create = (command: string, ...args: unknown[]): Promise<MadeCard> =>
  Promise.resolve(commands.executeCommand<MadeCard>(command, ...args));

const [folder] = workspace.workspaceFolders ?? [];
const file = Uri.joinPath(folder?.uri ?? Uri.file('/'), 'entry.ts');

describe('cards from the code', () => {
  before(async () => {
    await extensions.getExtension('kandev.kandev')?.activate();
    await workspace.fs.writeFile(file, Buffer.from('const a = b;\n// TODO: cache it\nuse(a);\n'));
  });

  after(async () => {
    await commands.executeCommand('workbench.action.closeActiveEditor');
    await workspace.fs.delete(file);
  });

  const actionsAt = async (line: number): Promise<CodeAction[]> => {
    const range = new Range(line, 0, line, 12);
    const found = await commands.executeCommand<CodeAction[]>(
      'vscode.executeCodeActionProvider',
      file,
      range,
    );
    return found.filter(({ title }) => title.includes('Kandev'));
  };

  it('are offered for a problem, with its message, its code and its place', async () => {
    const problems = languages.createDiagnosticCollection('test');
    const problem = new Diagnostic(new Range(0, 10, 0, 11), 'No b.', DiagnosticSeverity.Error);
    problem.code = 2304;
    problem.source = 'ts';
    try {
      problems.set(file, [problem]);
      await workspace.openTextDocument(file);
      let actions = await actionsAt(0);
      // The window hears of a problem a moment after it was set.
      while (actions.length === 0) actions = await actionsAt(0);
      const titles = actions.map(({ title }) => title);
      deepStrictEqual(titles, ['Fix with Kandev: No b.', 'Create Kandev Task: No b.']);
      const action = actions[1]?.command;
      const card = await create(action?.command ?? '', ...((action?.arguments ?? []) as unknown[]));
      strictEqual(card.title, 'Fix: No b.');
      strictEqual(card.state, 'BACKLOG');
      match(card.description, /error of `ts 2304` in `entry.ts`, line 1:\n\n> No b\.\n\n```ts\nconst a = b;/);
    } finally {
      problems.dispose();
    }
  });

  it('are offered for a comment that says what is to be done, and for no other line', async () => {
    deepStrictEqual(
      (await actionsAt(1)).map(({ title }) => title),
      ['Fix with Kandev: cache it', 'Create Kandev Task: cache it'],
    );
    deepStrictEqual(await actionsAt(2), []);
  });

  it('are made of a selection', async () => {
    const editor = await window.showTextDocument(file);
    editor.selection = new Selection(0, 0, 2, 0);
    const card = await create('kandev.createTaskFromCode');
    match(card.description, /`entry.ts`, lines 1–2:\n\n```ts\nconst a = b;\n\/\/ TODO: cache it\n```/);
  });

  it('are made of a test, with what it said when it failed', async () => {
    const controller = tests.createTestController('entry', 'Entry');
    try {
      const suite = controller.createTestItem('suite', 'sums', file);
      const test = controller.createTestItem('one', 'adds', file);
      test.range = new Range(0, 0, 0, 5);
      suite.children.add(test);
      controller.items.add(suite);
      const message = TestMessage.diff('not the same', '3', '4');
      const card = await create('kandev.createTaskFromTest', { test, message });
      strictEqual(card.title, 'Fix the test “sums › adds”');
      match(
        card.description,
        /`entry.ts`, line 1 fails[^]*not the same\nExpected: 3\nActual: 4[^]*const a = b;/,
      );
      ok((await create('kandev.createTaskFromTest', test)).description.includes('`sums › adds`'));
    } finally {
      controller.dispose();
    }
  });

  it('are made of changed files', async () => {
    const card = await create('kandev.createTaskFromChanges', { resourceUri: file }, { resourceUri: file });
    strictEqual(card.title, 'Go on with the changes of entry.ts');
  });
});
