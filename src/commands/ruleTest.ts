import { l10n, QuickPickItemKind, window, type QuickPickItem } from 'vscode';
import type { QueryResults } from '../api/contract.ts';
import type { RuleDraft } from '../model/permissionRule.ts';
import { oneLine, plainLabel } from '../providers/agentText.ts';
import { ruleLabel } from '../providers/ruleWords.ts';
import type { CommandContext } from './commandContext.ts';

type Tested = QueryResults['rule.test']['requests'][number];

/** Shows what a rule would have done to the latest requests, before it is saved as well as after. */
export async function testRule(context: CommandContext, rule: RuleDraft, ruleId?: string): Promise<void> {
  const test = { rule: { ...rule, isEnabled: true }, ...(ruleId === undefined ? {} : { ruleId }) };
  const found = await context.failures.guard(() => context.kandev.query('rule.test', test));
  if (!found) return;
  const { lookedAt, requests } = found;
  const matching = requests.filter(({ isMatch }) => isMatch);
  const items = [
    ...group(
      l10n.t('Would be decided otherwise'),
      requests.filter(({ before, after }) => before !== after),
    ),
    ...group(
      l10n.t('As it is already'),
      requests.filter(({ before, after }) => before === after),
    ),
  ];
  const none =
    lookedAt === 0 ? l10n.t('No agent has asked anything yet.') : l10n.t('It is about none of them.');
  const shown: TestItem[] = items.length > 0 ? items : [{ label: `$(info) ${none}`, taskId: null }];
  const picked = await window.showQuickPick(shown, {
    title: l10n.t('Test Rule: {0}', oneLine(ruleLabel(context.state, rule))),
    placeHolder: l10n.t('It matches {0} of the last {1} requests', matching.length, lookedAt),
    matchOnDescription: true,
    matchOnDetail: true,
    ignoreFocusOut: true,
  });
  if (typeof picked?.taskId === 'string') context.runs.open(picked.taskId);
}

interface TestItem extends QuickPickItem {
  /** Null where it is about no request. */
  taskId: string | null;
}

function group(title: string, requests: readonly Tested[]): TestItem[] {
  if (requests.length === 0) return [];
  const label = `${title} (${requests.length})`;
  return [{ label, kind: QuickPickItemKind.Separator, taskId: null }, ...requests.map(testItem)];
}

function testItem(request: Tested): TestItem {
  const { title, command, paths, taskTitle, taskId, requestedAt, after } = request;
  const icon = { allow: 'check', reject: 'circle-slash', ask: 'question' }[after];
  return {
    label: `$(${icon}) ${plainLabel(title)}`,
    description: plainLabel(command ?? paths.join(', ')),
    detail: [afterText(after), answerText(request), taskTitle, new Date(requestedAt).toLocaleString()]
      .map(plainLabel)
      .join(' · '),
    taskId,
  };
}

function afterText(after: Tested['after']): string {
  if (after === 'allow') return l10n.t('Would be allowed');
  return after === 'reject' ? l10n.t('Would be rejected') : l10n.t('Would be asked');
}

function answerText({ answer, answeredBy }: Tested): string {
  return answer === null
    ? l10n.t('was not answered')
    : l10n.t('was answered “{0}” by {1}', answer.name, answeredBy ?? '');
}
