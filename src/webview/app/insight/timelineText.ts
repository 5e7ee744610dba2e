import type { ResultChange } from '../../../model/events.ts';
import type { RunState } from '../../../model/run.ts';
import { stateNames } from '../../../model/taskState.ts';
import type { TaskState } from '../../../model/task.ts';
import type { RunSpell, TimelineEntry } from '../../../model/timeline.ts';
import { formatDuration } from '../format.ts';
import { t } from '../l10n.ts';

/** How an entry is told: in a line, and what there is to add. */
export interface ToldEntry {
  icon: string;
  /** `quiet`: what follows from something else that is told of. */
  tone: 'plain' | 'quiet' | 'good' | 'bad' | 'waits';
  text: string;
  more: string | null;
}

type Entry<K extends TimelineEntry['kind']> = Extract<TimelineEntry, { kind: K }>;

/** What Kandev does by itself has no person's name. */
const byItself: readonly string[] = ['kandev', 'agent'];

export function tell(entry: TimelineEntry, nameOf: (agentTypeId: string) => string): ToldEntry {
  switch (entry.kind) {
    case 'state':
      return tellState(entry);
    case 'edited':
      return {
        icon: 'edit',
        tone: 'plain',
        text: t('{0} changed {1}', entry.actor, listed(entry.fields.map(fieldName))),
        more: null,
      };
    case 'result':
      return { icon: resultIcons[entry.what], tone: 'plain', text: resultText(entry), more: null };
    case 'run':
      return tellRun(entry, nameOf(entry.agentTypeId));
    case 'asked':
      return tellAsked(entry);
    case 'message':
      return { icon: 'comment', tone: 'plain', text: t('A message to the agent'), more: entry.text };
  }
}

const stateIcons: Record<TaskState, string> = {
  BACKLOG: 'inbox',
  TODO: 'list-unordered',
  BLOCKED: 'circle-slash',
  IN_PROGRESS: 'play',
  REVIEW: 'eye',
  COMPLETED: 'pass',
  FAILED: 'error',
  CANCELLED: 'circle-slash',
};

function tellState({ actor, from, to, why }: Entry<'state'>): ToldEntry {
  const name = t(stateNames[to]);
  const who = byItself.includes(actor) ? null : actor;
  if (from === null) {
    const text =
      who === null ? t('The card was made in {0}', name) : t('{0} made the card in {1}', who, name);
    return { icon: 'add', tone: 'plain', text, more: why };
  }
  if (from === to) {
    const isDeleted = why === 'Deleted';
    return {
      icon: isDeleted ? 'trash' : 'discard',
      tone: 'plain',
      text: isDeleted ? t('{0} deleted the card', actor) : t('{0} brought the card back', actor),
      more: null,
    };
  }
  const tones: Partial<Record<TaskState, ToldEntry['tone']>> = { COMPLETED: 'good', FAILED: 'bad' };
  return {
    icon: stateIcons[to],
    tone: tones[to] ?? (who === null ? 'quiet' : 'plain'),
    text: who === null ? t('Moved to {0}', name) : t('{0} moved it to {1}', who, name),
    more: why,
  };
}

function tellRun({ state, failure, changes, turns }: Entry<'run'>, agent: string): ToldEntry {
  const files = changes && changes.files > 0 ? changesText(changes) : null;
  const messages = turns > 1 ? t('{0} messages', turns) : null;
  const more = [failure, files, messages].filter((each) => each !== null).join(' · ');
  return { ...runTold(state, agent), more: more === '' ? null : more };
}

function changesText({ files, added, removed }: NonNullable<Entry<'run'>['changes']>): string {
  const many = files === 1 ? t('1 file') : t('{0} files', files);
  return `${many} +${added} −${removed}`;
}

function runTold(state: RunState, agent: string): Pick<ToldEntry, 'icon' | 'tone' | 'text'> {
  switch (state) {
    case 'READY':
    case 'COMPLETED':
      return { icon: 'hubot', tone: 'good', text: t('{0} worked on it and finished', agent) };
    case 'FAILED':
      return { icon: 'hubot', tone: 'bad', text: t('{0} worked on it and failed', agent) };
    case 'STOPPED':
      return { icon: 'hubot', tone: 'plain', text: t('{0} worked on it and was stopped', agent) };
    case 'WAITING':
      return { icon: 'hubot', tone: 'waits', text: t('{0} waits for you', agent) };
    case 'RUNNING':
      return { icon: 'hubot', tone: 'plain', text: t('{0} works on it', agent) };
    default:
      return { icon: 'hubot', tone: 'plain', text: t('{0} is being started', agent) };
  }
}

function tellAsked(entry: Entry<'asked'>): ToldEntry {
  const { title, state, isAllowed } = entry;
  const text = t('Asked: {0}', title);
  if (state === 'open') return { icon: 'question', tone: 'waits', text, more: t('Waits for your answer') };
  if (state === 'closed') {
    return {
      icon: 'question',
      tone: 'plain',
      text,
      more: t('Nobody had answered when the agent stopped waiting'),
    };
  }
  return { icon: 'question', tone: isAllowed ? 'good' : 'bad', text, more: answerText(entry) };
}

function answerText({ answer, answeredBy, rule, at, resolvedAt }: Entry<'asked'>): string {
  const chosen = answer ?? '';
  if (rule !== null) return t('“{0}” by your rule: {1}', chosen, rule);
  const after = formatDuration((resolvedAt ?? at) - at);
  return t('{0} answered “{1}” after {2}', answeredBy ?? '', chosen, after);
}

const resultIcons: Record<ResultChange, string> = {
  rollBack: 'discard',
  discard: 'trash',
  undo: 'redo',
  apply: 'git-pull-request-go-to-changes',
  merge: 'git-merge',
  commit: 'git-commit',
  branch: 'git-branch',
  push: 'repo-push',
};

function resultText({ what, actor }: Entry<'result'>): string {
  switch (what) {
    case 'rollBack':
      return t('{0} rolled the changes back', actor);
    case 'discard':
      return t('{0} discarded the changes', actor);
    case 'undo':
      return t('{0} took the last step back', actor);
    case 'apply':
      return t('{0} applied the changes to the folder', actor);
    case 'merge':
      return t('{0} merged the branch', actor);
    case 'commit':
      return t('{0} committed the changes', actor);
    case 'branch':
      return t('{0} created a branch of the changes', actor);
    case 'push':
      return t('{0} pushed the branch', actor);
  }
}

function fieldName(field: string): string {
  switch (field) {
    case 'title':
      return t('the title');
    case 'description':
      return t('the description');
    case 'priority':
      return t('the priority');
    case 'agentTypeId':
      return t('the agent');
    case 'labels':
      return t('the labels');
    case 'resources':
      return t('the resources');
    default:
      return t('where it works');
  }
}

function listed(names: readonly string[]): string {
  return new Intl.ListFormat(undefined, { type: 'conjunction' }).format(new Set(names));
}

/** What of a run's time was spent how, in milliseconds. */
export interface RunParts {
  preparing: number;
  working: number;
  waiting: number;
}

/** `now` in milliseconds since the epoch; time after a turn, in which the agent is only kept, does not count. */
export function runParts(spells: readonly RunSpell[], now: number): RunParts {
  const parts: RunParts = { preparing: 0, working: 0, waiting: 0 };
  for (const { state, since, until } of spells) {
    const took = Math.max(0, (until ?? now) - since);
    if (state === 'RUNNING') parts.working += took;
    else if (state === 'WAITING') parts.waiting += took;
    else if (state !== 'READY') parts.preparing += took;
  }
  return parts;
}

/** The pieces of a run's bar in their order, those of the same kind that follow on each other as one. */
export function barPieces(
  spells: readonly RunSpell[],
  now: number,
): { kind: keyof RunParts; took: number }[] {
  const pieces: { kind: keyof RunParts; took: number }[] = [];
  for (const spell of spells) {
    if (spell.state === 'READY') continue;
    const parts = runParts([spell], now);
    const kind = spell.state === 'RUNNING' ? 'working' : spell.state === 'WAITING' ? 'waiting' : 'preparing';
    const last = pieces.at(-1);
    if (last?.kind === kind) last.took += parts[kind];
    else pieces.push({ kind, took: parts[kind] });
  }
  return pieces;
}

const steps: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 365 * 24 * 3600],
  ['month', 30 * 24 * 3600],
  ['day', 24 * 3600],
  ['hour', 3600],
  ['minute', 60],
];

/** "5 minutes ago", in the user's language; what is less than a minute ago is "just now". */
export function ago(at: number, now: number): string {
  const seconds = Math.max(0, (now - at) / 1000);
  const step = steps.find(([, length]) => seconds >= length);
  if (!step) return t('just now');
  const format = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
  return format.format(-Math.floor(seconds / step[1]), step[0]);
}
