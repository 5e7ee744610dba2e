import type { InitializeResult } from '../acp/types.ts';
import type { Store } from '../store/store.ts';
import type { RunSession } from './runInterfaces.ts';

/** What the agent of a card's newest run takes beside text, as it has said itself; null where none has been there. */
export async function promptTakes(store: Store, taskId: string): Promise<RunSession['takes'] | null> {
  const [newest] = await store.query('runsOfTask', { taskId });
  const link = newest ? await store.query('runLink', { runId: newest.id }) : null;
  const agent = link?.agent as InitializeResult | null | undefined;
  if (!agent) return null;
  const { image, embeddedContext } = agent.capabilities.prompt;
  return { image, embeddedContext };
}
