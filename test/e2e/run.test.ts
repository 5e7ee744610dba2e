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
    const { board } = window;
    await board.create({
      title,
      description: script(
        'thought Let me see what is there',
        'message "I shall greet the world.\\nIn a file."',
        'plan [x] Look around | [~] Write the greeting | Report',
        'tool read README.md line=1',
        'usage 1200 200000 cost=0.02',
        'permission "Write greeting.txt" kind=edit path=greeting.txt new="Hello, world\\n"',
        'on allow write greeting.txt "Hello, world\\n"',
        'stderr A word on the side',
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
    const toast = workbench.notification(`${title} · Demo agent asks: Write greeting.txt`);
    await toast.waitFor();
    await window.shows({ 'In Progress': [title] });
    await tree.row('Write greeting.txt').waitFor();
    await board.card(title).getByText('Needs you').waitFor();
    await workbench.statusBarItem('1 running').filter({ hasText: '1 waiting' }).waitFor();
    await expect(stat(path.join(folder, 'greeting.txt'))).rejects.toThrow('ENOENT');
  });

  it('acts when the notification allows it, and hands back a file of the user’s own', async () => {
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

  it('is told of in the output channel, with the card’s name before each line', async () => {
    await eventually(() => window.logOf(title)).toContain('turn ended: Finished');
    const log = await window.logOf(title);
    const expected = [
      'Backlog -> To Do (root): Started',
      'To Do -> In Progress (kandev): Given to Demo agent',
      'thinks: Let me see what is there',
      'I shall greet the world.',
      'In a file.',
      'plan:',
      'tool: Read README.md',
      'asks: Write greeting.txt [Allow, Always allow, Reject]',
      'answered by root: Allow',
      'Done.',
      'turn ended: Finished',
      'In Progress -> Review (kandev): The agent has finished',
    ];
    console.log(log.join('\n'));
    expect(log).toEqual(expect.arrayContaining(expected));
  });

  it('leaves the raw messages in the trace', async () => {
    const trace = await window.logOf(title, 'Kandev ACP Trace');
    console.log(trace.join('\n').slice(0, 6000));
  });
});
