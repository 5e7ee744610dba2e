import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict';
import { commands, ConfigurationTarget, extensions, TabInputWebview, window, workspace } from 'vscode';

/** What the command gives back of a card, as far as it is read here. */
interface AddedCard {
  id: string;
  boardId: string;
  title: string;
  state: string;
  position: number;
}

async function addSampleCards(): Promise<AddedCard[]> {
  return commands.executeCommand<AddedCard[]>('kandev.addSampleCards');
}

function boardTabs(): number {
  const tabs = window.tabGroups.all.flatMap((group) => group.tabs);
  // VS Code puts its own name before the type.
  return tabs.filter(
    ({ input }) => input instanceof TabInputWebview && input.viewType.endsWith('-kandev.board'),
  ).length;
}

describe('the board', () => {
  before(async () => {
    await extensions.getExtension('kandev.kandev')?.activate();
  });

  it('has its view in the side bar', async () => {
    // There is such a command for every view that exists; for another one it would be rejected.
    await commands.executeCommand('kandev.cards.focus');
  });

  it('takes three sample cards with every call', async () => {
    const added = [...(await addSampleCards()), ...(await addSampleCards())];
    strictEqual(added.length, 6);
    strictEqual(new Set(added.map(({ id }) => id)).size, 6);
    strictEqual(new Set(added.map(({ boardId }) => boardId)).size, 1);
    const titles = added.map(({ title }) => title);
    deepStrictEqual(titles.slice(3), titles.slice(0, 3));
    ok(added.every(({ state }) => state === 'BACKLOG'));
    const positions = added.map(({ position }) => position);
    deepStrictEqual(
      positions,
      [...new Set(positions)].sort((a, b) => a - b),
    );
  });

  it('opens in one editor tab, however often it is asked for', async () => {
    const opened = new Promise<void>((resolve) => {
      const listener = window.tabGroups.onDidChangeTabs(() => {
        if (boardTabs() === 0) return;
        listener.dispose();
        resolve();
      });
    });
    await commands.executeCommand('kandev.openBoard');
    await opened;
    await commands.executeCommand('kandev.openBoard');
    const [card] = await addSampleCards();
    await commands.executeCommand('kandev.revealInBoard', card?.id);
    strictEqual(boardTabs(), 1);
  });

  it('tells the user of a card that is gone, and fails no one who calls', async () => {
    strictEqual(await commands.executeCommand('kandev.startTask', 'gone'), undefined);
    strictEqual(await commands.executeCommand('kandev.stopTask', { taskId: 'gone' }), undefined);
  });

  it('lets no folder say what is run, and where', async () => {
    const settings = workspace.getConfiguration('kandev');
    const agents = [{ id: 'evil', image: 'evil', command: ['evil'] }];
    const refused = { message: /can be written only into User settings/ };
    await rejects(async () => settings.update('agents', agents, ConfigurationTarget.Workspace), refused);
    await rejects(
      async () => settings.update('docker.host', 'tcp://203.0.113.1:2375', ConfigurationTarget.Workspace),
      refused,
    );
  });
});
