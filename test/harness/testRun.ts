/** What one run of the tests shares; scripts/testRun.mts sets it up and takes it down. */
import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';

function shared(name: string): string {
  const value = process.env[name];
  if (!value)
    throw new Error(`${name} is not set: start the tests with npm test, or with vitest's projects.`);
  return value;
}

/** Names this run. Containers and images of the run carry it as the label dev.kandev.test-run. */
export const testRunId = (): string => shared('KANDEV_TEST_RUN');

/** The engine, as in DOCKER_HOST: unix:///… or tcp://… */
export const dockerHost = (): string => shared('KANDEV_TEST_DOCKER_HOST');

/** The packaged extension. */
export const vsixFile = (): string => shared('KANDEV_TEST_VSIX');

/** A new folder that is removed with the run. */
export function makeFolder(name: string): Promise<string> {
  return mkdtemp(path.join(shared('KANDEV_TEST_FOLDER'), `${name}-`));
}
