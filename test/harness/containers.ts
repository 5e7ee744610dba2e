import { containerLabels } from '../../src/agents/labels.ts';
import { engineAt } from './images.ts';
import { dockerHost, testRunId } from './testRun.ts';

/**
 * The names of the containers of this test run, running or not. One file of tests is run at a time, so they are those of
 * its agents, wherever they work.
 */
export async function containersOfRun(): Promise<string[]> {
  const engine = await engineAt(dockerHost());
  const label = [`${containerLabels.testRun}=${testRunId()}`];
  const found = await engine.call('listing containers', (docker) =>
    docker.listContainers({ all: true, filters: { label } }),
  );
  return found.flatMap(({ Names }) => Names);
}

/** So that a file that has left some does not make the next ones fail. */
export async function removeContainersOfRun(): Promise<void> {
  const engine = await engineAt(dockerHost());
  for (const name of await containersOfRun()) {
    // By somebody else meanwhile is as well.
    await engine
      .call('removing', (docker) => docker.getContainer(name.slice(1)).remove({ force: true, v: true }))
      .catch(() => undefined);
  }
}
