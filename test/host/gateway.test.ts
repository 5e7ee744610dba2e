import { ok, strictEqual } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { commands, extensions, LanguageModelTextPart, lm } from 'vscode';

/** What a tool says, whoever has made it. */
async function invoke(name: string, input: object): Promise<Record<string, unknown>> {
  const { content } = await lm.invokeTool(name, { input, toolInvocationToken: undefined });
  const [first] = content;
  ok(first instanceof LanguageModelTextPart, JSON.stringify(content));
  return JSON.parse(first.value) as Record<string, unknown>;
}

/** The name that VS Code has given a tool of the board's MCP server. */
async function mcpTool(name: string): Promise<string> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = lm.tools.find((tool) => tool.name.startsWith('mcp_') && tool.name.endsWith(name));
    if (found) return found.name;
    await commands.executeCommand('workbench.mcp.startServer', '*', { waitForLiveTools: true });
    const names = lm.tools.map((tool) => tool.name).join();
    if (Date.now() > deadline) throw new Error(`There is no such tool among ${names}.`);
    await sleep(200);
  }
}

describe('the models of VS Code', () => {
  before(async () => {
    await extensions.getExtension('kandev.kandev')?.activate();
  });

  it('are offered what can be done with the board, but not to answer agents', () => {
    const names = lm.tools.map(({ name }) => name);
    ok(names.includes('kandev_list_cards'), names.join());
    ok(!names.includes('kandev_answer_permission'), names.join());
  });

  it('look at the board without anybody being asked, and read why something is refused', async () => {
    const [card] = await commands.executeCommand<{ id: string }[]>('kandev.addSampleCards');
    const { state } = await invoke('kandev_get_card', { card: card?.id });
    strictEqual(state, 'BACKLOG');
    const { refused } = await invoke('kandev_get_card', { card: 'gone' });
    strictEqual(refused, 'This card no longer exists.');
  });

  it('find the board as an MCP server while the gateway runs, with a token that is good', async () => {
    // It returns once the gateway runs, and waits for nobody to read its message.
    await commands.executeCommand('kandev.startGateway');
    // VS Code asks extensions for their servers when somebody looks for them.
    void commands.executeCommand('workbench.mcp.listServer');
    try {
      const list = await mcpTool('list_cards');
      const { cards } = await invoke(list, { limit: 1 });
      strictEqual((cards as unknown[]).length, 1);
      ok(!lm.tools.some(({ name }) => name.startsWith('mcp_') && name.endsWith('answer_permission')));
    } finally {
      await commands.executeCommand('workbench.action.closeQuickOpen');
      await commands.executeCommand('kandev.stopGateway');
    }
  });
});
