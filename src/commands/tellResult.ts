import { l10n, window } from 'vscode';
import { nextStates } from '../model/taskState.ts';
import type { CommandContext } from './commandContext.ts';
import type { ResultTarget } from './resultTarget.ts';

type Severity = 'info' | 'warning';

interface Button {
  label: string;
  act: () => Promise<unknown>;
}

/** Says how something went, with what can be done next. The command does not wait for the user to react. */
export function tell(
  context: CommandContext,
  severity: Severity,
  message: string,
  buttons: readonly Button[],
): void {
  const show = severity === 'info' ? window.showInformationMessage : window.showWarningMessage;
  void show(message, ...buttons.map(({ label }) => label)).then((chosen) => {
    const button = buttons.find(({ label }) => label === chosen);
    if (button) void context.failures.guard(button.act);
  });
}

/** Where a card whose result was taken may be done with. */
export function doneButton(context: CommandContext, { card }: ResultTarget): Button[] {
  if (!nextStates(card.task.state).includes('COMPLETED')) return [];
  return [
    {
      label: l10n.t('Mark as Done'),
      act: () => context.kandev.execute('task.move', { taskId: card.task.id, to: 'COMPLETED' }),
    },
  ];
}
