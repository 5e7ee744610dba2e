import { listEngines, resolveEndpoint, type FoundEngine } from '../agents/endpoint.ts';
import { Engine } from '../agents/engine.ts';
import { onDevcontainer } from '../agents/devcontainerImage.ts';
import { hostSources } from '../agents/hostSources.ts';
import { remakeImage } from '../agents/images.ts';
import { agentImage, hasUpdate } from '../agents/imageUpdates.ts';
import type { AgentImage } from '../model/agentImage.ts';
import type { AgentType } from '../model/agentType.ts';
import type { Devcontainer } from '../model/devcontainer.ts';
import type { EngineChoice } from '../model/engine.ts';

export interface EngineToolsOptions {
  /** The setting `kandev.docker.host`; null when it is empty. */
  engineSetting: () => string | null;
  /** The extension's `dist`. */
  distFolder: string;
  /** What an agent's image is built on here, with the user's word; null: what its Dockerfile names. */
  devcontainer: (agentType: AgentType) => Promise<Devcontainer | null>;
}

/** Engines and images, for the commands of this window: what they do needs no board. */
export class EngineTools {
  readonly #options: EngineToolsOptions;

  constructor(options: EngineToolsOptions) {
    this.#options = options;
  }

  /** The engine that the setting names and all that can be found from here, each with whether it answers. */
  async engines(): Promise<EngineChoice[]> {
    const found = await listEngines(hostSources(null, process.env));
    const chosen = await this.#chosen();
    const isNew = chosen !== null && !found.some(({ setting }) => setting === chosen.setting);
    return Promise.all(
      [...(isNew ? [chosen] : []), ...found].map(async ({ setting, endpoint }) => ({
        setting,
        status: await new Engine(endpoint).status(),
      })),
    );
  }

  /** Null without a setting, and for one that makes no sense, which is told wherever an engine is needed. */
  async #chosen(): Promise<FoundEngine | null> {
    const setting = this.#options.engineSetting();
    if (setting === null) return null;
    try {
      return { setting, endpoint: await resolveEndpoint(hostSources(setting, process.env)) };
    } catch {
      return null;
    }
  }

  /** What there is of an agent's image. Throws as Engine.call. */
  async image(agentType: AgentType): Promise<AgentImage> {
    return agentImage(await this.#engine(), (await this.#here(agentType)).agentType);
  }

  /** Whether there is a newer image for an agent; throws and returns as `hasUpdate` of the agents. */
  async hasUpdate(agentType: AgentType, signal: AbortSignal): Promise<boolean | null> {
    const here = await this.#here(agentType);
    return hasUpdate(await this.#engine(), here.agentType, this.#options.distFolder, signal);
  }

  /**
   * Builds or pulls an agent's image anew. What runs goes on with the old one.
   *
   * @throws UserError; the signal's reason
   */
  async remake(
    agentType: AgentType,
    progress: { activity(text: string): void; log(line: string): void },
    signal: AbortSignal,
  ): Promise<void> {
    const { distFolder } = this.#options;
    const here = await this.#here(agentType);
    await remakeImage({ engine: await this.#engine(), ...here, distFolder, progress, signal });
  }

  /** The agent type with the image that its runs have in this workspace. */
  async #here(agentType: AgentType): Promise<{ agentType: AgentType; devcontainer: Devcontainer | null }> {
    const devcontainer = await this.#options.devcontainer(agentType);
    return { agentType: devcontainer ? onDevcontainer(agentType, devcontainer) : agentType, devcontainer };
  }

  async #engine(): Promise<Engine> {
    return new Engine(await resolveEndpoint(hostSources(this.#options.engineSetting(), process.env)));
  }
}
