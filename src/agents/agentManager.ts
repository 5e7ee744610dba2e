import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentType } from '../model/agentType.ts';
import type { SharedThings, ShareRequest } from '../credentials/shareCredentials.ts';
import type { EngineStatus } from '../model/engine.ts';
import { failureOf } from '../model/failure.ts';
import type { Leftover } from '../model/leftover.ts';
import type { AgentProcess, ExitInfo } from './agentProcess.ts';
import { containerName, containerOptions } from './container.ts';
import { mountOnly, type HostPath } from './containerFiles.ts';
import {
  containerUser,
  homeFolder,
  identityPaths,
  writeIdentity,
  type ContainerUser,
} from './containerUser.ts';
import { onDevcontainer } from './devcontainerImage.ts';
import { deliverFiles } from './deliverFiles.ts';
import { resolveEndpoint } from './endpoint.ts';
import { Engine, type EngineFacts } from './engine.ts';
import type { LaunchedThing } from './engineFailure.ts';
import { hostSources } from './hostSources.ts';
import { ensureImage, ensureMachineImage } from './images.ts';
import type { TakeOver } from './keeper/keeperClient.ts';
import { keeperPath } from './keeper/keeperPath.ts';
import { takeOverContainer, type RunToTakeOver } from './keeper/takeOverContainer.ts';
import { containersSharing, type ContainerSharing } from './containersSharing.ts';
import { containerLabels, labelsOf, networkLabelsOf, type OwnerLabels } from './labels.ts';
import { launchContainer } from './launchContainer.ts';
import type { LaunchPlace, LaunchProgress, LaunchRequest } from './launchRequest.ts';
import { findOrphans, removeLeftovers, removeOrphans, type Claims } from './leftovers.ts';
import { findRunContainer } from './findRunContainer.ts';
import { openRunNetwork, setHosts } from './runNetwork.ts';
import { runSetup, type SetupRun } from './runSetup.ts';
import type { ContainerUsage } from './containerStats.ts';
import { openTerminal, type ContainerTerminal, type TerminalRequest } from './execTerminalSession.ts';
import { UsageWatch } from './usageWatch.ts';
import { ensureStateVolume } from './stateVolume.ts';
import { checkWorkspace, protectGit, readOnlyGit, targetOf, workspacePaths } from './workspace.ts';
import { clampNotices, endsWithWindow } from './clampNotices.ts';

/** One container of a run: the agent's, or that of the setup script before it. */
interface StartedContainer {
  engine: Engine;
  request: LaunchRequest;
  facts: EngineFacts;
  user: ContainerUser;
  place: LaunchPlace;
  /** That of the run, or made of it. */
  name: string;
  stateVolume: string | null;
  /** A keeper in it owns its stdio, so that it outlives this process. */
  isKept: boolean;
  onStderr: (text: string) => void;
}

export interface AgentManagerOptions {
  /** The setting `kandev.docker.host`, null when it is empty; read again whenever the engine is looked for. */
  engineSetting: () => string | null;
  /** A folder of this extension's own, on this machine. */
  storageFolder: string;
  /** The extension's `dist`, which holds the build contexts of images. */
  distFolder: string;
  owner: OwnerLabels;
  /** This process's environment. */
  environment: Readonly<Record<string, string | undefined>>;
  /** As Claims; left out: it cannot be told. */
  boards?: Claims['boards'];
  /** Makes ready what is shared with a container. Left out: nothing is. */
  share?: (request: ShareRequest) => Promise<SharedThings>;
}

function thingOf({ name, image, command }: AgentType, { root }: LaunchPlace): LaunchedThing {
  return { agentName: name, image, command, folder: root };
}

/** How often an engine that cannot be found is looked for. */
const engineRetryMs = 2_000;

/** Runs agents in containers: finds the engine, readies images, launches, and cleans up. */
export class AgentManager {
  readonly #options: AgentManagerOptions;
  readonly #usage = new UsageWatch();
  #engine: Engine | null = null;
  /** Images that were seen to have no Node that can run a keeper. */
  readonly #withoutNode = new Set<string>();

  constructor(options: AgentManagerOptions) {
    this.#options = options;
  }

  /**
   * Starts an agent in a container of its own. However this ends early, no container is left.
   *
   * @throws UserError for everything foreseen; the signal's reason when it is aborted
   */
  async launch(asked: LaunchRequest, progress: LaunchProgress, signal: AbortSignal): Promise<AgentProcess> {
    signal.throwIfAborted();
    const { runId, devcontainer = null } = asked;
    const agentType = devcontainer ? onDevcontainer(asked.agentType, devcontainer) : asked.agentType;
    const request = { ...asked, agentType };
    const { distFolder, environment } = this.#options;
    await checkWorkspace(request.folder);
    const engine = await this.#findEngine();
    const facts = await engine.facts(signal);
    await ensureImage({ engine, agentType, devcontainer, distFolder, progress, signal });

    const place = await placeOf(request, signal);
    const user = await containerUser(place.root, facts.rootless);
    const testRun = environment.KANDEV_TEST_RUN;
    const stateVolume =
      agentType.stateFolder === undefined
        ? null
        : await ensureStateVolume({ engine, agentType, user, testRun, signal });
    const base = { engine, request, facts, user, place };
    const { setup } = place;
    if (setup) {
      const start: SetupRun['start'] = (command, heard) =>
        // Of the secrets it needs none, and of what agents keep neither.
        this.#start(
          {
            ...base,
            request: { ...request, environment: {}, shared: [], agentType: { ...agentType, command } },
            name: `${runId}-setup`,
            stateVolume: null,
            isKept: false,
            onStderr: heard,
          },
          progress,
          signal,
        );
      await runSetup({ setup, start, progress, signal });
    }
    for (const text of clampNotices(agentType, facts)) progress.notice?.(text);
    progress.starting();
    const isKept = request.outlives && !this.#withoutNode.has(agentType.image);
    if (request.outlives && !isKept) progress.notice?.(endsWithWindow(agentType));
    const onStderr = progress.stderr.bind(progress);
    return this.#start({ ...base, name: runId, stateVolume, isKept, onStderr }, progress, signal);
  }

  async #start(
    container: StartedContainer,
    progress: LaunchProgress,
    signal: AbortSignal,
  ): Promise<AgentProcess> {
    const { engine, request, facts, user, place, name, stateVolume, isKept, onStderr } = container;
    const { owner, distFolder, storageFolder, environment } = this.#options;
    const { agentType, runId } = request;
    const testRun = environment.KANDEV_TEST_RUN;
    const labels = labelsOf(request, owner, testRun);
    const given = await this.#share(request, place, user);
    const keeper = isKept ? [await keeperPath(distFolder)] : [];
    const files = await deliverFiles({
      ...{ engine, user, labels, storageFolder, signal },
      name: containerName(name),
      image: agentType.image,
      paths: [...(await this.#pathsFor(container)), ...keeper, ...given.mounts.map(mountOnly)],
      mayCopy: place.isOwn,
      say: progress,
    });
    if (files.kind === 'archive') labels[containerLabels.copyOf] = place.root;
    signal.throwIfAborted();
    const network = await openRunNetwork({
      engine,
      access: agentType.resources.network,
      runId: name,
      images: [() => Promise.resolve(agentType.image), () => ensureMachineImage(engine, signal)],
      user,
      facts,
      labels: networkLabelsOf(runId, owner, testRun),
      distFolder,
      onBlocked: (entry) => progress.blocked?.(entry),
      signal,
    });
    const workingDirectory = targetOf(place.workingFolder);
    const ofPlace = place.isOwn ? {} : readOnlyGit;
    const asked = { ...request, environment: { ...ofPlace, ...given.environment, ...request.environment } };
    const plan = { request: asked, facts, user, files, workingDirectory, stateVolume, labels, network };
    return launchContainer({
      engine,
      name: containerName(name),
      options: containerOptions({ ...plan, isKept: false }),
      keptOptions: isKept ? containerOptions({ ...plan, isKept }) : null,
      onNoKeeper: () => {
        this.#withoutNode.add(agentType.image);
        progress.notice?.(endsWithWindow(agentType));
      },
      files,
      network,
      thing: thingOf(agentType, place),
      onStderr,
      signal,
    });
  }

  /** What of this machine the container is given. */
  async #pathsFor({ request, place, user }: StartedContainer): Promise<HostPath[]> {
    const { root, isOwn, guards } = place;
    const target = await checkWorkspace(root);
    const [identity, git] = await Promise.all([
      writeIdentity(this.#options.storageFolder, user),
      protectGit(root, { isOwn, taskId: request.taskId }, user),
    ]);
    return [...workspacePaths({ folder: root, target, git }, guards), ...identityPaths(identity)];
  }

  /**
   * Takes over an agent that another process has left at work, as soon as the engine answers.
   *
   * @param from where that one has left off
   * @returns how the agent's container has ended where it does not run any more; null where it is gone
   * @throws the signal's reason
   */
  async takeOver(
    run: RunToTakeOver,
    from: TakeOver,
    signal: AbortSignal,
  ): Promise<AgentProcess | ExitInfo | null> {
    const engine = await this.#findEngineAtLast(signal);
    const { storageFolder } = this.#options;
    return takeOverContainer({ ...run, engine, storageFolder }, from, signal);
  }

  /**
   * Lets a live run that has a list of hosts reach other ones from now on.
   *
   * @param folder that of the run
   * @throws UserError when the engine does not answer; its own error when the run has no such list
   */
  async setHosts(runId: string, folder: string, hosts: readonly string[]): Promise<void> {
    const engine = await this.#findEngine();
    const { rootless } = await engine.facts();
    await setHosts(engine, runId, await containerUser(folder, rootless), hosts);
  }

  /** What these containers use, as far as it was measured yet; asking keeps measuring going for some seconds. */
  async usage(containerIds: readonly string[]): Promise<ReadonlyMap<string, ContainerUsage>> {
    return this.#usage.look(await this.#findEngine(), containerIds);
  }

  /**
   * Opens a terminal in the container of a live run.
   *
   * @throws UserError `no-run` when it does not run, and as openTerminal does
   */
  async openTerminal(runId: string, request: TerminalRequest): Promise<ContainerTerminal> {
    const engine = await this.#findEngine();
    const { id: containerId, workingDirectory } = await findRunContainer(engine, runId);
    return openTerminal({ engine, containerId, workingDirectory }, request);
  }

  /** Looks for the engine again, and asks whether it answers. Never rejects. */
  async checkEngine(): Promise<EngineStatus> {
    try {
      return await (await this.#findEngine()).status();
    } catch (error) {
      // Only what the user has set can be wrong with an engine that was not even looked for.
      const endpoint = this.#options.engineSetting() ?? this.#options.environment.DOCKER_HOST ?? '';
      return { endpoint, chosenBy: '', failure: failureOf(error), engine: null };
    }
  }

  /**
   * Removes this workspace's containers whose run is not kept, and returns their runs' ids.
   *
   * @throws UserError when the engine does not answer or is stuck
   */
  async removeLeftovers(keep: (runId: string) => boolean | Promise<boolean>): Promise<string[]> {
    const { owner, storageFolder } = this.#options;
    return removeLeftovers(await this.#findEngine(), owner, keep, storageFolder);
  }

  /** What this installation has left that belongs to nobody. @throws what Engine.call throws */
  async findOrphans(isKnown: Claims['isKnown']): Promise<Leftover[]> {
    return findOrphans(await this.#findEngine(), this.#claims(isKnown));
  }

  /** Removes some of it, by its runs; returns those of which nothing is left. @throws as removeLeftovers */
  async removeOrphans(isKnown: Claims['isKnown'], runIds: readonly string[]): Promise<string[]> {
    const { storageFolder } = this.#options;
    return removeOrphans(await this.#findEngine(), this.#claims(isKnown), runIds, storageFolder);
  }

  #claims(isKnown: Claims['isKnown']): Claims {
    const { owner, boards = () => Promise.resolve(null) } = this.#options;
    return { owner, isKnown, boards };
  }

  async #findEngineAtLast(signal: AbortSignal): Promise<Engine> {
    for (;;) {
      signal.throwIfAborted();
      try {
        return await this.#findEngine();
      } catch {
        await sleep(engineRetryMs, undefined, { signal });
      }
    }
  }

  /** The containers of this workspace that something is shared with, and what. @throws what Engine.call throws */
  async sharedBy(): Promise<ContainerSharing[]> {
    return containersSharing(await this.#findEngine(), this.#options.owner);
  }

  async #share(
    { folder, shared: ids = [] }: LaunchRequest,
    { root }: LaunchPlace,
    user: ContainerUser,
  ): Promise<SharedThings> {
    const { share } = this.#options;
    if (!share || ids.length === 0) return { mounts: [], environment: {} };
    return share({ ids, folder, target: await checkWorkspace(root), homeFolder, user });
  }

  async #findEngine(): Promise<Engine> {
    const { engineSetting, environment } = this.#options;
    const found = await resolveEndpoint(hostSources(engineSetting(), environment));
    if (
      this.#engine?.endpoint.endpoint !== found.endpoint ||
      this.#engine.endpoint.chosenBy !== found.chosenBy
    ) {
      this.#engine = new Engine(found);
    }
    return this.#engine;
  }
}

async function placeOf(request: LaunchRequest, signal: AbortSignal): Promise<LaunchPlace> {
  const { folder, isOwnFolder = false } = request;
  return (
    (await request.prepare?.(signal)) ?? {
      root: folder,
      workingFolder: folder,
      isOwn: isOwnFolder,
      setup: null,
      guards: [],
    }
  );
}
