/** For suites that work with the engine: a file that leaves a container behind fails, and not the next ones. */
import { afterAll, expect } from 'vitest';
import { containersOfRun, removeContainersOfRun } from './containers.ts';

afterAll(async () => {
  const left = await containersOfRun();
  await removeContainersOfRun();
  expect(left, 'containers that this file has left behind').toEqual([]);
});
