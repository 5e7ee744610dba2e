import { l10n, Uri, window, workspace } from 'vscode';
import type { Kandev } from '../api/contract.ts';
import type { DevcontainerView } from '../model/devcontainer.ts';
import { plainMessage } from './agentText.ts';
import type { BoardState } from './boardState.ts';
import type { FailureMessages } from './failureMessages.ts';
import { WaitingCards } from './waitingCards.ts';

/** Asks whether agents may work in images on the workspace's devcontainer.json: once for each content of it. */
export class DevcontainerPrompts {
  readonly #kandev: Kandev;
  readonly #waiting: WaitingCards;
  #isOpen = false;

  constructor(kandev: Kandev, state: BoardState, failures: FailureMessages) {
    this.#kandev = kandev;
    this.#waiting = new WaitingCards(kandev, state, failures, {
      needs: 'devcontainer',
      message: (title) =>
        l10n.t(
          "“{0}” waits until you say whether its agent may work in an image on this workspace's devcontainer.json.",
          title,
        ),
      ask: () => this.choose(),
    });
  }

  dispose(): void {
    this.#waiting.dispose();
  }

  /** Shows what there is, and takes what the user says. False when they put it off, also to read the files first. */
  async choose(): Promise<boolean> {
    if (this.#isOpen) return false;
    this.#isOpen = true;
    try {
      const view = await this.#kandev.query('devcontainer', {});
      if (view === null) {
        void window.showInformationMessage(l10n.t('This workspace has no devcontainer.json.'));
        return false;
      }
      const isUsed = await this.#ask(view);
      if (isUsed === undefined) return false;
      await this.#kandev.execute('devcontainer.answer', { hash: view.hash, isUsed });
      return true;
    } finally {
      this.#isOpen = false;
    }
  }

  /** Undefined when it is put off. */
  async #ask(view: DevcontainerView): Promise<boolean | undefined> {
    const use = l10n.t('Use It');
    const usual = l10n.t('Use the Usual Image');
    const show = view.dockerfile === null ? l10n.t('Show File') : l10n.t('Show Files');
    const message = l10n.t("Build agents' images on this workspace's devcontainer.json?");
    const options = { modal: true, detail: detailOf(view) };
    const chosen = await window.showInformationMessage(message, options, use, usual, show);
    if (chosen === show) await showFiles(view);
    return chosen === use || chosen === usual ? chosen === use : undefined;
  }
}

function detailOf({ file, image, dockerfile, leftOut, isUsed }: DevcontainerView): string {
  const what =
    dockerfile === null
      ? l10n.t('{0} names the image {1}.', file, plainMessage(image ?? ''))
      : l10n.t('{0} names {1}, whose commands are run to build the image.', file, plainMessage(dockerfile));
  const now =
    isUsed === null
      ? l10n.t('You are asked again when it changes.')
      : isUsed
        ? l10n.t('It is used now. You are asked again when it changes.')
        : l10n.t('It is not used now. You are asked again when it changes.');
  return [what, ...leftOut.map(plainMessage), now].join('\n\n');
}

/** The files beside each other, the devcontainer.json at the front. */
async function showFiles({ file, dockerfile }: DevcontainerView): Promise<void> {
  const folder = workspace.workspaceFolders?.[0]?.uri;
  if (!folder) return;
  for (const name of [...(dockerfile === null ? [] : [dockerfile]), file]) {
    await window.showTextDocument(Uri.joinPath(folder, ...name.split('/')), { preview: false });
  }
}
