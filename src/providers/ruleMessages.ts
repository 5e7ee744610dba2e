import { commands, l10n, window } from 'vscode';
import type { Kandev } from '../api/contract.ts';
import type { Disposable, EventData } from '../model/events.ts';
import { plainMessage } from './agentText.ts';
import type { BoardState } from './boardState.ts';
import type { FailureMessages } from './failureMessages.ts';
import { openRequests } from './permissionPrompts.ts';
import { ruleLabel } from './ruleWords.ts';

/** Says in plain words which rule an answer for good has become, with the ways to change it and to take it back. */
export function tellOfNewRules(kandev: Kandev, state: BoardState, failures: FailureMessages): Disposable {
  const tell = async ({ rule, answered, requestId }: EventData['rule.made']): Promise<void> => {
    // The notification that asked is put out of the way as soon as the board knows the answer, and all others with it.
    await closed(state, requestId);
    const change = l10n.t('Change…');
    const undo = l10n.t('Undo');
    const show = l10n.t('Show Rules');
    const text = [l10n.t('From now on: {0}.', ruleLabel(state, rule)), answeredText(answered)]
      .filter((part) => part !== '')
      .join(' ');
    const chosen = await window.showInformationMessage(plainMessage(text), change, undo, show);
    if (chosen === change) await commands.executeCommand('kandev.editRule', { ruleId: rule.id });
    if (chosen === show) await commands.executeCommand('kandev.showRules');
    if (chosen === undo) await failures.guard(() => kandev.execute('rule.delete', { ruleId: rule.id }));
  };
  return kandev.subscribe('rule.made', ({ data }) => {
    if ('rule' in data) void tell(data);
  });
}

/** Resolves when a request is no longer shown. */
async function closed(state: BoardState, requestId: string): Promise<void> {
  const isOpen = (): boolean => openRequests(state).some(({ id }) => id === requestId);
  await new Promise<void>((resolve) => {
    const listener = state.onDidChange(() => {
      if (isOpen()) return;
      listener.dispose();
      resolve();
    });
    if (isOpen()) return;
    listener.dispose();
    resolve();
  });
}

/** How many requests a change of the rules has answered; empty for none. */
export function answeredText(answered: number): string {
  if (answered === 0) return '';
  return answered === 1
    ? l10n.t('It has answered 1 request that waited.')
    : l10n.t('It has answered {0} requests that waited.', answered);
}
