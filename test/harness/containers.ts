import { containerLabels } from '../../src/agents/labels.ts';
import { engineAt } from './images.ts';
import { dockerHost, testRunId } from './testRun.ts';

/**
 * The names of the containers of this test run, running or not. One window is open at a time, so they are those of its
 * agents, wherever they work.
 */
export async function containersOfRun(): Promise<string[]> {
  const engine = await engineAt(dockerHost());
  const label = [`${containerLabels.testRun}=${testRunId()}`];
  const found = await engine.call('listing containers', (docker) =>
    docker.listContainers({ all: true, filters: { label } }),
  );
  return found.flatMap(({ Names }) => Names);
}
