/** Images for tests, made from this machine: nothing is pulled. Linux only, as containers run our own binaries. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buildImage, sourceHash } from '../../src/agents/buildImage.ts';
import { resolveEndpoint } from '../../src/agents/endpoint.ts';
import { Engine } from '../../src/agents/engine.ts';
import { hostSources } from '../../src/agents/hostSources.ts';
import { containerLabels } from '../../src/agents/labels.ts';
import { importMachineImage as importBase } from '../../src/agents/machineImage.ts';
import { makeFolder, testRunId } from './testRun.ts';

/** Of busybox and node: the one that the product makes, too. */
const base = 'kandev/machine-base:latest';
let baseIsReady: Promise<void> | undefined;

/** The engine at an address as in DOCKER_HOST. */
export async function engineAt(dockerHost: string): Promise<Engine> {
  return new Engine(await resolveEndpoint(hostSources(dockerHost, process.env)));
}

/**
 * Makes an image of busybox (sh, ls, cat, sleep and the other applets), node and the given files, labelled for this
 * test run, with which it is removed.
 * @param tag name:tag of the image.
 * @param files Contents by absolute path in the image; executable by everybody.
 */
export async function importMachineImage(
  dockerHost: string,
  tag: string,
  files: Readonly<Record<string, string | Buffer>> = {},
): Promise<void> {
  const engine = await engineAt(dockerHost);
  const { signal } = new AbortController();
  await (baseIsReady ??= ensureBase(engine, signal));
  const context = await makeFolder('image');
  const root = path.join(context, 'root');
  await mkdir(root);
  for (const [file, content] of Object.entries(files)) {
    const target = path.join(root, file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, content, { mode: 0o755 });
  }
  const label = `${containerLabels.testRun}=${testRunId()}`;
  await writeFile(path.join(context, 'Dockerfile'), `FROM ${base}\nCOPY root/ /\nLABEL ${label}\n`);
  const build = { image: tag, context, source: await sourceHash(context), base: null };
  await buildImage(build, engine.endpoint, () => undefined, signal);
}

async function ensureBase(engine: Engine, signal: AbortSignal): Promise<void> {
  const images = await engine.call('looking for images', (docker) =>
    docker.listImages({ filters: { reference: [base] } }),
  );
  if (images.length === 0) await importBase(engine, base, signal);
}
