import { l10n, Uri, window, workspace } from 'vscode';
import type { Kandev } from '../api/contract.ts';
import type { UserWord } from '../model/cardView.ts';
import type { DevcontainerView } from '../model/devcontainer.ts';
import { plainMessage } from './agentText.ts';
import { cardsOf, findCard, type BoardState } from './boardState.ts';
import { DisposableStore } from './disposableStore.ts';
import type { FailureMessages } from './failureMessages.ts';

const needs: UserWord = 'devcontainer';

/** Asks whether agents may work in images on the workspace's devcontainer.json: once for each content of it. */
export class DevcontainerPrompts {
  readonly #kandev: Kandev;
  readonly #state: BoardState;
  readonly #failures: FailureMessages;
  readonly #disposables = new DisposableStore();
  /** Cards whose wait the user was told of. */
  readonly #told = new Set<string>();
  #isOpen = false;

  constructor(kandev: Kandev, state: BoardState, failures: FailureMessages) {
    this.#kandev = kandev;
    this.#state = state;
    this.#failures = failures;
    this.#disposables.add(
      kandev.subscribe('devcontainer.needed', ({ data }) => {
        if ('taskId' in data) this.#needed(data.taskId);
      }),
    );
    this.#disposables.add(
      state.onDidChange(() => {
        this.#look();
      }),
    );
  }

  dispose(): void {
    this.#disposables.dispose();
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

  /** Somebody has started a card: at once where they are, in a notification in windows that they do not look at. */
  #needed(taskId: string): void {
    this.#told.add(taskId);
    if (!window.state.focused) this.#notify(taskId);
    else
      void this.#failures.guard(async () => {
        const hasAnswered = await this.choose();
        if (!hasAnswered && (await this.#stillWaits(taskId))) this.#notify(taskId);
      });
  }

  /** For cards that waited already when this window came. */
  #look(): void {
    for (const { task, queue } of cardsOf(this.#state)) {
      if (queue?.needs !== needs) this.#told.delete(task.id);
      else if (!this.#told.has(task.id)) {
        this.#told.add(task.id);
        this.#notify(task.id);
      }
    }
  }

  async #stillWaits(taskId: string): Promise<boolean> {
    const { cards } = await this.#kandev.query('cards', { taskIds: [taskId] });
    return cards.some(({ queue }) => queue?.needs === needs);
  }

  #notify(taskId: string): void {
    const title = findCard(this.#state, taskId)?.task.title ?? '';
    const message = l10n.t(
      "“{0}” waits until you say whether its agent may work in an image on this workspace's devcontainer.json.",
      plainMessage(title),
    );
    this.#failures.notify({ severity: 'info', message, action: { kind: 'devcontainer' } });
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
