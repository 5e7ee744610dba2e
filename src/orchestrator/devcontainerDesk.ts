import { readDevcontainer } from '../agents/devcontainerFile.ts';
import type { DevcontainerAnswers } from '../credentials/devcontainerAnswers.ts';
import type { EventBus } from '../events/eventBus.ts';
import type { AgentType } from '../model/agentType.ts';
import type { Devcontainer, DevcontainerView } from '../model/devcontainer.ts';
import { UserError } from '../model/failure.ts';
import type { HostSettings } from '../model/settings.ts';
import type { Task } from '../model/task.ts';

export interface DevcontainerDeskDependencies {
  settings: Pick<HostSettings, 'folder'>;
  answers: DevcontainerAnswers;
  events: Pick<EventBus, 'publish'>;
}

/** What a run's image is built on. */
export interface DevcontainerGrant {
  /** Null: on what its Dockerfile names. */
  devcontainer: Devcontainer | null;
  /** What of the agent's wish for a devcontainer.json did not come true, for the transcript. */
  notices: readonly string[];
}

type Asker = Pick<AgentType, 'base'>;
type Place = Pick<Task, 'workspaceMode'>;

/**
 * Whether agents' images are built on the workspace's devcontainer.json. A workspace cannot choose what runs: the user
 * is asked once about each content, and again when it is another.
 */
export class DevcontainerDesk {
  readonly #deps: DevcontainerDeskDependencies;

  constructor(deps: DevcontainerDeskDependencies) {
    this.#deps = deps;
  }

  /** What there is, and the user's word about it; null where there is none. @throws UserError `refused` where it cannot be used */
  async view(): Promise<DevcontainerView | null> {
    const found = await this.#read();
    if (found === null) return null;
    if (typeof found === 'string') throw new UserError({ reason: 'refused', message: found });
    const { file, hash, base, leftOut } = found;
    return {
      ...{ file, hash, leftOut },
      image: base.kind === 'image' ? base.image : null,
      dockerfile: base.kind === 'build' ? base.dockerfile : null,
      isUsed: await this.#deps.answers.of(hash),
    };
  }

  /**
   * Takes the user's word about what they have seen.
   * @throws UserError `refused` where it is another now
   */
  async answer(hash: string, isUsed: boolean): Promise<void> {
    const { answers, events } = this.#deps;
    const found = await this.#read();
    if (found === null || typeof found === 'string' || found.hash !== hash) {
      throw new UserError({
        reason: 'refused',
        message: 'The devcontainer.json has changed in the meantime. Look at it again.',
        action: { kind: 'devcontainer' },
      });
    }
    await answers.keep(hash, isUsed);
    events.publish('devcontainer.changed', { isUsed });
  }

  /** Whether the user must be asked before this agent is started. */
  async mustAsk(agentType: Asker, task: Place): Promise<boolean> {
    if (!isWanted(agentType, task)) return false;
    const found = await this.#read();
    if (found === null || typeof found === 'string') return false;
    return (await this.#deps.answers.of(found.hash)) === null;
  }

  /** What an agent is given now. What the user was not asked about is not taken. */
  async grant(agentType: Asker, task: Place): Promise<DevcontainerGrant> {
    if (!isWanted(agentType, task)) return { devcontainer: null, notices: [] };
    const found = await this.#read();
    if (found === null) return { devcontainer: null, notices: [] };
    if (typeof found === 'string') {
      return { devcontainer: null, notices: [`${found} The agent is in its usual image.`] };
    }
    if ((await this.#deps.answers.of(found.hash)) !== true) {
      const text = `The agent is in its usual image, and not in one on ${found.file}: you have not agreed to that.`;
      return { devcontainer: null, notices: [text] };
    }
    return { devcontainer: found, notices: found.leftOut };
  }

  async #read(): Promise<Devcontainer | string | null> {
    const folder = this.#deps.settings.folder();
    return folder === null ? null : readDevcontainer(folder);
  }
}

/** What is in another repository is another matter than what is in the open folder. */
function isWanted({ base }: Asker, { workspaceMode }: Place): boolean {
  return base === 'devcontainer' && workspaceMode !== 'repository';
}
