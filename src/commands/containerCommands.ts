import { ConfigurationTarget, l10n, languages, window, workspace } from 'vscode';
import type { CardView } from '../model/cardView.ts';
import { UserError } from '../model/failure.ts';
import { isLive } from '../model/run.ts';
import { oneLine } from '../providers/agentText.ts';
import { AgentTerminal, openTerminal } from '../providers/agentTerminal.ts';
import { attachTo } from '../providers/devContainers.ts';
import { cleanUpContainers } from './cleanUpContainers.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';
import { editResources } from './editResources.ts';
import { pickCard } from './pickCard.ts';

function hasContainer({ run }: CardView): boolean {
  return run !== null && isLive(run.state) && run.containerId !== null;
}

/** The containers of runs: looking into them, and what they may use. */
export const containerCommands: CommandTable = {
  'kandev.openContainerTerminal': async (context, argument) => {
    const card = await pickLive(context, argument);
    if (card) openShell(context, card);
  },

  'kandev.attachToContainer': async (context, argument) => {
    const card = await pickLive(context, argument);
    if (card?.run?.containerId) await attachTo(card.run.containerId);
  },

  'kandev.showContainerLog': async (context, argument) => {
    const card = await pickCard(context, argument, ({ run }) => run !== null, {
      placeholder: l10n.t('Whose container log do you want to see?'),
      none: l10n.t('No agent has worked on a card yet.'),
    });
    if (card) await showLog(context, card);
  },

  'kandev.editResources': async (context, argument) => {
    const card = await pickCard(context, argument, ({ task }) => task.agentTypeId !== null, {
      placeholder: l10n.t('Which card’s agent is to have other limits?'),
      none: l10n.t('There is no card with an agent.'),
    });
    if (card) await editResources(context, card);
  },

  'kandev.cleanUpContainers': cleanUpContainers,

  'kandev.allowHost': async (context, argument, entry) => {
    const card = await pickCard(context, argument, ({ run }) => run !== null && run.blocked.length > 0, {
      placeholder: l10n.t('Which card’s agent was refused a host?'),
      none: l10n.t('No agent was refused a host.'),
    });
    const wanted = typeof entry === 'string' ? entry : card && (await pickBlocked(card));
    if (card && wanted !== undefined) await answerBlocked(context, card, wanted);
  },
};

function pickLive(context: CommandContext, argument: unknown): Promise<CardView | undefined> {
  return pickCard(context, argument, hasContainer, {
    placeholder: l10n.t('Whose container do you mean?'),
    none: l10n.t('No agent has a container at the moment.'),
  });
}

function openShell(context: CommandContext, { task, run }: CardView): void {
  if (!run) throw new UserError({ reason: 'no-run', message: l10n.t('No agent has worked on this card.') });
  const pty = new AgentTerminal(async (size) => (await context.agents()).openInRun(run.id, { size }));
  openTerminal(pty, { name: oneLine(task.title), icon: 'terminal' });
}

async function showLog({ containerLogs }: CommandContext, { task, run }: CardView): Promise<void> {
  if (!run) throw new UserError({ reason: 'no-run', message: l10n.t('No agent has worked on this card.') });
  const document = await workspace.openTextDocument(containerLogs.open(run.id, oneLine(task.title)));
  await window.showTextDocument(await languages.setTextDocumentLanguage(document, 'log'), { preview: true });
}

async function pickBlocked({ run }: CardView): Promise<string | undefined> {
  const blocked = run?.blocked ?? [];
  if (blocked.length === 1) return blocked[0];
  return window.showQuickPick([...blocked], { placeHolder: l10n.t('Which host is meant?') });
}

async function answerBlocked(context: CommandContext, { task }: CardView, entry: string): Promise<void> {
  const types = await context.kandev.query('agentTypes', {});
  const agentType = types.find(({ id }) => id === task.agentTypeId);
  const items = [
    { label: l10n.t('Allow for This Card'), answer: 'card' as const },
    ...(agentType && typeof agentType.resources.network !== 'string'
      ? [{ label: l10n.t('Allow for Every Run of {0}', agentType.name), answer: 'agent' as const }]
      : []),
    { label: l10n.t('Leave It Blocked'), answer: 'leave' as const },
  ];
  const picked = await window.showQuickPick(items, {
    title: l10n.t('{0} · {1}', task.title, entry),
    placeHolder: l10n.t('May the agent reach {0}?', entry),
  });
  if (!picked) return;
  const { answer } = picked;
  if (answer === 'agent' && agentType) await addToAgent(agentType.id, agentType.resources.network, entry);
  await context.kandev.execute('task.answerBlocked', { taskId: task.id, entry, answer });
}

/** Writes the list of an agent type, with the entry, to the user's settings; what else is typed there stays. */
async function addToAgent(id: string, network: string | readonly string[], entry: string): Promise<void> {
  if (typeof network === 'string') return;
  const configuration = workspace.getConfiguration('kandev');
  const typed: unknown = configuration.inspect('agents')?.globalValue;
  const entries: unknown[] = Array.isArray(typed) ? [...(typed as unknown[])] : [];
  const isOfType = (each: unknown): each is object =>
    typeof each === 'object' && each !== null && 'id' in each && each.id === id;
  const index = entries.findIndex(isOfType);
  const changed = { ...(index === -1 ? { id } : (entries[index] as object)), network: [...network, entry] };
  if (index === -1) entries.push(changed);
  else entries[index] = changed;
  await configuration.update('agents', entries, ConfigurationTarget.Global);
}
