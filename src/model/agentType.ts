import type { Resources } from './resources.ts';

/** A kind of agent: which image to run and how to talk to it. What is peculiar to one is data here, and code nowhere. */
export interface AgentType {
  id: string;
  name: string;
  image: string;
  /** Folder of a Dockerfile, absolute or relative to the extension's `dist`; null when the image is only pulled. */
  buildContext: string | null;
  /** What the Dockerfile is built on: the workspace's devcontainer.json, where it has one and the user has agreed. Left out: what stands in it. */
  base?: 'devcontainer';
  /** When the image is pulled, or built: where it is not there (when left out), before each run, or never. */
  pull?: PullPolicy;
  /** The command and its arguments, as the container gets them. */
  command: readonly string[];
  /** Names of environment variables passed through from the host; never values. */
  environment: readonly string[];
  /** False: it is given nothing of the user's but what was entered for it. Left out: what the user has agreed to. */
  credentials?: boolean;
  /** False: it is not given the tools of its card, to create cards and ask its user. Left out: it is. */
  cardTools?: boolean;
  /** Environment variables that are the same for everybody, and no secrets. */
  variables?: Readonly<Record<string, string>>;
  resources: Resources;
  /** How many of them may be at work at the same time; left out: as many as may be altogether. */
  maxConcurrentRuns?: number;
  /** What of the client's side it is told of; left out: nothing. */
  offers?: AgentOffers;
  /** Where it keeps its sign-in and settings, relative to its home: a volume that all its runs share. Left out: nowhere. */
  stateFolder?: string;
  /** `legacy` agents take `content` instead of `prompt` in `session/prompt`. */
  dialect: 'acp' | 'legacy';
  /** The session mode to choose before the first prompt, where the agent has it. */
  firstMode: string | null;
  signIn?: AgentSignIn;
  quirks?: AgentQuirks;
}

export type PullPolicy = 'missing' | 'always' | 'never';

export interface AgentOffers {
  /** Files are read and written by the editor, so that unsaved text counts. */
  fs: boolean;
  /** Commands are run by Kandev, in the container, where they can be watched. */
  terminal: boolean;
}

/** How a user signs in to an agent, as far as the agent does not say it itself. */
export interface AgentSignIn {
  /** One sentence for the user. */
  hint?: string;
  /**
   * What signs in, in a terminal in the container; exit code 0 means that it has worked. It goes before a command that
   * the agent names itself, which may count on a browser on the same machine.
   */
  command?: readonly string[];
  /** `authenticate` with the method whose variable is set; the first one counts. The agent does not look at it by itself. */
  automatic?: readonly { variable: string; method: string }[];
  /** `prompt`: an agent that is not signed in opens a session all the same, and only its prompt fails. */
  missingUntil?: 'prompt';
}

/** What an agent does otherwise than the protocol or all others; each where it is true. */
export interface AgentQuirks {
  /** Reads the file that it is about to create, and gives up on an error: a missing file is answered as an empty one. */
  missingFileIsEmpty?: boolean;
  /** Says the command that it wants to run by the title of the call alone, which is nothing else then. */
  commandIsTitle?: boolean;
  /** `session/load` fails in the minute of the clock in which the session was made. */
  noLoadInSameMinute?: boolean;
  /**
   * Ends its turn as if all were well where an error has ended it, and says the error in its last message: a regular
   * expression, in JavaScript's words, for such a message.
   */
  errorMessage?: string;
  /** Tells of a change of its mode by a message that begins so; the mode's id follows. */
  modeMessagePrefix?: string;
}
