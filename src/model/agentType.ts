/** A kind of agent: which image to run and how to talk to it. */
export interface AgentType {
  id: string;
  name: string;
  image: string;
  /** Folder of a Dockerfile that the extension ships, relative to its `dist`; null when the image is only pulled. */
  buildContext: string | null;
  /** The command and its arguments, as the container gets them. */
  command: readonly string[];
  /** Names of environment variables passed through from the host; never values. */
  environment: readonly string[];
  resources: { cpus: number; memoryMb: number };
  /** `legacy` agents take `content` instead of `prompt` in `session/prompt`. */
  dialect: 'acp' | 'legacy';
  /** The session mode to choose before the first prompt, where the agent has it. */
  firstMode: string | null;
}
