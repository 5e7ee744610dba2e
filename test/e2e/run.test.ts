import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { script } from './agents.ts';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

const window = useWindow();
const title = 'Greet the world';

describe('a card that an agent works on', () => {
  it('is written on the board and stands in the tree', async () => {
    await window.board.create({
      title,
      description: script(
        'thought Let me see what is there',
        'message "I shall greet the world.\\nIn a file."',
        'plan [x] Look around | [~] Write the greeting | Report',
        'tool read README.md line=1',
        'usage 1200 200000 cost=0.02',
        'permission "Write greeting.txt" kind=edit path=greeting.txt new="Hello, world\\n"',
        'on allow write greeting.txt "Hello, world\\n"',
        'message Done.',
      ),
      agent: 'Demo agent',
      priority: 'High',
    });
    await window.shows({ Backlog: [title] });
  });

  it('asks with a notification before it acts', async () => {
    const { board, tree, workbench, folder } = window;
    await tree.clickAction(title, 'Start Agent');
    await workbench.notification(`${title} · Demo agent asks: Write greeting.txt`).waitFor();
    await window.shows({ 'In Progress': [title] });
    await tree.row('Write greeting.txt').waitFor();
    await board.card(title).getByText('Needs you').waitFor();
    await workbench.statusBarItem('1 running').filter({ hasText: '1 waiting' }).waitFor();
    await expect(stat(path.join(folder, 'greeting.txt'))).rejects.toThrow('ENOENT');
  });

  it('acts when the notification allows it, and hands back a file that belongs to the user', async () => {
    const { board, workbench, folder } = window;
    await workbench.notificationButton('Allow', title).click();
    await workbench.notification(`“${title}” is ready for your review.`).waitFor();
    await window.shows({ Review: [title] });
    const file = path.join(folder, 'greeting.txt');
    expect(await readFile(file, 'utf8')).toBe('Hello, world\n');
    expect(await stat(file)).toMatchObject({ uid: process.getuid?.(), gid: process.getgid?.() });
    await board.card(title).getByText('Ready for review').waitFor();
    await workbench.statusBarItem('running').waitFor({ state: 'detached' });
  });

  it('is told of in the output channel, in order and with its name before each line', async () => {
    await eventually(() => window.logOf(title)).toContainEqual(expect.stringContaining('-> Review'));
    const log = await window.logOf(title);
    const expected = [
      /^Backlog -> To Do \(\w+\): Started$/,
      /^To Do -> In Progress \(kandev\): Given to Demo agent$/,
      /^prompt: Greet the world$/,
      /^thinks: Let me see what is there$/,
      /^I shall greet the world\.$/,
      /^In a file\.$/,
      /^plan: \[x\] Look around$/,
      /^tool: read README\.md \(completed\)$/,
      /^usage: 1200 of 200000 tokens, 0\.02 USD$/,
      /^asks: Write greeting\.txt \[Allow, Always allow, Reject\]$/,
      /^answered by \w+: Allow$/,
      /^Done\.$/,
      /^turn ended: Finished$/,
      /^In Progress -> Review \(kandev\): The agent has finished$/,
    ];
    const told = log.map((line) => expected.findIndex((pattern) => pattern.test(line)));
    expect(
      told.filter((index) => index >= 0),
      log.join('\n'),
    ).toEqual(expected.map((_, index) => index));
  });

  it('leaves the raw messages in the trace', async () => {
    const trace = await window.logOf(title, 'Kandev ACP Trace');
    const sent = trace.filter((line) => line.startsWith('-> ')).map(readMessage);
    const received = trace.filter((line) => line.startsWith('<- ')).map(readMessage);
    expect(sent.length + received.length).toBe(trace.length);
    expect(sent.map(({ method }) => method)).toEqual([
      'initialize',
      'session/new',
      'session/prompt',
      // The answer to the agent's question is no request.
      undefined,
    ]);
    expect(sent.at(-1)).toMatchObject({ result: { outcome: { outcome: 'selected' } } });
    expect(received).toContainEqual(expect.objectContaining({ method: 'session/request_permission' }));
    expect(received.at(-1)).toMatchObject({ result: { stopReason: 'end_turn' } });
  });

  it('is shown in the log that “Show Log” opens', async () => {
    const { workbench } = window;
    await workbench.runCommand('Kandev: Show Log');
    const panel = workbench.page.locator('.part.panel');
    await panel.getByText(`[${title}]`).first().waitFor();
  });
});

function readMessage(line: string): { method?: string; result?: unknown } {
  return JSON.parse(line.slice('-> '.length)) as { method?: string; result?: unknown };
}
