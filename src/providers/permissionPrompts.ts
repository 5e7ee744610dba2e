import { commands, l10n, window, type MessageItem } from 'vscode';
import type { Kandev } from '../api/contract.ts';
import { isAllow, type PermissionOption, type PermissionRequest } from '../model/permission.ts';
import { plainLabel, plainMessage } from './agentText.ts';
import { cardsOf, type BoardState } from './boardState.ts';
import { askerOf } from './cardText.ts';
import type { FailureMessages } from './failureMessages.ts';
import type { Prompt } from './promptQueue.ts';
import { whyAsked } from './ruleWords.ts';
import { shownPath } from './shownPath.ts';

interface OptionItem extends MessageItem {
  option: PermissionOption | null;
}

/** Asks for permissions: with a notification that has the agent's own options as buttons, or in a picker. */
export class PermissionPrompts {
  readonly #state: BoardState;
  readonly #kandev: Kandev;
  readonly #failures: FailureMessages;

  constructor(state: BoardState, kandev: Kandev, failures: FailureMessages) {
    this.#state = state;
    this.#kandev = kandev;
    this.#failures = failures;
  }

  /** All that is open, for the notifications. */
  open(): Prompt[] {
    return openRequests(this.#state).map((request) => ({
      id: request.id,
      taskId: request.taskId,
      notify: () => this.#notify(request),
    }));
  }

  /**
   * Asks about one request in a picker, from the tree, the board, the status bar or the palette. Tells whether the
   * user chose one of the agent's options.
   */
  async pick(requestId: string): Promise<boolean> {
    const request = openRequests(this.#state).find(({ id }) => id === requestId);
    if (!request) {
      void window.showInformationMessage(l10n.t('This permission request is no longer open.'));
      return false;
    }
    const picked = await this.#showPicker(request);
    if (picked) await this.answer(request.id, picked.optionId);
    return picked !== undefined;
  }

  async answer(requestId: string, optionId: string | null): Promise<void> {
    await this.#failures.guard(() => this.#kandev.execute('permission.answer', { requestId, optionId }));
  }

  async #notify(request: PermissionRequest): Promise<() => Promise<unknown>> {
    const items: OptionItem[] = request.options.map((option) => ({ title: option.name, option }));
    const always: OptionItem = { title: l10n.t('Always…'), option: null };
    // The answers for good that an agent offers become rules as well.
    if (!request.options.some(({ kind }) => kind === 'allow_always')) items.push(always);
    items.push({ title: l10n.t('Details…'), option: null });
    const chosen = await window.showWarningMessage(plainMessage(this.#question(request)), ...items);
    return async () => {
      if (chosen?.option) await this.answer(request.id, chosen.option.optionId);
      else if (chosen === always) await makeRule(request.id);
      else if (chosen) await this.pick(request.id);
    };
  }

  /** Which card, which agent, and what it wants to do. */
  #question(request: PermissionRequest): string {
    const what = [request.title, detailOf(request, (path) => shownPath(this.#state, path))]
      .filter((part) => part !== '')
      .join(': ');
    const question = l10n.t('{0} asks: {1}', askerOf(this.#state, request.taskId), what);
    const why = whyAsked(request);
    return why === '' ? question : l10n.t('{0} ({1})', question, why);
  }

  #showPicker(request: PermissionRequest): Promise<PermissionOption | undefined> {
    const picker = window.createQuickPick<{ label: string; option: PermissionOption | null }>();
    picker.title = this.#question(request);
    picker.placeholder = l10n.t('Choose an answer for the agent');
    const always = { label: `$(law) ${l10n.t('Always Allow or Reject…')}`, option: null };
    picker.ignoreFocusOut = true;
    // The item that decides nothing comes first, so that Enter alone never approves.
    picker.items = [
      { label: `$(clock) ${l10n.t('Decide Later')}`, option: null },
      ...request.options.map((option) => ({
        label: `$(${isAllow(option) ? 'check' : 'circle-slash'}) ${plainLabel(option.name)}`,
        option,
      })),
      always,
    ];
    return new Promise((resolve) => {
      const closed = this.#state.onDidChange(() => {
        if (!openRequests(this.#state).some(({ id }) => id === request.id)) picker.hide();
      });
      picker.onDidAccept(() => {
        const [item] = picker.selectedItems;
        resolve(item?.option ?? undefined);
        picker.hide();
        if (item === always) void makeRule(request.id);
      });
      picker.onDidHide(() => {
        closed.dispose();
        picker.dispose();
        resolve(undefined);
      });
      picker.show();
    });
  }
}

/** Lets the user choose what is answered like this from now on; the request is answered by that. */
async function makeRule(requestId: string): Promise<void> {
  await commands.executeCommand('kandev.makeRule', { requestId });
}

/** All open requests, the oldest first. */
export function openRequests(state: BoardState): PermissionRequest[] {
  return cardsOf(state)
    .flatMap(({ permissions }) => permissions)
    .sort((a, b) => a.requestedAt - b.requestedAt);
}

function detailOf(request: PermissionRequest, shorten: (path: string) => string): string {
  if (request.command !== null) return request.command;
  const [diff] = request.diffs;
  if (diff) {
    const lines = diff.newText.split('\n').length;
    const path = shorten(diff.path);
    return diff.oldText === null
      ? l10n.t('new file {0}, {1} lines', path, lines)
      : l10n.t('change {0}', path);
  }
  return request.paths.map(shorten).join(', ');
}
