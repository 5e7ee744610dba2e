/** The containers of this test run. */
import { containerLabels } from '../../src/agents/labels.ts';
import { engineAt } from '../harness/images.ts';
import { dockerHost, testRunId } from '../harness/testRun.ts';

/** The names of all that there are, running or not. */
export async function testContainers(): Promise<string[]> {
  const engine = await engineAt(dockerHost());
  const label = [`${containerLabels.testRun}=${testRunId()}`];
  const found = await engine.call('listing containers', (docker) =>
    docker.listContainers({ all: true, filters: { label } }),
  );
  return found.flatMap(({ Names }) => Names);
}
