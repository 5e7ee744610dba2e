import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHostProbe, type HostProbe } from '../harness/hostProbe.ts';
import { askSqlite, ensureSqliteCommand } from '../store/sqliteCommand.ts';
import { floodAgent } from './agents.ts';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

const updates = 50_000;
const title = 'A flood';
const endedWithinMs = 120_000;

describe('an agent that says 50,000 things in one turn', () => {
  let probe: HostProbe;
  const window = useWindow(async () => {
    probe = await startHostProbe();
    return { ...probe.editor, userSettings: { 'kandev.agents': [await floodAgent(updates)] } };
  });

  beforeAll(ensureSqliteCommand);
  afterAll(() => {
    probe.close();
  });

  it('leaves the board and the output channel usable', { timeout: 180_000 }, async () => {
    const { board, workbench } = window;
    await board.create({ title: 'Another card' });
    await workbench.runCommand('Kandev: Show Log');
    const output = workbench.page.locator('.part.panel .monaco-editor').first();
    await output.waitFor();
    await probe.begin();
    await board.createAndStart({ title, agent: 'Flood agent' });
    await board
      .card(title)
      .getByText(/word \d+ of the answer/)
      .waitFor();
    await output
      .locator('.view-line')
      .filter({ hasText: /word\s\d+\sof/ })
      .first()
      .waitFor();

    // What is typed and clicked meanwhile is answered.
    await board.card('Another card').click();
    await board.page.locator('body').press('/');
    await board.page.getByRole('searchbox').fill('Another');
    await board.card(title).waitFor({ state: 'detached' });
    await board.page.getByRole('searchbox').fill('');
    await board.card(title).waitFor();

    await eventually(async () => (await board.cards()).Review, endedWithinMs).toContain(title);
    const measured = await probe.end();
    console.log(measured);
    // Some megabytes are kept for the next time, which no flood adds to.
    expect(measured.heapAfterMb - measured.heapBeforeMb).toBeLessThan(30);
  });

  it('is written down whole and in its order', async () => {
    const { workbench, folder } = window;
    const copy = path.join(folder, 'copy.sqlite');
    await workbench.runCommand('Kandev: Export Database Copy…');
    await workbench.acceptPath(copy, 'OK');
    await workbench.notification('The database was copied to').waitFor();
    const rows = await askSqlite(copy, "SELECT text FROM acp_messages WHERE kind = 'message' ORDER BY seq");
    const words = [...rows.join('').matchAll(/word (\d+) of the answer\./g)].map(([, word]) => Number(word));
    const said = Array.from({ length: updates }, (_, index) => index).filter((index) => index % 10 !== 9);
    expect(words).toEqual(said);
    const calls = await askSqlite(
      copy,
      "SELECT data FROM acp_messages WHERE kind = 'tool_call' ORDER BY key",
    );
    const last = calls.map((call) => Number(/line (\d+) of the output/.exec(call)?.[1]));
    expect(last.sort()).toEqual([49_959, 49_969, 49_979, 49_989, 49_999]);
  });
});
