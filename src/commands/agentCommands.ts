import { randomUUID } from 'node:crypto';
import { l10n, ProgressLocation, window } from 'vscode';
import type { AgentType } from '../model/agentType.ts';
import { UserError } from '../model/failure.ts';
import { reportLines, seconds, type AgentReport } from '../providers/agentReport.ts';
import { plainLabel, plainMessage } from '../providers/agentText.ts';
import { addAgentType } from './addAgentType.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';
import { signIn } from './signIn.ts';

/** Agents themselves: signing in to them, looking what they can do, and adding more. */
export const agentCommands: CommandTable = {
  'kandev.signIn': async (context, argument) => {
    const agentType = await pickAgentType(
      context,
      argument,
      l10n.t('Which agent do you want to sign in to?'),
    );
    if (!agentType) return;
    if (!(await signIn(context, agentType, () => askWhatItCan(context, agentType)))) return;
    const cards = await context.kandev.execute('agent.signedIn', { agentTypeId: agentType.id });
    const [card] = cards;
    const next =
      cards.length === 1 && card
        ? l10n.t('“{0}” is started again.', plainMessage(card.title))
        : cards.length === 0
          ? l10n.t('Its next run has it.')
          : l10n.t('{0} cards are started again.', cards.length);
    void window.showInformationMessage(l10n.t('The sign-in to {0} is kept. {1}', agentType.name, next));
  },

  'kandev.checkAgent': async (context, argument) => {
    const agentType = await pickAgentType(context, argument, l10n.t('Which agent is to be checked?'));
    if (agentType) await check(context, agentType);
  },

  'kandev.addAgentType': async (context) => {
    const added = await addAgentType(context);
    if (!added) return;
    const button = l10n.t('Check Agent…');
    const message = l10n.t(
      '{0} can be given cards now. Look whether it starts and what it can do?',
      added.name,
    );
    if ((await window.showInformationMessage(message, button)) !== button) return;
    const agentType = await pickAgentType(context, added.id, '');
    if (agentType) await check(context, agentType);
  },
};

/** Starts the agent and shows what it can do, with the one thing to do next. */
async function check(context: CommandContext, agentType: AgentType): Promise<void> {
  const report = await askWhatItCan(context, agentType);
  if (!report) return;
  for (const line of reportLines(agentType.name, report)) context.log.message(line);
  const { name } = agentType;
  const time = seconds(report.startMs + report.initializeMs);
  switch (report.signIn.kind) {
    case 'needed':
      context.failures.notify({
        severity: 'warning',
        message: l10n.t('{0} starts in {1}, and wants you to sign in first.', name, time),
        action: { kind: 'signIn', agentTypeId: agentType.id },
      });
      return;
    case 'unknown':
      context.failures.notify({
        severity: 'info',
        message: l10n.t(
          '{0} starts in {1}. Whether you are signed in it says only when it is given work.',
          name,
          time,
        ),
        action: { kind: 'signIn', agentTypeId: agentType.id },
      });
      return;
    case 'ready':
      context.failures.notify({
        severity: 'info',
        message: l10n.t('{0} is ready: it starts in {1}. The log has what it can do.', name, time),
        action: { kind: 'showLog' },
      });
  }
}

/** Starts an agent to ask what it can do. Undefined when the user cancels it: its container is removed then. */
async function askWhatItCan(
  { kandev }: CommandContext,
  { id, name }: AgentType,
): Promise<AgentReport | undefined> {
  const options = {
    location: ProgressLocation.Notification,
    title: l10n.t('Starting {0} to see what it can do …', name),
    cancellable: true,
  };
  return window.withProgress(options, async (_progress, token) => {
    const checkId = randomUUID();
    const cancelled = new Promise<undefined>((resolve) => {
      token.onCancellationRequested(() => {
        resolve(undefined);
        void kandev.execute('agent.cancelCheck', { checkId }).catch(() => undefined);
      });
    });
    const report = kandev.execute('agent.check', { agentTypeId: id, checkId });
    // One that was cancelled is of no interest, whatever becomes of it.
    report.catch(() => undefined);
    return Promise.race([report, cancelled]);
  });
}

/** The agent type of an id, else one that the user picks; undefined when they change their mind. */
async function pickAgentType(
  { kandev }: CommandContext,
  argument: unknown,
  placeHolder: string,
): Promise<AgentType | undefined> {
  const types = await kandev.query('agentTypes', {});
  if (typeof argument === 'string') {
    const found = types.find(({ id }) => id === argument);
    if (found) return found;
    throw new UserError({
      reason: 'agent-type-unknown',
      message: l10n.t('There is no agent “{0}” any more. See the setting kandev.agents.', argument),
      action: { kind: 'openSetting', setting: 'kandev.agents' },
    });
  }
  const items = types.map((agentType) => ({
    label: plainLabel(agentType.name),
    description: agentType.image,
    agentType,
  }));
  return (await window.showQuickPick(items, { placeHolder, matchOnDescription: true }))?.agentType;
}
