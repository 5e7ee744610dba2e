import { l10n, ProgressLocation, window, type QuickPickItem } from 'vscode';
import type { AgentType } from '../model/agentType.ts';
import { UserError } from '../model/failure.ts';
import type { SignInVariable, SignInWay } from '../model/signIn.ts';
import type { AgentReport } from '../providers/agentReport.ts';
import { plainLabel, plainMessage } from '../providers/agentText.ts';
import { AgentTerminal, openTerminal } from '../providers/agentTerminal.ts';
import type { CommandContext } from './commandContext.ts';

type Way = SignInWay | { kind: 'remove'; name: string };
type TerminalWay = Extract<SignInWay, { kind: 'terminal' }>;

interface WayItem extends QuickPickItem {
  way: Way;
}

/**
 * Has the user sign in to an agent in one of its ways. False when it did not come to that.
 *
 * @param askAgent starts the agent to see which ways it names; undefined when the user gives up waiting
 */
export async function signIn(
  context: CommandContext,
  agentType: AgentType,
  askAgent: () => Promise<AgentReport | undefined>,
): Promise<boolean> {
  const agents = await context.agents();
  let report: AgentReport | null = null;
  if (!agentType.signIn?.command) {
    const asked = await askAgent().catch((error: unknown) => {
      // It may not even start without the variable that is to be entered now.
      if (agentType.environment.length > 0) return null;
      throw error;
    });
    if (asked === undefined) return false;
    report = asked;
  }
  const ways = agents.ways(agentType, report);
  if (ways.length === 0) throw noWay(agentType);
  const way = await pickWay(context, agentType, ways);
  switch (way?.kind) {
    case undefined:
      return false;
    case 'variable':
      return enterValues(context, agentType, [
        { name: way.name, label: way.name, secret: true, optional: false },
      ]);
    case 'variables':
      return enterValues(context, agentType, way.variables);
    case 'remove':
      await context.environment.remove(way.name);
      void window.showInformationMessage(l10n.t('{0} is no longer kept.', way.name));
      return false;
    case 'terminal':
      return signInInTerminal(context, agentType, way);
    case 'agent':
      return signInByAgent(context, agentType, way.methodId);
  }
}

async function pickWay(
  { environment }: CommandContext,
  agentType: AgentType,
  ways: readonly SignInWay[],
): Promise<Way | undefined> {
  const items = await Promise.all(
    ways.map(async (way): Promise<WayItem[]> => {
      if (way.kind !== 'variable') return [wayItem(way)];
      const source = await environment.sourceOf(way.name);
      const enter: WayItem = {
        label: `$(key) ${l10n.t('Enter {0}…', way.name)}`,
        description: {
          kept: l10n.t('is set, kept in VS Code'),
          host: l10n.t('is set where VS Code was started'),
          none: l10n.t('is not set'),
        }[source],
        way,
      };
      if (source !== 'kept') return [enter];
      return [
        enter,
        { label: `$(trash) ${l10n.t('Remove {0}', way.name)}`, way: { kind: 'remove', name: way.name } },
      ];
    }),
  );
  const picked = await window.showQuickPick(items.flat(), {
    title: l10n.t('Sign In to {0}', agentType.name),
    placeHolder: agentType.signIn?.hint ?? l10n.t('How do you want to sign in?'),
    ignoreFocusOut: true,
  });
  return picked?.way;
}

function wayItem(way: Exclude<SignInWay, { kind: 'variable' }>): WayItem {
  const inTerminal = l10n.t('Sign in in a Terminal');
  if (way.kind === 'agent') return { label: `$(account) ${plainLabel(way.name)}`, way };
  if (way.kind === 'variables') {
    const names = way.variables.map(({ name }) => name).join(', ');
    return { label: `$(key) ${plainLabel(way.name)}`, description: l10n.t('Enter {0}', names), way };
  }
  const command = plainLabel(way.command.join(' '));
  if (way.name === null) return { label: `$(terminal) ${inTerminal}`, description: command, way };
  return {
    label: `$(terminal) ${inTerminal}`,
    description: `${plainLabel(way.name)} · ${command}`,
    way,
  };
}

/** Asks for one value after another. All are kept together, or none when the user gives up in between. */
async function enterValues(
  { environment }: CommandContext,
  { name }: AgentType,
  variables: readonly SignInVariable[],
): Promise<boolean> {
  const values: [name: string, value: string][] = [];
  for (const [index, variable] of variables.entries()) {
    const step = variables.length === 1 ? '' : ` (${index + 1}/${variables.length})`;
    const value = await window.showInputBox({
      title: `${l10n.t('Sign In to {0}', name)}${step}`,
      prompt: promptFor(variable),
      password: variable.secret,
      ignoreFocusOut: true,
      validateInput: (typed) =>
        typed.trim() === '' && !variable.optional ? l10n.t('It must not be empty.') : undefined,
    });
    if (value === undefined) return false;
    if (value.trim() !== '') values.push([variable.name, value.trim()]);
  }
  for (const [variable, value] of values) await environment.keep(variable, value);
  return values.length > 0;
}

function promptFor({ name, label, optional }: SignInVariable): string {
  const shown = label === name ? name : `${plainMessage(label)} (${name})`;
  const kept = l10n.t(
    'Enter {0}. It is kept in VS Code’s secret storage, and given to no agents but those that name it.',
    shown,
  );
  return optional ? l10n.t('{0} It can be left empty.', kept) : kept;
}

async function signInInTerminal(
  { agents }: CommandContext,
  agentType: AgentType,
  { command, env }: TerminalWay,
): Promise<boolean> {
  const pty = new AgentTerminal(async (size, say, signal) => {
    say(l10n.t('Starting a container of {0} …', agentType.name));
    return (await agents()).openSignIn(agentType, { command, env, size }, say, signal);
  });
  openTerminal(pty, { name: l10n.t('Sign In to {0}', agentType.name), icon: 'key' });
  return (await pty.ended) === 0;
}

async function signInByAgent(
  { agents }: CommandContext,
  agentType: AgentType,
  methodId: string,
): Promise<boolean> {
  const options = {
    location: ProgressLocation.Notification,
    title: l10n.t('Signing in to {0} …', agentType.name),
    cancellable: true,
  };
  return window.withProgress(options, async (progress, token) => {
    const giveUp = new AbortController();
    token.onCancellationRequested(() => {
      giveUp.abort();
    });
    const say = (message: string): void => {
      progress.report({ message });
    };
    try {
      await (await agents()).authenticate(agentType, methodId, say, giveUp.signal);
      return true;
    } catch (error) {
      if (giveUp.signal.aborted) return false;
      throw error;
    }
  });
}

function noWay({ name }: AgentType): UserError {
  return new UserError({
    reason: 'sign-in-needed',
    message: l10n.t(
      '{0} names no way to sign in. If it takes a key from an environment variable, add its name to "environment" in the setting kandev.agents.',
      name,
    ),
    action: { kind: 'openSetting', setting: 'kandev.agents' },
  });
}
