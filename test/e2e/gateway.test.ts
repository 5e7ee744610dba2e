import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { useWindow } from './testWindow.ts';

const window = useWindow();

/** What the gateway writes down for programs that look for it. */
async function addressFile(): Promise<string> {
  const storage = path.join(window.editor.userDataDir, 'User', 'workspaceStorage');
  const files = await readdir(storage, { recursive: true });
  const [found] = files.filter((file) => file.endsWith('gateway/address.json'));
  if (found === undefined) throw new Error(`There is no address among ${files.join(', ')}.`);
  return path.join(storage, found);
}

describe('the API gateway', () => {
  it('is off until it is started, and then says where it is', async () => {
    const { workbench } = window;
    await workbench.runCommand('Kandev: Start API Gateway');
    await workbench.notification('The API gateway listens at http://127.0.0.1:').waitFor();
    await workbench.screenshot('gateway started');
    const file = await addressFile();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const { url } = JSON.parse(await readFile(file, 'utf8')) as { url: string };
    expect((await fetch(`${url}/api/v1/tasks`)).status).toBe(401);
  });

  it('gives a token, with which programs use the board that is seen', async () => {
    const { board, workbench } = window;
    await workbench.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await workbench.notificationButton('Create Token…', 'The API gateway listens').click();
    await workbench.enter('Test program');
    await workbench.quickPickRow('Read').waitFor();
    await workbench.screenshot('gateway scopes');
    await workbench.pick('Write');
    await workbench.quickInput.press('Enter');
    await workbench.quickPickRow('30 days').waitFor();
    await workbench.pick('30 days');
    await workbench.screenshot('gateway token');
    await workbench.dialogButton('Copy Token').click();
    const copied = () => workbench.page.evaluate(() => navigator.clipboard.readText());
    // A JWT: its header begins so.
    await eventually(copied).toMatch(/^eyJ/);
    const token = await copied();
    const { url } = JSON.parse(await readFile(await addressFile(), 'utf8')) as { url: string };
    const answer = await fetch(`${url}/api/v1/tasks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ title: 'From a program' }),
    });
    expect(answer.status).toBe(201);
    await board.card('From a program').waitFor();
  });

  it('is stopped, and nobody listens there any more', async () => {
    const { workbench } = window;
    const { url } = JSON.parse(await readFile(await addressFile(), 'utf8')) as { url: string };
    await workbench.runCommand('Kandev: Stop API Gateway');
    await workbench.notification('The API gateway is off.').waitFor();
    await expect(fetch(`${url}/api/v1/tasks`)).rejects.toThrow();
    await eventually(() => addressFile().catch(() => null)).toBeNull();
  });
});
