import { deepStrictEqual } from 'node:assert/strict';
import { commands, extensions, TabInputWebview, window } from 'vscode';

/** The titles of the tabs of a kind of page. */
function tabsOf(type: string): string[] {
  const tabs = window.tabGroups.all.flatMap((group) => group.tabs);
  // VS Code puts its own name before the type.
  return tabs
    .filter(({ input }) => input instanceof TabInputWebview && input.viewType.endsWith(`-${type}`))
    .map(({ label }) => label);
}

/** Resolves when such a page has its tab, with its title, which is some time after it was opened. */
function tabThere(type: string, title: string): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!tabsOf(type).includes(title)) return;
      listener.dispose();
      resolve();
    };
    const listener = window.tabGroups.onDidChangeTabs(look);
    look();
  });
}

describe('statistics and timelines', () => {
  before(async () => {
    await extensions.getExtension('kandev.kandev')?.activate();
  });

  after(async () => {
    await commands.executeCommand('workbench.action.closeAllEditors');
  });

  it('open in a tab, and a second time in the same one', async () => {
    await commands.executeCommand('kandev.openStatistics');
    await tabThere('kandev.statistics', 'Kandev Statistics');
    await commands.executeCommand('kandev.openStatistics');
    deepStrictEqual(tabsOf('kandev.statistics'), ['Kandev Statistics']);
  });

  it('open for a card from where it stands', async () => {
    const [card] = await commands.executeCommand<{ id: string; title: string }[]>('kandev.addSampleCards');
    await commands.executeCommand('kandev.showTimeline', { taskId: card?.id });
    await tabThere('kandev.timeline', `Timeline: ${card?.title}`);
    await commands.executeCommand('kandev.showTimeline', { taskId: card?.id });
    deepStrictEqual(tabsOf('kandev.timeline'), [`Timeline: ${card?.title}`]);
  });
});
