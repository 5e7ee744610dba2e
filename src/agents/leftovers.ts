import type Dockerode from 'dockerode';
import type { Leftover, LeftoverCause } from '../model/leftover.ts';
import { deliveredFiles } from './deliverFiles.ts';
import { dial } from './dial.ts';
import type { Engine } from './engine.ts';
import { isAlive } from './isAlive.ts';
import { containerLabels, helperTaskIds, type OwnerLabels } from './labels.ts';
import { removeContainer } from './removeContainer.ts';
import { removeVolume } from './removeVolume.ts';

const removeLimitMs = 10_000;
/** The engine measures all that it has. */
const measureLimitMs = 30_000;

type Labels = Readonly<Record<string, string>>;

/** Whose something is, as far as it can be told from here. */
export interface Claims {
  owner: Pick<OwnerLabels, 'installation' | 'workspace'>;
  /** Whether the board of this workspace knows a run: then the board cleans up after it. */
  isKnown: (runId: string) => Promise<boolean>;
  /** The workspaces of this installation that have a board; null when that cannot be told. */
  boards: () => Promise<ReadonlySet<string> | null>;
}

/** What there is of one run. */
interface Things {
  runId: string;
  /** Of one of them. */
  labels: Labels;
  containers: Dockerode.ContainerInfo[];
  volumes: { name: string; createdAt: number | null }[];
}

/**
 * Removes the containers of this installation and workspace whose run is not kept, and what connected them to the
 * network. Nobody else's are touched, nor those of a check or a sign-in in a window that lives. Work that is only in a
 * container is brought back first.
 *
 * @returns the ids of the runs whose containers are gone
 * @throws UserError when the engine does not answer or is stuck; the others are removed all the same
 */
export async function removeLeftovers(
  engine: Engine,
  { installation, workspace }: Pick<OwnerLabels, 'installation' | 'workspace'>,
  keep: (runId: string) => boolean | Promise<boolean>,
  storageFolder: string,
): Promise<string[]> {
  const label = [
    `${containerLabels.installation}=${installation}`,
    `${containerLabels.workspace}=${workspace}`,
  ];
  const left: Things[] = [];
  for (const things of await thingsWith(engine, label)) {
    const isKept = isHelper(things) ? ownerLives(things) : await keep(things.runId);
    if (!isKept) left.push(things);
  }
  await removeAll(engine, left, () => storageFolder);
  return left.map(({ runId }) => runId);
}

/**
 * Finds what this installation has left on the engine that belongs to nobody any more: of runs that no board knows, and
 * of workspaces that are gone. What belongs to a process that lives, to another window's board, to another installation
 * or another program is not among it.
 *
 * @throws what Engine.call throws
 */
export async function findOrphans(engine: Engine, claims: Claims): Promise<Leftover[]> {
  const found = await orphans(engine, claims);
  const sizes = await sizesOf(
    engine,
    found.map(({ things }) => things),
  );
  return found.map(({ things, cause }) => describe(things, cause, sizes));
}

/**
 * Removes some of what `findOrphans` finds; what is none any more stays. Work that is only in a container is brought
 * back first, but for that of a workspace that is gone.
 *
 * @returns the ids of the runs of which nothing is left
 * @throws as removeLeftovers
 */
export async function removeOrphans(
  engine: Engine,
  claims: Claims,
  runIds: readonly string[],
  storageFolder: string,
): Promise<string[]> {
  const found = (await orphans(engine, claims)).filter(({ things }) => runIds.includes(things.runId));
  await removeAll(
    engine,
    found.map(({ things }) => things),
    ({ labels }) => (labels[containerLabels.workspace] === claims.owner.workspace ? storageFolder : null),
  );
  return found.map(({ things }) => things.runId);
}

async function orphans(engine: Engine, claims: Claims): Promise<{ things: Things; cause: LeftoverCause }[]> {
  const all = await thingsWith(engine, [`${containerLabels.installation}=${claims.owner.installation}`]);
  const boards = all.length === 0 ? null : await claims.boards();
  const found: { things: Things; cause: LeftoverCause }[] = [];
  for (const things of all) {
    const cause = ownerLives(things) ? null : await causeOf(things, claims, boards);
    if (cause) found.push({ things, cause });
  }
  return found;
}

/** Null for what has somebody who cares for it. */
async function causeOf(
  things: Things,
  { owner, isKnown }: Claims,
  boards: ReadonlySet<string> | null,
): Promise<LeftoverCause | null> {
  const workspace = things.labels[containerLabels.workspace] ?? '';
  if (workspace !== owner.workspace) {
    return boards === null || boards.has(workspace) ? null : { kind: 'board-gone' };
  }
  if (isHelper(things)) return { kind: 'helper' };
  return (await isKnown(things.runId)) ? null : { kind: 'card-gone' };
}

function isHelper({ labels }: Things): boolean {
  return helperTaskIds.includes(labels[containerLabels.task] ?? '');
}

/** Whether the process that has started it still runs. */
function ownerLives({ labels }: Things): boolean {
  const [, pid] = /^(\d+)-/.exec(labels[containerLabels.owner] ?? '') ?? [];
  return pid !== undefined && isAlive(Number(pid));
}

/** The containers and volumes with these labels, by the run that they were made for. */
async function thingsWith(engine: Engine, label: readonly string[]): Promise<Things[]> {
  const filters = { label: [...label] };
  const [containers, volumes] = await Promise.all([
    engine.call('listing containers', (docker, abortSignal) =>
      docker.listContainers({ all: true, filters, abortSignal }),
    ),
    engine.call('listing volumes', (docker, abortSignal) => docker.listVolumes({ filters, abortSignal })),
  ]);
  const byRun = new Map<string, Things>();
  const thingsOf = (labels: Labels): Things | undefined => {
    const runId = labels[containerLabels.run] ?? labels[containerLabels.networkOf];
    if (runId === undefined) return undefined;
    const things = byRun.get(runId) ?? { runId, labels, containers: [], volumes: [] };
    // Those of the network do not say whose run it is.
    if (containerLabels.run in labels) things.labels = labels;
    byRun.set(runId, things);
    return things;
  };
  for (const container of containers) thingsOf(container.Labels)?.containers.push(container);
  // Engines answer null for none.
  for (const { Name: name, Labels, CreatedAt } of (volumes.Volumes as VolumeInfo[] | null) ?? []) {
    const createdAt = CreatedAt === undefined ? null : Date.parse(CreatedAt);
    thingsOf(Labels ?? {})?.volumes.push({ name, createdAt });
  }
  return [...byRun.values()];
}

interface VolumeInfo {
  Name: string;
  Labels: Record<string, string> | null;
  CreatedAt?: string;
}

/** By container ids and names of volumes, in bytes. Nothing is known where the engine cannot say it in time. */
async function sizesOf(engine: Engine, all: readonly Things[]): Promise<ReadonlyMap<string, number>> {
  if (all.length === 0) return new Map();
  const usage = (await engine
    .call(
      'measuring what is left',
      (docker, abortSignal) => dial(docker, { method: 'GET', path: '/system/df', abortSignal }),
      { limitMs: measureLimitMs },
    )
    .catch(() => ({}))) as DiskUsage;
  return new Map([
    // What is not said of a container that was measured is nothing.
    ...(usage.Containers ?? []).map(({ Id, SizeRw = 0 }) => [Id, SizeRw] as const),
    ...(usage.Volumes ?? []).flatMap(({ Name, UsageData }) =>
      UsageData && UsageData.Size >= 0 ? [[Name, UsageData.Size] as const] : [],
    ),
  ]);
}

interface DiskUsage {
  Containers?: { Id: string; SizeRw?: number }[] | null;
  Volumes?: { Name: string; UsageData?: { Size: number } | null }[] | null;
}

function describe(
  { runId, containers, volumes }: Things,
  cause: LeftoverCause,
  sizes: ReadonlyMap<string, number>,
): Leftover {
  const agentsFirst = [...containers].sort((one, other) => rank(one) - rank(other));
  const times = [
    ...containers.map(({ Created }) => Created * 1000),
    ...volumes.flatMap(({ createdAt }) => createdAt ?? []),
  ];
  const bytes = [...containers.map(({ Id }) => Id), ...volumes.map(({ name }) => name)].map(
    (id) => sizes.get(id) ?? null,
  );
  return {
    runId,
    cause,
    image: agentsFirst[0]?.Image ?? null,
    containers: agentsFirst.map(nameOf),
    volumes: volumes.map(({ name }) => name),
    hasNetwork: containers.some(({ Labels }) => containerLabels.networkOf in Labels),
    isRunning: containers.some(({ State }) => State === 'running'),
    createdAt: times.length === 0 ? null : Math.min(...times),
    bytes: bytes.reduce((sum, each) => (sum === null || each === null ? null : sum + each), 0),
    holdsWork: containers.some(({ Labels }) => containerLabels.copyOf in Labels) || volumes.length > 0,
  };
}

function rank({ Labels }: Dockerode.ContainerInfo): number {
  return containerLabels.run in Labels ? 0 : 1;
}

function nameOf({ Id, Names }: Dockerode.ContainerInfo): string {
  return Names[0]?.replace(/^\//, '') ?? Id.slice(0, 12);
}

/**
 * As many as can be; what went wrong first is thrown in the end.
 *
 * @param storageFolder of the workspace that they belong to; null when that is gone, and nobody waits for their work
 */
async function removeAll(
  engine: Engine,
  all: readonly Things[],
  storageFolder: (things: Things) => string | null,
): Promise<void> {
  const results = await Promise.allSettled(
    all.map((things) => remove(engine, things, storageFolder(things))),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

async function remove(engine: Engine, things: Things, storageFolder: string | null): Promise<void> {
  const results = await Promise.allSettled(
    things.containers.map(async (container) => {
      const { Id, Labels: labels } = container;
      if (storageFolder !== null && containerLabels.copyOf in labels) {
        const name = nameOf(container);
        const files = await deliveredFiles({ engine, name, labels, storageFolder, log: () => undefined });
        // What the agent has done is nowhere else; where it cannot be had, the container stays.
        await files.collect(Id);
        await removeContainer(engine, Id, removeLimitMs);
        await files.remove();
      } else await removeContainer(engine, Id, removeLimitMs);
    }),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  for (const { name } of things.volumes) await removeVolume(engine, name);
}
