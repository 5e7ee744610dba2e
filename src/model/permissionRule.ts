import picomatch from 'picomatch/posix.js';
import type { PermissionOption, PermissionRequest, PlacedPath } from './permission.ts';
import { commandsWithin, fitsText, fitsWords, onlyText, patternWords, plainWords } from './shellCommand.ts';

export const ruleDecisions = ['allow', 'reject', 'ask'] as const;
export type RuleDecision = (typeof ruleDecisions)[number];

/** Where a rule counts, the narrowest first. */
export const ruleScopes = ['run', 'card', 'board', 'workspace'] as const;
export type RuleScope = (typeof ruleScopes)[number];

/** What requests a rule is about; each that is null does not matter to it. */
export interface RuleFilter {
  scope: RuleScope;
  /** The run, the card or the board; null for the workspace. */
  scopeId: string | null;
  agentTypeId: string | null;
  /** As `kindOf` has it. */
  toolKind: string | null;
  /** A glob from the top of the workspace; one that begins with a slash is about what lies outside. */
  path: string | null;
  /** The words of a command, with `*`; see `fitsWords`. Without a `*` it is that very command; `[*]` is a star. */
  command: string | null;
  /** What the agent calls it, with `*`. */
  title: string | null;
}

/** What its user has said about requests like these, once for all. */
export interface RuleDraft extends RuleFilter {
  decision: RuleDecision;
  isEnabled: boolean;
}

export interface PermissionRule extends RuleDraft {
  id: string;
  /** Order among rules of the same scope: lower is first. */
  position: number;
  /** How many requests it has decided, or put before the user. */
  matches: number;
  lastMatchAt: number | null;
  createdBy: string;
  createdAt: number;
}

/** How long the parts of a rule may be, in characters. */
export const longest = { path: 1000, command: 10_000, title: 1000 } as const;

/** A request, as far as rules look at it. */
export interface RuleSubject extends Pick<
  PermissionRequest,
  'runId' | 'taskId' | 'toolKind' | 'title' | 'command'
> {
  boardId: string;
  agentTypeId: string;
  /** It showed changes of files. */
  hasDiffs: boolean;
  /** All that it names, also those of its changes. */
  places: readonly PlacedPath[];
}

/** A request that was made some time, with what became of it. */
export interface PastRequest
  extends
    RuleSubject,
    Pick<PermissionRequest, 'id' | 'options' | 'state' | 'answer' | 'answeredBy' | 'requestedAt'> {
  taskTitle: string;
}

/** What becomes of requests that no rule decides. */
export const approvalPresets = ['ask', 'read', 'edit', 'all'] as const;
export type ApprovalPreset = (typeof approvalPresets)[number];

/** What a user has chosen for a board, or (`agentTypeId`) for one of its agents. */
export interface PresetChoice {
  boardId: string;
  agentTypeId: string | null;
  preset: ApprovalPreset;
}

const readKinds = new Set(['read', 'search']);
const unspoken = new Set(['read', 'search', 'think', 'fetch', 'other']);
/** Folders whose files other programs act upon: no preset allows to change them. */
const acting = new Set(['.git', '.vscode', '.devcontainer', '.kandev', '.github', '.husky', '.idea']);

/** Its kind of tool; what shows a command or a change is that, whatever it calls itself. */
export function kindOf({
  toolKind,
  command,
  hasDiffs,
}: Pick<RuleSubject, 'toolKind' | 'command' | 'hasDiffs'>): string {
  if (command !== null) return 'execute';
  return hasDiffs && unspoken.has(toolKind) ? 'edit' : toolKind;
}

/**
 * Whether a rule is about a request. One that allows must fit all of it, and only what is known for sure; for one that
 * rejects or asks it is enough that a part of it may be meant.
 */
export function matches(rule: RuleDraft, subject: RuleSubject): boolean {
  if (!rule.isEnabled || !isInScope(rule, subject)) return false;
  if (rule.agentTypeId !== null && rule.agentTypeId !== subject.agentTypeId) return false;
  const isSure = rule.decision === 'allow';
  return (
    fitsKind(rule, subject, isSure) &&
    fitsTitle(rule, subject, isSure) &&
    (rule.path === null || fitsPaths(rule.path, subject.places, isSure)) &&
    (rule.command === null || fitsCommand(rule.command, subject.command, isSure))
  );
}

/** By the choice for its agent, else by that of its board. */
export function presetFor(
  choices: readonly PresetChoice[],
  { boardId, agentTypeId }: { boardId: string; agentTypeId: string | null },
): ApprovalPreset {
  const ofBoard = choices.filter((choice) => choice.boardId === boardId);
  const ofAgent = ofBoard.find((choice) => choice.agentTypeId !== null && choice.agentTypeId === agentTypeId);
  const found = ofAgent ?? ofBoard.find((choice) => choice.agentTypeId === null);
  return found ? found.preset : 'ask';
}

/**
 * What is to be done about a request: a rule that rejects wins; of the others the one of the narrowest scope, and of
 * these the first; then what was chosen for all that no rule decides; else the user is asked.
 */
export function decide<R extends PermissionRule>(
  subject: RuleSubject,
  rules: readonly R[],
  choices: readonly PresetChoice[],
): { decision: RuleDecision; rule: R | null; preset: ApprovalPreset | null } {
  const fitting = inOrder(rules.filter((rule) => matches(rule, subject)));
  const rule = fitting.find(({ decision }) => decision === 'reject') ?? fitting[0];
  if (rule) return { decision: rule.decision, rule, preset: null };
  const preset = presetFor(choices, subject);
  return allowsByPreset(preset, subject)
    ? { decision: 'allow', rule: null, preset }
    : { decision: 'ask', rule: null, preset: null };
}

/** As they are looked at. */
export function inOrder<R extends PermissionRule>(rules: readonly R[]): R[] {
  const rank = ({ scope }: R): number => ruleScopes.indexOf(scope);
  return [...rules].sort((a, b) => rank(a) - rank(b) || a.position - b.position);
}

/**
 * The agent's own answer that says this. The one for this time alone: an agent that remembers would not ask again when
 * the rule has changed. Null where there is no such answer, or several that mean different things.
 */
export function optionFor(
  decision: RuleDecision,
  options: readonly PermissionOption[],
): PermissionOption | null {
  if (decision === 'ask') return null;
  const once = options.filter(({ kind }) => kind === `${decision}_once`);
  if (once.length > 0) return once.length === 1 ? (once[0] ?? null) : null;
  // An agent that remembers a no can be told otherwise; one that remembers a yes cannot be asked.
  const always = options.filter(({ kind }) => kind === 'reject_always');
  return decision === 'reject' && always.length === 1 ? (always[0] ?? null) : null;
}

/** What an answer stands for where it is for good; null for one that is for this time alone. */
export function alwaysDecision(
  { toolKind }: Pick<PermissionRequest, 'toolKind'>,
  { kind }: PermissionOption,
): 'allow' | 'reject' | null {
  // There the answers are modes to go on in, and no more than that.
  if (toolKind === 'switch_mode') return null;
  if (kind === 'allow_always') return 'allow';
  return kind === 'reject_always' ? 'reject' : null;
}

/** What is wrong with a rule, for its user; null when it can be kept. */
export function ruleProblem({ decision, path, command, scope, scopeId }: RuleDraft): RuleProblem | null {
  if ((scope === 'workspace') !== (scopeId === null)) return 'scope';
  if (path !== null && /(^|\/)\.\.(\/|$)/.test(path)) return 'path-up';
  if (decision !== 'allow') return null;
  if (path?.startsWith('/')) return 'path-outside';
  if (command === null || onlyText(command) !== null) return null;
  return patternWords(command) === null ? 'command-chained' : null;
}

export type RuleProblem = 'scope' | 'path-up' | 'path-outside' | 'command-chained';

function isInScope({ scope, scopeId }: RuleFilter, { runId, taskId, boardId }: RuleSubject): boolean {
  switch (scope) {
    case 'run':
      return scopeId === runId;
    case 'card':
      return scopeId === taskId;
    case 'board':
      return scopeId === boardId;
    case 'workspace':
      return true;
  }
}

function fitsKind({ toolKind }: RuleFilter, subject: RuleSubject, isSure: boolean): boolean {
  if (toolKind === null || toolKind === kindOf(subject)) return true;
  return !isSure && toolKind === subject.toolKind;
}

function fitsTitle({ title }: RuleFilter, subject: RuleSubject, isSure: boolean): boolean {
  if (title === null || onlyText(title) === subject.title) return true;
  if (!isSure) return fitsText(subject.title.toLowerCase(), title.toLowerCase());
  // The titles of some agents are their commands: the beginning of one says nothing of what comes after `&&`.
  const isCommand = kindOf(subject) === 'execute' && plainWords(subject.title) === null;
  return !isCommand && fitsText(subject.title, title);
}

function fitsCommand(pattern: string, command: string | null, isSure: boolean): boolean {
  if (command === null) return false;
  const only = onlyText(pattern);
  if (only !== null && only.trim() === command.trim()) return true;
  const wanted = patternWords(pattern);
  if (wanted === null) return false;
  if (!isSure) return commandsWithin(command).some((words) => fitsWords(words, wanted));
  const words = only === null ? plainWords(command) : null;
  return words !== null && fitsWords(words, wanted);
}

function fitsPaths(glob: string, places: readonly PlacedPath[], isSure: boolean): boolean {
  if (!isSure) {
    const fits = pathMatcher(glob, true);
    return places.some(({ path, real }) => fits(path) || (real !== null && fits(real)));
  }
  const fits = pathMatcher(glob, false);
  return places.length > 0 && places.every(({ path, real }) => real !== null && fits(path) && fits(real));
}

const matchers = new Map<string, (path: string) => boolean>();
const mostMatchers = 500;

/** Cases do not matter where a file of another case may be the same one, and that is to be noticed. */
function pathMatcher(glob: string, nocase: boolean): (path: string) => boolean {
  const key = `${nocase ? 'i' : 's'} ${glob}`;
  const known = matchers.get(key);
  if (known) return known;
  if (matchers.size >= mostMatchers) matchers.clear();
  const made = makeMatcher(glob, nocase);
  matchers.set(key, made);
  return made;
}

function makeMatcher(glob: string, nocase: boolean): (path: string) => boolean {
  const pattern = (glob.endsWith('/') ? `${glob}**` : glob).replace(/^\.\//, '').normalize('NFC');
  if (pattern === '**') return (path) => !path.startsWith('/');
  const fits = picomatch(pattern, { dot: true, nonegate: true, noextglob: true, nocase });
  return (path) => fits(path.normalize('NFC'));
}

function allowsByPreset(preset: ApprovalPreset, subject: RuleSubject): boolean {
  const { places } = subject;
  const kind = kindOf(subject);
  if (preset === 'ask') return false;
  if (preset === 'all') return kind !== 'switch_mode';
  const isInside = places.every(({ path, real }) => !path.startsWith('/') && real !== null);
  if (!isInside) return false;
  // A search that names no place is one of the workspace.
  if (readKinds.has(kind)) return places.length > 0 || kind === 'search';
  return preset === 'edit' && kind === 'edit' && places.length > 0 && places.every(isPassive);
}

function isPassive({ path, real }: PlacedPath): boolean {
  return [path, real ?? ''].every((each) => !each.split('/').some((part) => acting.has(part.toLowerCase())));
}
