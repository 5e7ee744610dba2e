import {
  kindOf,
  longest,
  type RuleDraft,
  type RuleFilter,
  type RuleScope,
  type RuleSubject,
} from './permissionRule.ts';
import { exactPattern, plainWords } from './shellCommand.ts';

/** Programs that do what their arguments say: their name alone tells nothing of what a command does. */
const open = new Set(
  `sh bash zsh dash ash ksh fish env sudo doas time nohup nice exec command eval xargs find awk sed perl python python3
   ruby node deno bun php docker podman kubectl ssh curl wget npx bunx uvx pnpx make`.split(/\s+/),
);

export interface RuleProposals {
  /** The narrowest first; never empty. */
  drafts: RuleDraft[];
  /** Which of them to take when nobody chooses; null where none is about this request and not about anything else. */
  usual: RuleDraft | null;
}

/**
 * The rules that could be made of an answer to a request. The usual one is about what the user has seen, on that card:
 * the same command, or changes in the workspace; reads of the workspace, which change nothing, everywhere in it.
 */
export function ruleProposals(subject: RuleSubject, decision: RuleDraft['decision']): RuleProposals {
  const kind = kindOf(subject);
  const usualScope: RuleScope = kind === 'read' || kind === 'search' ? 'workspace' : 'card';
  const base: RuleDraft = {
    ...inScope(usualScope, subject),
    agentTypeId: null,
    toolKind: kind,
    path: null,
    command: null,
    title: null,
    decision,
    isEnabled: true,
  };
  const drafts = narrowings(subject, kind, decision)
    .filter(isShort)
    .map((part) => ({ ...base, ...part }));
  const narrow = kind === 'search' ? drafts : drafts.filter((draft) => !isWide(draft));
  const inWorkspace = subject.command === null ? narrow.findLast(({ path }) => path === '**') : undefined;
  return { drafts, usual: inWorkspace ?? narrow[0] ?? null };
}

/** A scope around a request. */
export function inScope(
  scope: RuleScope,
  { runId, taskId, boardId }: Pick<RuleSubject, 'runId' | 'taskId' | 'boardId'>,
): Pick<RuleFilter, 'scope' | 'scopeId'> {
  const ids: Record<RuleScope, string | null> = { run: runId, card: taskId, board: boardId, workspace: null };
  return { scope, scopeId: ids[scope] };
}

type Part = Partial<Pick<RuleFilter, 'toolKind' | 'path' | 'command' | 'title'>>;

function narrowings(subject: RuleSubject, kind: string, decision: RuleDraft['decision']): Part[] {
  const { command, places, title } = subject;
  if (command !== null) return [...commandParts(command), {}];
  const paths = places.map(({ path }) => path);
  const isInside = paths.length > 0 && !paths.some((path) => path.startsWith('/'));
  // A yes to what lies outside cannot be told by its path, see `ruleProblem`.
  const inside = isInside
    ? insideParts(paths)
    : decision === 'allow'
      ? []
      : paths.slice(0, 1).map((path) => ({ path: escaped(path) }));
  if (inside.length > 0) return [...inside, {}];
  return kind === 'search' ? [{}] : [{ title: exactPattern(title) }, {}];
}

function isShort({ path = null, command = null, title = null }: Part): boolean {
  const parts = { path, command, title };
  return (['path', 'command', 'title'] as const).every((name) => (parts[name]?.length ?? 0) <= longest[name]);
}

function isWide({ path, command, title }: RuleFilter): boolean {
  return path === null && command === null && title === null;
}

function commandParts(command: string): Part[] {
  const words = plainWords(command);
  const exact: Part = { command: exactPattern(command.trim()) };
  const [program, second] = words ?? [];
  // With a `*` or quotes of its own a command says something else as a pattern.
  const isPattern = words?.every((word) => /^[\w@%+=:,./-]+$/.test(word)) ?? false;
  const isOpen = program !== undefined && open.has(program.slice(program.lastIndexOf('/') + 1));
  if (program === undefined || !isPattern || isOpen || !isShort(exact)) return [exact];
  const begins: Part[] =
    second !== undefined && /^\w[\w:-]*$/.test(second) ? [{ command: `${program} ${second} *` }] : [];
  return [exact, ...begins, { command: `${program} *` }];
}

function insideParts(paths: readonly string[]): Part[] {
  const [first = ''] = paths;
  const folders = first.split('/').slice(0, -1);
  const folder = folders.join('/');
  const isCommon = folder !== '' && paths.every((path) => path.startsWith(`${folder}/`));
  const exact: Part[] = new Set(paths).size === 1 && first !== '.' ? [{ path: escaped(first) }] : [];
  return [...exact, ...(isCommon ? [{ path: `${escaped(folder)}/**` }] : []), { path: '**' }];
}

/** As a glob that is this path and no other. */
function escaped(path: string): string {
  return path.replaceAll(/[\\*?[\]{}()!+@]/g, String.raw`\$&`);
}
