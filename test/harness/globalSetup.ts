import type { TestProject } from 'vitest/node';
import { beginTestRun } from '../../scripts/testRun.mts';

/** Lets `vitest --project docker` and `--project e2e` run by themselves; under npm test all is set up already. */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (process.env.KANDEV_TEST_RUN) return undefined;
  const testRun = await beginTestRun({ editor: project.name === 'e2e' });
  Object.assign(process.env, testRun.env);
  return () => testRun.end();
}
