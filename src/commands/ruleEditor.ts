import { l10n, QuickPickItemKind, window, type QuickPickItem } from 'vscode';
import { ruleDecisions, ruleProblem, type RuleDraft } from '../model/permissionRule.ts';
import { kindText } from '../model/ruleText.ts';
import { plainLabel } from '../providers/agentText.ts';
import { agentName } from '../providers/cardText.ts';
import { ruleLabel, scopeLabel, translate } from '../providers/ruleWords.ts';
import type { CommandContext } from './commandContext.ts';
import { testRule } from './ruleTest.ts';

type Part =
  'save' | 'test' | 'decision' | 'toolKind' | 'path' | 'command' | 'title' | 'agentTypeId' | 'scope';

interface PartItem extends QuickPickItem {
  part?: Part;
}

/** A scope that a rule can have, by what it was opened on. */
export type ScopeChoice = Pick<RuleDraft, 'scope' | 'scopeId'> & { name: string | null };

const kinds = ['read', 'search', 'edit', 'delete', 'move', 'execute', 'fetch', 'switch_mode', 'other'];

/** All parts of a rule in one list, each of which is chosen or typed; undefined when its user changes their mind. */
export async function editRule(
  context: CommandContext,
  draft: RuleDraft,
  { ruleId, scopes }: { ruleId?: string; scopes: readonly ScopeChoice[] },
): Promise<RuleDraft | undefined> {
  let rule = draft;
  let active: Part = 'save';
  for (;;) {
    const part = await pickPart(context, rule, active);
    if (part === undefined) return undefined;
    active = part;
    if (part === 'save') {
      if (ruleProblem(rule) === null) return rule;
      // The services say it in words; nothing is lost by asking them.
      await context.failures.guard(() => context.kandev.query('rule.test', { rule, limit: 1 }));
    } else if (part === 'test') {
      await testRule(context, rule, ruleId);
    } else {
      rule = { ...rule, ...(await changedPart(context, rule, part, scopes)) };
    }
  }
}

async function pickPart(context: CommandContext, rule: RuleDraft, active: Part): Promise<Part | undefined> {
  const any = l10n.t('any');
  const agent = agentName(agentTypesOf(context), rule.agentTypeId) ?? any;
  const items: PartItem[] = [
    {
      part: 'save',
      label: l10n.t('$(check) Save Rule'),
      description: plainLabel(ruleLabel(context.state, rule)),
    },
    {
      part: 'test',
      label: l10n.t('$(beaker) Test Rule…'),
      description: l10n.t('on what agents have asked before'),
    },
    { label: l10n.t('Parts'), kind: QuickPickItemKind.Separator },
    { part: 'decision', label: l10n.t('Answer'), description: decisionLabel(rule.decision) },
    {
      part: 'toolKind',
      label: l10n.t('Kind of tool'),
      description: rule.toolKind === null ? any : kindText(rule.toolKind, translate),
    },
    { part: 'path', label: l10n.t('Files'), description: rule.path ?? any },
    { part: 'command', label: l10n.t('Command'), description: plainLabel(rule.command ?? any) },
    { part: 'title', label: l10n.t('What the agent calls it'), description: plainLabel(rule.title ?? any) },
    { part: 'agentTypeId', label: l10n.t('Agent'), description: agent },
    { part: 'scope', label: l10n.t('Counts for'), description: scopeLabel(rule.scope) },
  ];
  const picker = window.createQuickPick<PartItem>();
  picker.title = l10n.t('Permission Rule');
  picker.placeholder = plainLabel(ruleLabel(context.state, rule));
  picker.items = items;
  picker.activeItems = items.filter(({ part }) => part === active);
  picker.ignoreFocusOut = true;
  return new Promise((resolve) => {
    picker.onDidAccept(() => {
      resolve(picker.selectedItems[0]?.part);
      picker.dispose();
    });
    picker.onDidHide(() => {
      resolve(undefined);
      picker.dispose();
    });
    picker.show();
  });
}

async function changedPart(
  context: CommandContext,
  rule: RuleDraft,
  part: Exclude<Part, 'save' | 'test'>,
  scopes: readonly ScopeChoice[],
): Promise<Partial<RuleDraft>> {
  switch (part) {
    case 'decision':
      return askOne(
        l10n.t('What is to be answered?'),
        rule.decision,
        ruleDecisions,
        decisionLabel,
        (decision) => ({
          decision,
        }),
      );
    case 'toolKind': {
      const all = [null, ...new Set(rule.toolKind === null ? kinds : [...kinds, rule.toolKind])];
      return askOne(
        l10n.t('What kind of tool is it about?'),
        rule.toolKind,
        all,
        (kind) => kindText(kind, translate),
        (toolKind) => ({ toolKind }),
      );
    }
    case 'agentTypeId': {
      const all = [null, ...agentTypesOf(context).map(({ id }) => id)];
      const label = (id: string | null): string => agentName(agentTypesOf(context), id) ?? l10n.t('any');
      return askOne(l10n.t('Which agent is it about?'), rule.agentTypeId, all, label, (agentTypeId) => ({
        agentTypeId,
      }));
    }
    case 'scope':
      return (await pickScope(rule, scopes)) ?? {};
    case 'path':
      return askText(
        rule,
        'path',
        l10n.t('Files from the top of the workspace, such as src/** or **/*.md; empty: any'),
      );
    case 'command':
      return askText(
        rule,
        'command',
        l10n.t(
          'A command, such as npm test *; empty: any. One with * is for a single command: never for what stands behind && or ;',
        ),
      );
    case 'title':
      return askText(rule, 'title', l10n.t('What the agent calls it, with * for anything; empty: any'));
  }
}

/** Where a rule is to count; undefined when that is left as it is. */
export async function pickScope(
  rule: RuleDraft,
  scopes: readonly ScopeChoice[],
): Promise<Pick<RuleDraft, 'scope' | 'scopeId'> | undefined> {
  const items = scopes.map((choice) => ({
    label: scopeLabel(choice.scope),
    description: choice.name ?? '',
    choice,
  }));
  const current = items.find(({ choice }) => choice.scope === rule.scope);
  const sorted = current ? [current, ...items.filter((item) => item !== current)] : items;
  const picked = await window.showQuickPick(sorted, {
    title: l10n.t('Permission Rule'),
    placeHolder: l10n.t('What is the rule to count for?'),
    ignoreFocusOut: true,
  });
  return picked && { scope: picked.choice.scope, scopeId: picked.choice.scopeId };
}

async function askOne<T, P extends Partial<RuleDraft>>(
  placeHolder: string,
  current: T,
  values: readonly T[],
  label: (value: T) => string,
  patch: (value: T) => P,
): Promise<P | Record<string, never>> {
  const items = values.map((value) => ({
    label: label(value),
    description: value === current ? l10n.t('now') : '',
    value,
  }));
  const picked = await window.showQuickPick(items, {
    title: l10n.t('Permission Rule'),
    placeHolder,
    ignoreFocusOut: true,
  });
  return picked ? patch(picked.value) : {};
}

async function askText(
  rule: RuleDraft,
  part: 'path' | 'command' | 'title',
  prompt: string,
): Promise<Partial<RuleDraft>> {
  const typed = await window.showInputBox({
    title: l10n.t('Permission Rule'),
    prompt,
    value: rule[part] ?? '',
    ignoreFocusOut: true,
  });
  if (typed === undefined) return {};
  return { [part]: typed.trim() === '' ? null : typed.trim() };
}

function decisionLabel(decision: RuleDraft['decision']): string {
  if (decision === 'allow') return l10n.t('Allow');
  return decision === 'reject' ? l10n.t('Reject') : l10n.t('Ask me');
}

function agentTypesOf({ state }: CommandContext) {
  return state.current.status === 'ready' ? state.current.agentTypes : [];
}
