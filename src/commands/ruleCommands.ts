import { commands, l10n, QuickPickItemKind, window, type QuickPickItem } from 'vscode';
import type { CommandResults, QueryResults } from '../api/contract.ts';
import { UserError } from '../model/failure.ts';
import type { PermissionRequest } from '../model/permission.ts';
import { inOrder, ruleScopes, type RuleDraft, type RuleSubject } from '../model/permissionRule.ts';
import { inScope, ruleProposals } from '../model/ruleProposals.ts';
import { oneLine, plainLabel, plainMessage } from '../providers/agentText.ts';
import { boardsOf, findCard, shownBoard, type BoardState } from '../providers/boardState.ts';
import { openRequests } from '../providers/permissionPrompts.ts';
import { answeredText } from '../providers/ruleMessages.ts';
import { ruleLabel } from '../providers/ruleWords.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';
import { editRule, pickScope, type ScopeChoice } from './ruleEditor.ts';
import { testRule } from './ruleTest.ts';

type Rule = QueryResults['rules']['rules'][number];

/** The rules by which requests of agents are answered without asking. */
export const ruleCommands: CommandTable = {
  'kandev.showRules': () => Promise.resolve(commands.executeCommand('kandev.permissionRules.focus')),

  'kandev.newRule': async (context) => {
    const scopes = scopesOf(context);
    const draft: RuleDraft = {
      ...{ scope: 'workspace', scopeId: null, agentTypeId: null, toolKind: 'read', path: '**' },
      ...{ command: null, title: null, decision: 'allow', isEnabled: true },
    };
    const rule = await editRule(context, draft, { scopes });
    if (rule) tellSaved(await context.kandev.execute('rule.create', rule));
  },

  'kandev.editRule': async (context, argument) => {
    const rule = await pickRule(context, argument, l10n.t('Which rule do you want to change?'));
    if (!rule) return;
    const scopes = scopesOf(context, rule);
    const edited = await editRule(context, draftOf(rule), { ruleId: rule.id, scopes });
    if (edited) tellSaved(await context.kandev.execute('rule.update', { ruleId: rule.id, ...edited }));
  },

  'kandev.testRule': async (context, argument) => {
    const rule = await pickRule(context, argument, l10n.t('Which rule do you want to test?'));
    if (rule) await testRule(context, draftOf(rule), rule.id);
  },

  'kandev.deleteRule': async (context, argument) => {
    const rule = await pickRule(context, argument, l10n.t('Which rule do you want to delete?'));
    if (rule) await deleteRule(context, rule);
  },

  'kandev.toggleRule': async (context, argument) => {
    const rule = await pickRule(context, argument, l10n.t('Which rule do you want to switch on or off?'));
    if (!rule) return;
    await context.kandev.execute('rule.update', { ruleId: rule.id, isEnabled: !rule.isEnabled });
  },

  'kandev.moveRuleUp': (context, argument) => moveRule(context, argument, -1),
  'kandev.moveRuleDown': (context, argument) => moveRule(context, argument, 1),

  'kandev.makeRule': async (context, argument) => {
    const request = await pickRequest(context, argument);
    if (request) await ruleFromRequest(context, request);
  },
};

/** The rule a command is for: that of the tree, or one that is picked. Undefined when its user changes their mind. */
async function pickRule(
  context: CommandContext,
  argument: unknown,
  placeHolder: string,
): Promise<Rule | undefined> {
  const { rules } = await context.kandev.query('rules', {});
  const ruleId = ruleIdOf(argument) ?? (isByKey(argument) ? context.rules.selected : null);
  if (ruleId !== null) {
    const found = rules.find(({ id }) => id === ruleId);
    if (found) return found;
    throw new UserError({ reason: 'not-found', message: l10n.t('This rule no longer exists.') });
  }
  if (isByKey(argument)) return undefined;
  if (rules.length === 0) {
    void window.showInformationMessage(l10n.t('There are no permission rules yet.'));
    return undefined;
  }
  const items = inOrder(rules).map((rule) => ({
    label: plainLabel(ruleLabel(context.state, rule, rule.scopeName)),
    description: rule.isEnabled ? '' : l10n.t('off'),
    rule,
  }));
  return (await window.showQuickPick(items, { placeHolder }))?.rule;
}

async function deleteRule(context: CommandContext, rule: Rule): Promise<void> {
  const { kandev, history, failures } = context;
  await kandev.execute('rule.delete', { ruleId: rule.id });
  const label = ruleLabel(context.state, rule, rule.scopeName);
  const undo = l10n.t('Undo');
  const step = {
    text: l10n.t('The rule “{0}” was deleted.', label),
    isOffered: true,
    undo: async () => {
      await kandev.execute('rule.restore', { ruleId: rule.id });
    },
  };
  history.add(step);
  void window.showInformationMessage(plainMessage(step.text), undo).then(async (chosen) => {
    if (chosen === undo) await failures.guard(() => history.undo(step));
  });
}

/** Within the rules of the same scope: those of another one are looked at before or after, wherever they stand. */
async function moveRule(context: CommandContext, argument: unknown, by: -1 | 1): Promise<void> {
  const rule = await pickRule(context, argument, l10n.t('Which rule do you want to move?'));
  if (!rule) return;
  const { rules } = await context.kandev.query('rules', {});
  const others = inOrder(rules.filter(({ scope }) => scope === rule.scope));
  const index = others.findIndex(({ id }) => id === rule.id);
  const before = by < 0 ? others[index - 1] : others[index + 2];
  if (by < 0 ? index <= 0 : index === others.length - 1) return;
  await context.kandev.execute('rule.place', { ruleId: rule.id, beforeRuleId: before?.id ?? null });
}

async function pickRequest(
  context: CommandContext,
  argument: unknown,
): Promise<PermissionRequest | undefined> {
  const open = openRequests(context.state);
  const found =
    typeof argument === 'object' && argument !== null
      ? open.find(
          ({ id, taskId }) =>
            ('requestId' in argument && argument.requestId === id) ||
            (!('requestId' in argument) && 'taskId' in argument && argument.taskId === taskId),
        )
      : undefined;
  if (found) return found;
  if (open.length === 0) {
    void window.showInformationMessage(l10n.t('No agent is waiting for an answer.'));
    return undefined;
  }
  const items = open.map((request) => ({
    label: plainLabel(request.title),
    description: findCard(context.state, request.taskId)?.task.title ?? '',
    request,
  }));
  const placeHolder = l10n.t('Which request is to become a rule?');
  return (await window.showQuickPick(items, { placeHolder }))?.request;
}

interface DraftItem extends QuickPickItem {
  draft?: RuleDraft;
  isEdited?: boolean;
}

/** Makes a rule of what an agent asks, which then is answered by it. */
async function ruleFromRequest(context: CommandContext, request: PermissionRequest): Promise<void> {
  const subject = subjectOf(context.state, request);
  if (!subject) return;
  const { drafts, usual } = ruleProposals(subject, 'allow');
  const first = usual ?? drafts[0];
  const picked = await window.showQuickPick<DraftItem>(
    [
      ...(first ? [draftItem(context, first)] : []),
      ...drafts.filter((draft) => draft !== first).map((draft) => draftItem(context, draft)),
      { label: l10n.t('Reject'), kind: QuickPickItemKind.Separator },
      ...ruleProposals(subject, 'reject').drafts.map((draft) => draftItem(context, draft)),
      { label: l10n.t('Other'), kind: QuickPickItemKind.Separator },
      { label: l10n.t('$(edit) Another Rule…'), isEdited: true, ...(first ? { draft: first } : {}) },
    ],
    {
      title: l10n.t('Always: {0}', oneLine(request.title)),
      placeHolder: l10n.t('What is to be answered from now on without asking you?'),
      ignoreFocusOut: true,
    },
  );
  if (!picked?.draft) return;
  const scopes = scopesOf(context, null, subject);
  const draft = picked.isEdited
    ? await editRule(context, picked.draft, { scopes })
    : await scoped(picked.draft, scopes);
  if (draft) tellSaved(await context.kandev.execute('rule.create', draft));
}

async function scoped(draft: RuleDraft, scopes: readonly ScopeChoice[]): Promise<RuleDraft | undefined> {
  const scope = await pickScope(draft, scopes);
  return scope && { ...draft, ...scope };
}

function draftItem({ state }: CommandContext, draft: RuleDraft): DraftItem {
  const icon = draft.decision === 'allow' ? 'check-all' : 'circle-slash';
  const label = ruleLabel(state, { ...draft, scope: 'workspace', scopeId: null });
  return { label: `$(${icon}) ${plainLabel(label)}`, draft };
}

/** A request as rules look at it; undefined when its card is gone meanwhile. */
function subjectOf(state: BoardState, request: PermissionRequest): RuleSubject | undefined {
  const card = findCard(state, request.taskId);
  const agentTypeId = card?.run?.agentTypeId ?? card?.task.agentTypeId;
  return (
    card && {
      ...request,
      boardId: card.task.boardId,
      agentTypeId: agentTypeId ?? '',
      hasDiffs: request.diffs.length > 0,
    }
  );
}

/** What a rule can count for: the board and the workspace, and the run and the card that it was opened on. */
function scopesOf({ state }: CommandContext, rule: Rule | null = null, subject?: RuleSubject): ScopeChoice[] {
  const board = boardsOf(state).find(({ id }) => id === subject?.boardId) ?? shownBoard(state);
  const boardName = board?.name ?? null;
  const cardName = subject ? (findCard(state, subject.taskId)?.task.title ?? null) : null;
  const around = subject ? ruleScopes.map((scope) => inScope(scope, subject)) : [];
  const own =
    rule && rule.scope !== 'workspace'
      ? [{ scope: rule.scope, scopeId: rule.scopeId, name: rule.scopeName }]
      : [];
  const general: ScopeChoice[] = [
    ...(board ? [{ scope: 'board', scopeId: board.id, name: boardName } as const] : []),
    { scope: 'workspace', scopeId: null, name: null },
  ];
  const named = around.map((each) => ({
    ...each,
    name: each.scope === 'board' ? boardName : each.scope === 'workspace' ? null : cardName,
  }));
  const known = named.length > 0 ? named : own;
  return [...known, ...general.filter(({ scope }) => !known.some((each) => each.scope === scope))];
}

function draftOf(rule: Rule): RuleDraft {
  const { scope, scopeId, agentTypeId, toolKind, path, command, title, decision, isEnabled } = rule;
  return { scope, scopeId, agentTypeId, toolKind, path, command, title, decision, isEnabled };
}

function tellSaved({ answered }: Pick<CommandResults['rule.create'], 'answered'>): void {
  if (answered > 0) void window.showInformationMessage(answeredText(answered));
}

function ruleIdOf(argument: unknown): string | null {
  if (typeof argument !== 'object' || argument === null || !('ruleId' in argument)) return null;
  return typeof argument.ruleId === 'string' ? argument.ruleId : null;
}

/** Called by a key in the tree: it is for what is selected there. */
function isByKey(argument: unknown): boolean {
  return typeof argument === 'object' && argument !== null && 'selection' in argument;
}
