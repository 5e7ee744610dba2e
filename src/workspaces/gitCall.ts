/**
 * Where a command works. Its configuration is that of `commonDir`, else of `gitDir`: never one that an agent can write,
 * but for `RepositoryRefs`, whose few commands start no programs.
 */
export interface GitSite {
  /** HEAD, the index and what else belongs to one working tree. */
  gitDir: string;
  /** Configuration, hooks, attributes and refs. */
  commonDir?: string;
  objects?: string;
  /** Objects of another store that are read, and not written again, by this call. */
  borrowed?: string;
  workTree?: string;
  index?: string;
}

export interface GitCall {
  /** For people, in a sentence that begins "Git failed while": "taking a checkpoint of /home/me/project". */
  doing: string;
  site: GitSite;
  input?: string | Uint8Array;
  /** Exit codes that are answers, besides 0. */
  answers?: readonly number[];
  /** How long it may take; git can be made to wait for ever, by a named pipe in the place of a file. */
  limitMs?: number;
  /** Added to the environment; `secrets` are kept out of every message. */
  environment?: Readonly<Record<string, string>>;
  secrets?: readonly string[];
  /** The ways to other repositories that are open: none, unless the call is about one. */
  protocols?: readonly string[];
  /** Lines of progress, as git writes them to stderr. */
  onProgress?: (line: string) => void;
  signal?: AbortSignal | undefined;
}

export interface GitAnswer {
  code: number;
  stdout: Buffer;
  stderr: string;
}
