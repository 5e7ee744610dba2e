import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { AgentType } from '../model/agentType.ts';
import type { Devcontainer } from '../model/devcontainer.ts';
import { UserError } from '../model/failure.ts';
import type { LaunchProgress } from './launchRequest.ts';
import { baseImageOf, buildImage, sourceHash } from './buildImage.ts';
import { orAborted } from './deadline.ts';
import {
  buildDevcontainer,
  devcontainerLabels,
  notOnDevcontainer,
  removeOutdated,
} from './devcontainerImage.ts';
import type { Engine } from './engine.ts';
import { findImage, removeNameless, removeReplaced, type FoundImage } from './findImage.ts';
import { imageLabels } from './labels.ts';
import { importMachineImage, suitsThisMachine } from './machineImage.ts';
import { hostRegistryAuth } from './hostSources.ts';
import { pullImage } from './pullImage.ts';

export interface ImageRequest {
  engine: Engine;
  agentType: Pick<AgentType, 'name' | 'image' | 'buildContext' | 'pull'>;
  /** What its Dockerfile is built on; the type is that of `onDevcontainer` then. Null or left out: what stands in it. */
  devcontainer?: Devcontainer | null;
  /** The extension's `dist`, which holds the build contexts. */
  distFolder: string;
  progress: Pick<LaunchProgress, 'activity' | 'log'>;
  signal: AbortSignal;
}

/** The name of the base image that is made of this machine. */
const machineBase = 'kandev/machine-base:latest';

/** The image that is being made ready, by its name and engine: a second card waits instead of making it twice. */
const underWay = new Map<string, Promise<unknown>>();

/**
 * Makes an agent's image ready on the engine: there already, else pulled; one that has a Dockerfile is built, also when
 * the files beside it have changed since. An image of that name that was not built so is taken as it is.
 *
 * @throws UserError when it cannot be had; the signal's reason when it is aborted.
 */
export function ensureImage(request: ImageRequest): Promise<void> {
  return oneAtATime(request, request.agentType.image, () => makeReady(request));
}

async function oneAtATime<T>(
  { engine, signal }: Pick<ImageRequest, 'engine' | 'signal'>,
  image: string,
  make: () => Promise<T>,
): Promise<T> {
  const key = `${engine.endpoint.endpoint} ${image}`;
  for (;;) {
    const other = underWay.get(key);
    if (!other) break;
    // Whatever becomes of it, this one looks for itself then.
    await orAborted(
      other.catch(() => undefined),
      signal,
    );
  }
  const mine = make();
  underWay.set(key, mine);
  try {
    return await mine;
  } finally {
    underWay.delete(key);
  }
}

async function makeReady(request: ImageRequest): Promise<void> {
  const { engine, agentType, distFolder, progress, signal } = request;
  const { image, buildContext, pull = 'missing' } = agentType;
  const present = await findImage(engine, image, signal);
  if (pull === 'never') {
    if (present === null) throw notThere(image);
    return;
  }
  if (buildContext === null) {
    if (present !== null && pull === 'missing') return;
    await pullSignedIn(engine, image, progress, signal);
    if (present !== null) await removeReplaced(engine, present);
    return;
  }
  const source = await sourceHash(path.resolve(distFolder, buildContext));
  if (present !== null && pull === 'missing') {
    const builtFrom = present.labels[imageLabels.source];
    // Without the label it is the user's own, or its maker's.
    if (builtFrom === undefined || builtFrom === source) return;
  }
  await build(request, { source, present, fresh: false });
}

/**
 * Makes an image anew, whatever is there: built without the engine's cache on a base that is pulled again, or pulled.
 *
 * @throws as `ensureImage`
 */
export function remakeImage(request: ImageRequest): Promise<void> {
  const { engine, agentType, distFolder, progress, signal } = request;
  return oneAtATime(request, agentType.image, async () => {
    const present = await findImage(engine, agentType.image, signal);
    if (agentType.buildContext === null) {
      await pullSignedIn(engine, agentType.image, progress, signal);
      if (present !== null) await removeReplaced(engine, present);
      return;
    }
    const source = await sourceHash(path.resolve(distFolder, agentType.buildContext));
    await build(request, { source, present, fresh: true });
  });
}

async function build(
  request: ImageRequest,
  { source, present, fresh }: { source: string; present: FoundImage | null; fresh: boolean },
): Promise<void> {
  const { engine, agentType, distFolder, progress, signal, devcontainer = null } = request;
  const { image, buildContext } = agentType;
  const context = path.resolve(distFolder, buildContext ?? '');
  const base = devcontainer
    ? await readyDevcontainer(request, devcontainer, fresh)
    : await ensureBase(engine, context, progress, signal, fresh);
  const own = devcontainer ? { isForeignBase: true, labels: devcontainerLabels(devcontainer) } : {};
  progress.activity(`Building ${image} …`);
  try {
    const build = { image, context, source, base, fresh, ...own };
    await buildImage(build, engine.endpoint, progress.log.bind(progress), signal);
  } catch (error) {
    throw devcontainer ? notOnDevcontainer(error, agentType, devcontainer) : error;
  }
  if (devcontainer) await removeOutdated(engine, image, devcontainer);
  if (present !== null) await removeReplaced(engine, present);
  await removeNameless(engine);
}

/** Has the image of a devcontainer.json ready, and returns its name. No other one takes its place. */
async function readyDevcontainer(
  { engine, progress, signal }: ImageRequest,
  devcontainer: Devcontainer,
  fresh: boolean,
): Promise<string> {
  const { base, file } = devcontainer;
  if (base.kind === 'build') {
    progress.activity(`Building the image of ${file} …`);
    return buildDevcontainer({
      ...{ engine, devcontainer, base, fresh, signal },
      log: progress.log.bind(progress),
    });
  }
  if (fresh || (await findImage(engine, base.image, signal)) === null) {
    await pullSignedIn(engine, base.image, progress, signal);
  }
  return base.image;
}

function notThere(image: string): UserError {
  return new UserError({
    reason: 'image-missing',
    message: `The image ${image} is not on the engine, and the setting kandev.agents says to never pull or build it. Pull it with "docker pull ${image}", or change "pull" there.`,
    action: { kind: 'openSetting', setting: 'kandev.agents' },
  });
}

/** Pulls with the sign-in that the docker CLI would use. */
async function pullSignedIn(
  engine: Engine,
  image: string,
  progress: ImageRequest['progress'],
  signal: AbortSignal,
): Promise<void> {
  const auth = await hostRegistryAuth(image).catch((error: unknown) => {
    // What needs no sign-in can be had all the same.
    progress.log(`Your sign-in to the registry could not be read: ${String(error)}`);
    return null;
  });
  await pullImage(engine, image, progress.activity.bind(progress), signal, auth);
}

/**
 * Has the image that a Dockerfile builds on ready, and returns what to build on instead of it: the image of this
 * machine, when no registry answers.
 */
async function ensureBase(
  engine: Engine,
  context: string,
  progress: ImageRequest['progress'],
  signal: AbortSignal,
  fresh: boolean,
): Promise<string | null> {
  const base = baseImageOf(await readFile(path.join(context, 'Dockerfile'), 'utf8'));
  if (base === null || (!fresh && (await findImage(engine, base, signal)) !== null)) return null;
  try {
    await pullSignedIn(engine, base, progress, signal);
    return null;
  } catch (error) {
    const unreachable = error instanceof UserError && error.failure.reason === 'registry-unreachable';
    if (!unreachable || !(await suitsThisMachine(engine, signal))) throw error;
    progress.activity('No registry answers: making the image from this machine …');
    const version = await makeMachineBase(engine, signal);
    progress.log(
      `No registry answers for ${base}. Made a base image from this machine's node ${version} instead.`,
    );
    return machineBase;
  }
}

/** An image with node that is made of this machine; null where the engine could not run it. */
export async function ensureMachineImage(engine: Engine, signal: AbortSignal): Promise<string | null> {
  if (!(await suitsThisMachine(engine, signal))) return null;
  await makeMachineBase(engine, signal);
  return machineBase;
}

/** Returns the version of the node that is in it. */
function makeMachineBase(engine: Engine, signal: AbortSignal): Promise<string> {
  return oneAtATime({ engine, signal }, machineBase, () => importMachineImage(engine, machineBase, signal));
}
