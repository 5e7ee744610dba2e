import { createHash } from 'node:crypto';
import type { AgentType } from '../model/agentType.ts';
import type { Devcontainer, DevcontainerBuild } from '../model/devcontainer.ts';
import { UserError } from '../model/failure.ts';
import { buildImage } from './buildImage.ts';
import type { Engine } from './engine.ts';
import { imageLabels } from './labels.ts';

/** How much of a hash makes a name. */
const nameLength = 16;

/**
 * The agent type with the image that is built on a workspace's devcontainer.json: of a name of its own for each
 * workspace and content, so that the agent's ordinary image stays as it is.
 */
export function onDevcontainer<Type extends Pick<AgentType, 'id' | 'image'>>(
  agentType: Type,
  { hash }: Pick<Devcontainer, 'hash'>,
): Type {
  return { ...agentType, image: `kandev-devcontainer/${agentType.id}:${hash.slice(0, nameLength)}` };
}

/** The labels of all that is built for one workspace. */
export function devcontainerLabels({ folder }: Pick<Devcontainer, 'folder'>): Record<string, string> {
  const key = createHash('sha256').update(folder).digest('hex').slice(0, nameLength);
  return { [imageLabels.devcontainerOf]: key };
}

interface BaseBuild {
  engine: Engine;
  devcontainer: Devcontainer;
  base: DevcontainerBuild;
  fresh: boolean;
  log: (line: string) => void;
  signal: AbortSignal;
}

/**
 * Builds the Dockerfile of a devcontainer.json as it was read, and returns the image's name. What has not changed the
 * engine takes from its cache.
 *
 * @throws as `buildImage`
 */
export async function buildDevcontainer({ engine, devcontainer, base, ...how }: BaseBuild): Promise<string> {
  const { context, content, args, target } = base;
  const image = `kandev-devcontainer/base:${devcontainer.hash.slice(0, nameLength)}`;
  const build = {
    ...{ image, context, args, target, base: null, fresh: how.fresh },
    source: devcontainer.hash,
    dockerfile: content,
    labels: devcontainerLabels(devcontainer),
  };
  try {
    await buildImage(build, engine.endpoint, how.log, how.signal);
  } catch (error) {
    throw inWords(error, (why) => `The image of ${devcontainer.file} could not be built. ${why}`);
  }
  await removeOutdated(engine, image, devcontainer);
  return image;
}

/** Removes what was built for the same workspace and agent before, under another name. What runs keeps its image. */
export async function removeOutdated(
  engine: Engine,
  image: string,
  devcontainer: Devcontainer,
): Promise<void> {
  const label = Object.entries(devcontainerLabels(devcontainer)).map(([name, value]) => `${name}=${value}`);
  const [repository = ''] = image.split(':');
  try {
    const found = await engine.call('listing images', (docker) => docker.listImages({ filters: { label } }));
    const outdated = found
      .flatMap(({ RepoTags }) => (RepoTags as string[] | null) ?? [])
      .filter((tag) => tag.startsWith(`${repository}:`) && tag !== image);
    const remove = (tag: string) =>
      engine.call(`removing image ${tag}`, (docker, abortSignal) =>
        docker.getImage(tag).remove({ abortSignal }),
      );
    await Promise.allSettled(outdated.map(remove));
  } catch {
    // Something still runs on it, or the engine is gone: the next build comes by again.
  }
}

/** Says of a build that failed on somebody's devcontainer.json what the agent needs of it. */
export function notOnDevcontainer(
  error: unknown,
  { name }: Pick<AgentType, 'name'>,
  { file }: Devcontainer,
): unknown {
  return inWords(error, (why) => `The image of ${name} could not be built on ${file}. ${why}`);
}

/** As shells say it, and as builders do, who may lose the last words of a command that ends at once. */
const missingNode = [
  /\b(npm|node): (command )?not found/,
  /'[^']*\b(npm|node)\b[^']*' returned a non-zero code: 127/,
  /"[^"]*\b(npm|node)\b[^"]*" did not complete successfully: exit code: 127/,
];

/** What else than a failed build went wrong is left as it is. */
function inWords(error: unknown, say: (why: string) => string): unknown {
  if (!(error instanceof UserError) || error.failure.reason !== 'image-build-failed') return error;
  const { detail } = error.failure;
  if (detail === undefined) return error;
  const lacksNode = missingNode.some((pattern) => pattern.test(detail));
  const why = lacksNode ? 'It needs node and npm for that.' : 'The log shows how far it came.';
  const action = lacksNode ? ({ kind: 'devcontainer' } as const) : ({ kind: 'showLog' } as const);
  return new UserError({ reason: 'image-build-failed', message: say(why), detail, action }, { cause: error });
}
