/** `unknown` is a kind that ACP did not have when this was written: neither an approval nor a rejection. */
export type PermissionOptionKind =
  'allow_once' | 'allow_always' | 'reject_once' | 'reject_always' | 'unknown';

export interface PermissionOption {
  optionId: string;
  name: string;
  kind: PermissionOptionKind;
}

/** An agent's question whether it may do something. It blocks the agent's turn until it is answered or closed. */
export interface PermissionRequest {
  id: string;
  runId: string;
  taskId: string;
  toolCallId: string;
  /** What the agent wants to do, in its own words. */
  title: string;
  /** ACP's tool kind: read, edit, delete, execute, … */
  toolKind: string;
  /** The shell command it asks for, where it is one. */
  command: string | null;
  /** Paths as the agent named them. */
  paths: string[];
  /** The change it proposes, where it showed one. */
  diffs: ProposedDiff[];
  /** Where the paths that it names, and those of its changes, lie. */
  places: PlacedPath[];
  options: PermissionOption[];
  /** `closed`: the turn ended or the run was stopped before anyone answered. */
  state: 'open' | 'answered' | 'closed';
  answer: string | null;
  answeredBy: string | null;
  /** What the user's rules say about it; null before they were looked at. */
  ruling: Ruling | null;
  requestedAt: number;
  resolvedAt: number | null;
}

/** Where a path that an agent has named lies. */
export interface PlacedPath {
  /** From the top of the workspace, with slashes (`.` is the workspace itself); absolute where it lies outside. */
  path: string;
  /** The same without links; null where they lead out of the workspace, or cannot be followed from here. */
  real: string | null;
}

/** What the user's rules have said about a request, and which of them it was, as it was then. */
export interface Ruling {
  decision: 'allow' | 'reject' | 'ask';
  /** `preset`: no rule, but what is chosen for all other requests; `none`: nothing of both, so the user is asked. */
  by: 'rule' | 'preset' | 'none';
  /** Null where no rule has said it. */
  ruleId: string | null;
  /** The rule or the preset in words; empty where it was none. */
  text: string;
  /** A rule has decided, but the agent offers no answer that says that alone: so the user is asked. */
  isUnfit: boolean;
}

export interface ProposedDiff {
  path: string;
  /** Null for a new file. */
  oldText: string | null;
  newText: string;
}

export function isAllow(option: PermissionOption): boolean {
  return option.kind === 'allow_once' || option.kind === 'allow_always';
}
