/** A process that does one thing with a fixture's workspaces, to be killed while it does. */
import { LocalWorkspaces } from '../../../src/workspaces/localWorkspaces.ts';
import type { PrepareRequest } from '../../../src/workspaces/workspaces.ts';

export type Order =
  | { do: 'prepare'; request: PrepareRequest }
  | { do: 'rollBack'; runId: string }
  | { do: 'apply'; workspaceId: string }
  | { do: 'merge'; workspaceId: string }
  | { do: 'dispose'; workspaceId: string };

const [storage = '', git = '', text = '{}'] = process.argv.slice(2);
const order = JSON.parse(text) as Order;
const workspaces = await LocalWorkspaces.open({
  folder: storage,
  git,
  environment: process.env,
  editors: { unsavedFiles: () => [] },
});
switch (order.do) {
  case 'prepare':
    console.log(JSON.stringify(await workspaces.prepare(order.request)));
    break;
  case 'rollBack':
    await workspaces.rollBack(order.runId);
    break;
  case 'apply':
    await workspaces.apply(order.workspaceId);
    break;
  case 'merge':
    await workspaces.merge(order.workspaceId, 'Agent');
    break;
  case 'dispose':
    await workspaces.dispose(order.workspaceId);
    break;
}
