import { randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import * as v from 'valibot';
import type { AgentType } from '../model/agentType.ts';
import { UserError } from '../model/failure.ts';
import { volumeAt } from './container.ts';
import type { ContainerUser } from './containerUser.ts';
import { dial } from './dial.ts';
import type { Engine } from './engine.ts';
import { statusOf } from './engineFailure.ts';
import { containerLabels, volumeLabels } from './labels.ts';
import { removeContainer } from './removeContainer.ts';

export interface StateVolumeRequest {
  engine: Engine;
  agentType: Pick<AgentType, 'id' | 'image'>;
  /** Whom the folder belongs to. */
  user: ContainerUser;
  /** The value of KANDEV_TEST_RUN, when tests run. */
  testRun: string | undefined;
  signal: AbortSignal;
}

const removeLimitMs = 10_000;
/** Where the volume is while its owner is set; any folder that no image has. */
const anchor = 'kandev-state';

const volumeSchema = v.object({ Labels: v.nullish(v.record(v.string(), v.string())) });

/**
 * The volume in which an agent type keeps its sign-in and settings, the same for all its runs; made when it is not
 * there, and then writable for its user alone. Somebody else's runs on the same engine get one of their own.
 *
 * @returns its name
 * @throws UserError `refused` when another program has a volume of that name; what Engine.call throws
 */
export async function ensureStateVolume(request: StateVolumeRequest): Promise<string> {
  const { engine, agentType, user, signal } = request;
  const owner = ownerOf(user);
  const common = stateVolumeName(agentType.id);
  for (const name of [common, `${common}-${user.uid}-${user.gid}`]) {
    const labels = await findVolume(engine, name, signal);
    if (labels === null) {
      await createVolume(request, name);
      return name;
    }
    if (labels[volumeLabels.state] !== agentType.id) throw nameTaken(name);
    if (labels[volumeLabels.owner] === owner) return name;
  }
  throw nameTaken(common);
}

/**
 * Forgets what an agent type has kept: its users are signed out. No volume of that name is fine.
 *
 * @throws UserError `refused` while a container uses it; what Engine.call throws
 */
export async function removeStateVolume(engine: Engine, name: string): Promise<void> {
  try {
    await engine.call(`removing volume ${name}`, (docker, abortSignal) =>
      docker.getVolume(name).remove({ abortSignal }),
    );
  } catch (error) {
    if (statusOf(error) === 404) return;
    if (statusOf(error) !== 409) throw error;
    throw new UserError(
      {
        reason: 'refused',
        message: `The volume ${name} is in use. Stop the runs of that agent first.`,
      },
      { cause: error },
    );
  }
}

export function stateVolumeName(agentTypeId: string): string {
  return `kandev-state-${agentTypeId}`;
}

function ownerOf({ uid, gid }: ContainerUser): string {
  return `${uid}:${gid}`;
}

/** A volume's labels; null where there is none of that name. */
async function findVolume(
  engine: Engine,
  name: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>> | null> {
  try {
    const found = await engine.call(
      `looking for volume ${name}`,
      (docker, abortSignal) => dial(docker, { method: 'GET', path: `/volumes/${name}`, abortSignal }),
      { signal },
    );
    return v.parse(volumeSchema, found).Labels ?? {};
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

async function createVolume(request: StateVolumeRequest, name: string): Promise<void> {
  const { engine, agentType, user, testRun } = request;
  const labels = {
    [volumeLabels.state]: agentType.id,
    [volumeLabels.owner]: ownerOf(user),
    ...(testRun ? { [containerLabels.testRun]: testRun } : {}),
  };
  await engine.call(`creating volume ${name}`, (docker, abortSignal) =>
    docker.createVolume({ Name: name, Labels: labels, abortSignal }),
  );
  try {
    await giveTo(request, name);
  } catch (error) {
    // One that its user cannot write to must not be found by the next run.
    await removeStateVolume(engine, name).catch(() => undefined);
    throw error;
  }
}

/**
 * A new volume belongs to root. A container that is never started is enough to change that: what is put into it is
 * unpacked by the engine, and needs nothing of the image.
 */
async function giveTo(
  { engine, agentType, user, testRun }: StateVolumeRequest,
  volume: string,
): Promise<void> {
  const archive = pack();
  archive.entry({ name: `${anchor}/`, type: 'directory', mode: 0o700, ...user });
  archive.finalize();
  const content = await buffer(archive);
  const name = `${volume}-${randomUUID()}`;
  try {
    await engine.call(`giving volume ${volume} to its user`, async (docker, abortSignal) => {
      const container = await docker.createContainer({
        name,
        Image: agentType.image,
        Entrypoint: ['none'],
        Labels: testRun ? { [containerLabels.testRun]: testRun } : {},
        HostConfig: {
          NetworkMode: 'none',
          Mounts: [volumeAt(volume, `/${anchor}`)],
        },
        abortSignal,
      });
      await container.putArchive(content, { path: '/', abortSignal });
    });
  } finally {
    await removeContainer(engine, name, removeLimitMs);
  }
}

function nameTaken(name: string): UserError {
  return new UserError({
    reason: 'refused',
    message: `There is a volume ${name} already, and it is not Kandev's. Remove it with "docker volume rm ${name}" and start the card again.`,
  });
}
