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
  options: PermissionOption[];
  /** `closed`: the turn ended or the run was stopped before anyone answered. */
  state: 'open' | 'answered' | 'closed';
  answer: string | null;
  answeredBy: string | null;
  requestedAt: number;
  resolvedAt: number | null;
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
