import { ok } from 'node:assert/strict';
import { extensions, lm } from 'vscode';

describe('the models of VS Code', () => {
  before(async () => {
    await extensions.getExtension('kandev.kandev')?.activate();
  });

  it('are offered what can be done with the board, but not to answer agents', () => {
    const names = lm.tools.map(({ name }) => name);
    ok(names.includes('kandev_list_cards'), names.join());
    ok(!names.includes('kandev_answer_permission'), names.join());
  });
});
