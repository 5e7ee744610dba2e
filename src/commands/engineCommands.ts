import { ConfigurationTarget, l10n, QuickPickItemKind, window, workspace, type QuickPickItem } from 'vscode';
import type { EngineChoice, EngineStatus } from '../model/engine.ts';
import { engineLines, engineSummary } from '../providers/engineText.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';

interface EngineItem extends QuickPickItem {
  choice?: EngineChoice;
}

/** Which engine the containers run on. */
export const engineCommands: CommandTable = {
  'kandev.showEngine': async (context) => {
    const status = await context.engine.check();
    const choose = l10n.t('Choose Docker Engine…');
    const message = status.failure?.message ?? engineSummary(status);
    const options = { modal: true, detail: engineLines(status).join('\n') };
    const show = status.failure ? window.showWarningMessage : window.showInformationMessage;
    if ((await show(message, options, choose)) === choose) await chooseEngine(context);
  },

  'kandev.chooseEngine': chooseEngine,
};

/** Lets the user pick one of the engines that are found from here, and keeps it in their own settings. */
async function chooseEngine(context: CommandContext): Promise<void> {
  const picker = window.createQuickPick<EngineItem>();
  picker.title = l10n.t('Choose Docker Engine');
  picker.placeholder = l10n.t('Which engine are agents to run on?');
  picker.matchOnDescription = true;
  picker.matchOnDetail = true;
  picker.busy = true;
  picker.show();
  const picked = new Promise<EngineChoice | 'other' | undefined>((resolve) => {
    picker.onDidAccept(() => {
      const [item] = picker.selectedItems;
      if (item) resolve(item.choice ?? 'other');
    });
    picker.onDidHide(() => {
      resolve(undefined);
    });
  });
  try {
    const tools = await context.agents();
    const current = workspace.getConfiguration('kandev').get('docker.host', '').trim();
    picker.items = itemsOf(await tools.engineTools.engines(), current);
    picker.busy = false;
    const choice = await picked;
    if (choice === undefined) return;
    const setting = choice === 'other' ? await askAddress(current) : choice.setting;
    if (setting === undefined) return;
    await workspace
      .getConfiguration('kandev')
      .update('docker.host', setting ?? undefined, ConfigurationTarget.Global);
    const status = await context.engine.check();
    if (status.failure) context.failures.show(status.failure);
    else void window.showInformationMessage(l10n.t('Agents run on {0}.', engineSummary(status)));
  } finally {
    picker.dispose();
  }
}

function itemsOf(choices: readonly EngineChoice[], current: string): EngineItem[] {
  return [
    ...choices.map((choice) => {
      const { setting, status } = choice;
      const isCurrent = (setting ?? '') === current;
      return {
        label: `$(${iconOf(status, isCurrent)}) ${setting === null ? l10n.t('As Docker has it') : status.chosenBy}`,
        description: isCurrent ? l10n.t('{0} · in use', status.endpoint) : status.endpoint,
        detail: status.failure?.message ?? engineSummary(status),
        choice,
      };
    }),
    { label: '', kind: QuickPickItemKind.Separator },
    { label: `$(edit) ${l10n.t('Enter an Address…')}`, alwaysShow: true },
  ];
}

function iconOf({ failure }: EngineStatus, isCurrent: boolean): string {
  if (failure) return 'warning';
  return isCurrent ? 'check' : 'server';
}

function askAddress(current: string): Thenable<string | undefined> {
  return window.showInputBox({
    title: l10n.t('Choose Docker Engine'),
    prompt: l10n.t('Where the engine listens'),
    placeHolder: 'unix:///var/run/docker.sock, tcp://127.0.0.1:2375, ssh://user@host, context:name',
    value: current,
    ignoreFocusOut: true,
    validateInput: (typed) => (typed.trim() === '' ? l10n.t('It must not be empty.') : undefined),
  });
}
