import { l10n, QuickPickItemKind, ThemeIcon, window, type QuickPick, type QuickPickItem } from 'vscode';
import type { CredentialsView } from '../model/credential.ts';
import {
  credentialConsequence,
  credentialFacts,
  credentialGroup,
  credentialName,
  groupName,
} from './credentialText.ts';

interface CredentialItem extends QuickPickItem {
  /** Null for a heading. */
  id: string | null;
  /** There is nothing that could be ticked. */
  empty: boolean;
}

/**
 * Has the user tick what agents may have. The ids of all that is ticked; undefined when they put it off, or `closed`
 * says that somebody else has answered. Nothing is ticked that the user has not ticked once.
 */
export async function pickCredentials(
  view: CredentialsView,
  closed: AbortSignal,
): Promise<readonly string[] | undefined> {
  const picker = window.createQuickPick<CredentialItem>();
  const addServer = { iconPath: new ThemeIcon('add'), tooltip: l10n.t('Add Git Server…') };
  picker.title = l10n.t('Share with Agents in This Workspace');
  picker.placeholder = l10n.t('Tick what agents may have. None is an answer, too.');
  picker.canSelectMany = true;
  picker.ignoreFocusOut = true;
  picker.matchOnDescription = true;
  picker.matchOnDetail = true;
  picker.buttons = [addServer];
  picker.items = itemsOf(view);
  picker.selectedItems = picker.items.filter(({ id }) => isShared(view, id));
  picker.onDidChangeSelection((selected) => {
    const possible = selected.filter(({ empty }) => !empty);
    if (possible.length < selected.length) picker.selectedItems = possible;
  });
  let adding = false;
  picker.onDidTriggerButton(() => {
    adding = true;
    void addGitServer(picker).finally(() => {
      adding = false;
      if (closed.aborted) picker.dispose();
      else picker.show();
    });
  });
  return new Promise((resolve) => {
    const close = (): void => {
      picker.hide();
      resolve(undefined);
    };
    closed.addEventListener('abort', close, { once: true });
    picker.onDidAccept(() => {
      resolve(picker.selectedItems.flatMap(({ id }) => id ?? []));
      picker.hide();
    });
    picker.onDidHide(() => {
      if (adding) return;
      closed.removeEventListener('abort', close);
      picker.dispose();
      resolve(undefined);
    });
    picker.show();
  });
}

/** A server that no remote of the folder is on: of a submodule, or of a package that is fetched by git. */
async function addGitServer(picker: QuickPick<CredentialItem>): Promise<void> {
  const server = await window.showInputBox({
    title: l10n.t('Add Git Server'),
    prompt: l10n.t('Its name, as in an address that begins with https://'),
    placeHolder: 'git.example.org',
    ignoreFocusOut: true,
    validateInput: (typed) => (hostOf(typed) === null ? l10n.t('This is no name of a server.') : undefined),
  });
  const host = server === undefined ? null : hostOf(server);
  if (host === null) return;
  const id = `git-credentials:${host}`;
  const selected = picker.selectedItems;
  const known = picker.items.find((item) => item.id === id);
  const added = known ?? {
    ...textOf({
      id,
      kind: 'git-credentials',
      name: host,
      found: '',
      missing: null,
      shared: false,
      usedBy: [],
    }),
    id,
    empty: false,
  };
  if (!known) picker.items = [added, ...picker.items];
  picker.selectedItems = [...selected, added];
}

/** Also from a whole address; null for what is neither. */
function hostOf(typed: string): string | null {
  const text = typed.trim();
  const url = URL.parse(text.includes('://') ? text : `https://${text}`);
  return url?.protocol === 'https:' && /^[a-z0-9.-]+(:\d+)?$/i.test(url.host) ? url.host : null;
}

function itemsOf({ things }: CredentialsView): CredentialItem[] {
  return (['given', 'secret', 'raw', 'missing'] as const).flatMap((group) => {
    const items = things
      .filter((thing) => credentialGroup(thing) === group)
      .map((thing) => ({ ...textOf(thing), id: thing.id, empty: group === 'missing' }));
    if (items.length === 0) return [];
    return [{ label: groupName(group), kind: QuickPickItemKind.Separator, id: null, empty: true }, ...items];
  });
}

function textOf(thing: CredentialsView['things'][number]): QuickPickItem {
  const isMissing = credentialGroup(thing) === 'missing';
  return {
    label: isMissing ? `$(circle-slash) ${credentialName(thing)}` : credentialName(thing),
    description: credentialFacts(thing),
    ...(isMissing ? {} : { detail: credentialConsequence(thing) }),
  };
}

function isShared({ things }: CredentialsView, id: string | null): boolean {
  return things.some((thing) => thing.id === id && thing.shared);
}
