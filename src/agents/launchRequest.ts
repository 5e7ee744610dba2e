import type { AgentType } from '../model/agentType.ts';
import type { Devcontainer } from '../model/devcontainer.ts';
import type { LaunchSetup } from './runSetup.ts';
import type { GuardedPath } from './workspace.ts';

export interface LaunchRequest {
  runId: string;
  taskId: string;
  agentType: AgentType;
  /** The absolute path of the folder that the agent works in, or that its workspace is made from. */
  folder: string;
  /**
   * Readies the agent's workspace, when its image is there: only what is done from then on is the agent's. Left out, it
   * works in the folder.
   */
  prepare?(signal: AbortSignal): Promise<LaunchPlace>;
  /** As `LaunchPlace.isOwn`, of the folder itself; no when left out. */
  isOwnFolder?: boolean;
  /** Values for the agent type's environment names, as far as the user has them. Never logged or stored. */
  environment: Readonly<Record<string, string>>;
  /** The agent shall outlive this process, where its image lets it. */
  outlives: boolean;
  /** Ids of what of the user's is shared with the container. Left out: nothing. */
  shared?: readonly string[];
  /** What its image is built on, with the user's word. Null or left out: what its Dockerfile names. */
  devcontainer?: Devcontainer | null;
}

/** Absolute paths on this machine. */
export interface LaunchPlace {
  /** Mounted at the same path in the container. */
  root: string;
  /** The root, or a folder below it, that the agent begins in. */
  workingFolder: string;
  /** It is Kandev's own, and nobody else works in it: an engine that does not see it is given a copy. */
  isOwn: boolean;
  /** Null when there is nothing to be run before the agent. */
  setup: LaunchSetup | null;
  /** Repositories in it besides its own `.git`, and what that leads to: what of them the agent may not change. */
  guards: readonly GuardedPath[];
}

export interface LaunchProgress {
  /** One line for the card: "Pulling image … 43 %". */
  activity(text: string): void;
  /** Lines of an image build and other things worth the log. */
  log(line: string): void;
  /** The image is there and the workspace is ready: the container comes next. */
  starting(): void;
  stderr(text: string): void;
  /** The agent wanted to reach a host that is not on its list: the entry that would let it. */
  blocked?(entry: string): void;
  /** Something that the user should read in the transcript: fewer processors than were asked for. */
  notice?(text: string): void;
}
