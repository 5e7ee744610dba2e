import { stat } from 'node:fs/promises';
import { startEditor } from '../test/harness/editor.ts';
import { makeRepository } from '../test/harness/repository.ts';
import { vsixFile } from '../test/harness/testRun.ts';
import { openWorkbench } from '../test/harness/workbench.ts';
import { median, milliseconds, printTable } from './table.ts';

const rounds = 3;

/** What VS Code itself says of the activation, in "Show Running Extensions". */
export async function benchActivation(): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push(await activationTime());
  const { size } = await stat(vsixFile());
  printTable(`Activation, ${rounds} fresh windows`, [
    { what: 'median', value: milliseconds(median(times)), gate: 'wanted: under 60 ms' },
    { what: 'longest', value: milliseconds(Math.max(...times)) },
    { what: 'size of the VSIX', value: `${(size / 1024).toFixed(0)} KB`, gate: 'wanted: under 2500 KB' },
  ]);
}

async function activationTime(): Promise<number> {
  const editor = await startEditor({ folder: await makeRepository('activation') });
  // High enough that the list, which VS Code sorts by time and draws only where it is seen, shows all of them.
  const workbench = await openWorkbench(editor.url, { viewport: { width: 1400, height: 2400 } });
  try {
    await workbench.openKandevView();
    await workbench.sideBar.getByRole('button', { name: 'Add Sample Cards' }).waitFor();
    await workbench.runCommand('Developer: Show Running Extensions');
    const row = workbench.page.locator('.runtime-extensions-editor .extension').filter({ hasText: 'Kandev' });
    const text = await row.locator('.activation-time').innerText();
    const found = /(\d+)\s*ms/.exec(text)?.[1];
    if (found === undefined) throw new Error(`No activation time in “${text}”.`);
    return Number(found);
  } finally {
    await workbench.close();
    await editor.stop();
  }
}
