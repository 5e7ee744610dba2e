/** For suites that work with the engine: a file that leaves a container behind fails, instead of the next ones. */
import { afterAll, expect } from 'vitest';
import { containersOfRun } from './containers.ts';

afterAll(async () => {
  expect(await containersOfRun(), 'containers that this file has left behind').toEqual([]);
});
