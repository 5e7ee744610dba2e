import { l10n, window, type QuickPickItem } from 'vscode';
import { approvalPresets, type ApprovalPreset, type PresetChoice } from '../model/permissionRule.ts';
import type { CardView } from '../model/cardView.ts';
import { findCard, shownBoard } from '../providers/boardState.ts';
import { answeredText } from '../providers/ruleMessages.ts';
import { presetDetail, presetLabel } from '../providers/ruleWords.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';

/** What becomes of requests that no rule decides. */
export const approvalCommands: CommandTable = {
  'kandev.chooseApprovals': async (context, argument) => {
    const boardId = cardOf(context.state, argument)?.task.boardId ?? shownBoard(context.state)?.id;
    if (boardId === undefined) return;
    const { presets } = await context.kandev.query('rules', {});
    const chosen = presets.filter((choice) => choice.boardId === boardId);
    const agentTypeId = await pickAgent(context, argument, chosen);
    if (agentTypeId === undefined) return;
    const preset = await pickPreset(agentTypeId, chosen);
    if (preset === undefined || (preset === 'all' && !(await confirmAll()))) return;
    const { answered } = await context.kandev.execute('rule.setPreset', { boardId, agentTypeId, preset });
    if (answered > 0) void window.showInformationMessage(answeredText(answered));
  },
};

/** Null: all agents that have no choice of their own. */
async function pickAgent(
  { state }: CommandContext,
  argument: unknown,
  chosen: readonly PresetChoice[],
): Promise<string | null | undefined> {
  const { current } = state;
  const agentTypes = current.status === 'ready' ? current.agentTypes : [];
  const named = isPreset(argument) ? argument.agentTypeId : undefined;
  if (named !== undefined) return named;
  const presetOf = (id: string | null) => chosen.find(({ agentTypeId }) => agentTypeId === id)?.preset;
  const own = cardOf(state, argument)?.task.agentTypeId ?? undefined;
  const items = [
    {
      label: l10n.t('All agents on this board'),
      description: presetLabel(presetOf(null) ?? 'ask'),
      agentTypeId: null,
    },
    ...agentTypes.map(({ id, name }) => {
      const preset = presetOf(id);
      const description = preset === undefined ? l10n.t('as on the board') : presetLabel(preset);
      return { label: name, description, agentTypeId: id };
    }),
  ];
  // The agent of the card that it was opened on comes first.
  const sorted = [...items].sort((a, b) => Number(b.agentTypeId === own) - Number(a.agentTypeId === own));
  const picked = await window.showQuickPick(own === undefined ? items : sorted, {
    title: l10n.t('What Agents May Do Unasked'),
    placeHolder: l10n.t('Which agents? Your permission rules count before this.'),
  });
  return picked?.agentTypeId;
}

/** The card that it was opened on. */
function cardOf(state: CommandContext['state'], argument: unknown): CardView | undefined {
  if (typeof argument !== 'object' || argument === null || !('taskId' in argument)) return undefined;
  return findCard(state, String(argument.taskId));
}

function isPreset(argument: unknown): argument is { agentTypeId: string | null } {
  return (
    typeof argument === 'object' && argument !== null && 'kind' in argument && argument.kind === 'preset'
  );
}

/** Null: as on the board. */
async function pickPreset(
  agent: string | null,
  chosen: readonly PresetChoice[],
): Promise<ApprovalPreset | null | undefined> {
  const now =
    chosen.find(({ agentTypeId }) => agentTypeId === agent)?.preset ?? (agent === null ? 'ask' : null);
  const items: (QuickPickItem & { preset: ApprovalPreset | null })[] = approvalPresets.map((preset) => ({
    label: preset === 'all' ? `$(warning) ${presetLabel(preset)}` : presetLabel(preset),
    description: preset === now ? l10n.t('now') : '',
    detail: presetDetail(preset),
    preset,
  }));
  const asOnBoard = {
    label: l10n.t('As on the board'),
    description: now === null ? l10n.t('now') : '',
    preset: null,
  };
  const picked = await window.showQuickPick(agent === null ? items : [asOnBoard, ...items], {
    title: l10n.t('What Agents May Do Unasked'),
    placeHolder: l10n.t('What may they do without asking you?'),
  });
  return picked?.preset;
}

async function confirmAll(): Promise<boolean> {
  const allow = l10n.t('Allow All');
  const detail = l10n.t(
    'Commands are run, files are changed and deleted and the network is used without anybody having looked. What the agent reads can make it do things that you do not want. In the open folder that is about your own files; a clone or a copy is safer. Rules that reject or ask still count.',
  );
  const message = l10n.t('Let the agent do everything in its container without asking you?');
  return (await window.showWarningMessage(message, { modal: true, detail }, allow)) === allow;
}
