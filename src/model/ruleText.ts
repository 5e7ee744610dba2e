import type { Ruling } from './permission.ts';
import { onlyText } from './shellCommand.ts';
import type { ApprovalPreset, RuleDecision, RuleFilter } from './permissionRule.ts';

/** Puts values into a text; VS Code's `l10n.t`, where there is one, and `plain` elsewhere. */
export type Translate = (text: string, ...values: string[]) => string;

const plain: Translate = (text, ...values) =>
  text.replaceAll(/\{(\d)\}/g, (_, index: string) => values[Number(index)] ?? '');

/** What the ids of a rule are called. */
export interface RuleNames {
  agent: string | null;
  /** The title of its card, or the name of its board. */
  scope: string | null;
}

/** A rule in plain words, such as “Allow reads in this workspace”. */
export function ruleText(
  rule: RuleFilter & { decision: RuleDecision },
  names: RuleNames,
  t: Translate = plain,
): string {
  const what = rule.agentTypeId === null ? subjectText(rule, t) : byAgent(rule, names, t);
  const sentence = decisionText(rule.decision, what, t);
  const scope = names.scope ?? '';
  switch (rule.scope) {
    case 'workspace':
      return sentence;
    case 'board':
      return t('{0}, on board “{1}”', sentence, scope);
    case 'card':
      return t('{0}, on card “{1}”', sentence, scope);
    case 'run':
      return t('{0}, in this run of “{1}”', sentence, scope);
  }
}

function byAgent(rule: RuleFilter, { agent }: RuleNames, t: Translate): string {
  return t('{0} by {1}', subjectText(rule, t), agent ?? rule.agentTypeId ?? '');
}

function decisionText(decision: RuleDecision, what: string, t: Translate): string {
  if (decision === 'allow') return t('Allow {0}', what);
  return decision === 'reject' ? t('Reject {0}', what) : t('Ask about {0}', what);
}

/** What a rule is about. */
function subjectText({ toolKind, path, command, title }: RuleFilter, t: Translate = plain): string {
  const kind = kindText(toolKind, t);
  const named = title === null ? kind : t('“{0}”', onlyText(title) ?? title);
  if (command !== null) {
    const only = onlyText(command);
    const text = only === null ? t('commands like “{0}”', command) : t('the command “{0}”', only);
    return path === null ? text : t('{0} on {1}', text, path);
  }
  if (path === null) return named;
  return path === '**'
    ? t('{0} in this workspace', named)
    : t('{0} of {1}', named, path.replaceAll(/\\(.)/g, '$1'));
}

/** A kind of tool as its user knows it; null: any. */
export function kindText(toolKind: string | null, t: Translate = plain): string {
  switch (toolKind) {
    case null:
      return t('everything');
    case 'read':
      return t('reads');
    case 'search':
      return t('searches');
    case 'edit':
      return t('edits');
    case 'delete':
      return t('deletions');
    case 'move':
      return t('moves');
    case 'execute':
      return t('commands');
    case 'fetch':
      return t('fetches from the network');
    case 'switch_mode':
      return t('changes of mode');
    case 'think':
      return t('thinking');
    case 'other':
      return t('other tools');
    default:
      return t('tools of the kind “{0}”', toolKind);
  }
}

export function presetText(preset: ApprovalPreset, t: Translate = plain): string {
  switch (preset) {
    case 'ask':
      return t('Ask always');
    case 'read':
      return t('Allow reads');
    case 'edit':
      return t('Allow edits in the workspace');
    case 'all':
      return t('Allow all in the container');
  }
}

/** Why a request is asked, or by what it was answered, in a sentence. */
export function rulingText({ by, text, decision, isUnfit }: Ruling, t: Translate = plain): string {
  if (isUnfit) return t('“{0}” decides this, but the agent has no answer for this time alone.', text);
  if (by === 'none') return t('No rule matches.');
  if (decision === 'ask') return t('Asked because of the rule “{0}”.', text);
  return by === 'preset' ? t('Answered by the choice “{0}”.', text) : t('Answered by the rule “{0}”.', text);
}
