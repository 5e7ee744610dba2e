import { l10n, window } from 'vscode';
import { failureOf, type Failure, type Notice, type UserAction } from '../model/failure.ts';

type Show = (message: string, ...buttons: string[]) => Thenable<string | undefined>;

const showAs: Readonly<Record<Notice['severity'], Show>> = {
  info: window.showInformationMessage,
  warning: window.showWarningMessage,
  error: window.showErrorMessage,
};

/** Shows failures to the user, each with the one button that helps. */
export class FailureMessages {
  readonly #perform: (action: UserAction) => Promise<void>;
  readonly #log: (text: string) => void;

  /** `perform` does what a button stands for; `log` keeps the details for those who look. */
  constructor(perform: (action: UserAction) => Promise<void>, log: (text: string) => void) {
    this.#perform = perform;
    this.#log = log;
  }

  /** Does something for the user; a failure is shown and the result is undefined. */
  async guard<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.show(failureOf(error));
      return undefined;
    }
  }

  /** Shows a failure without waiting for the user to react to it. */
  show(failure: Failure, about?: string): void {
    void this.tell(failure, about);
  }

  /** Shows a failure; resolves when the user has reacted to it, or put it away. */
  async tell(failure: Failure, about?: string): Promise<void> {
    this.#log(failure.detail === undefined ? failure.message : `${failure.message}\n${failure.detail}`);
    await this.#ask(failure, about);
  }

  /** Shows what nobody asked for, in the way that fits how bad it is. */
  notify({ severity, message, action }: Notice): void {
    this.#log(message);
    void this.#offer(showAs[severity], message, action);
  }

  async #ask({ message, action }: Failure, about: string | undefined): Promise<void> {
    await this.#offer(showAs.error, about === undefined ? message : `${about}: ${message}`, action);
  }

  async #offer(show: Show, message: string, action: UserAction | undefined): Promise<void> {
    if (!action) {
      await show(message);
      return;
    }
    const label = actionLabel(action);
    if ((await show(message, label)) === label) await this.guard(() => this.#perform(action));
  }
}

/** What the button of an action says. */
function actionLabel(action: UserAction): string {
  switch (action.kind) {
    case 'retry':
      return l10n.t('Retry');
    case 'stopAndMove':
      return l10n.t('Stop and Move');
    case 'stop':
      return l10n.t('Stop');
    case 'editTask':
      return l10n.t('Edit Card');
    case 'workInCopy':
      return l10n.t('Work in a Copy');
    case 'chooseDependencies':
      return l10n.t('Depends On…');
    case 'openFolder':
      return l10n.t('Open Folder');
    case 'showLog':
      return l10n.t('Show Log');
    case 'openSetting':
      return l10n.t('Open Settings');
    case 'openUrl':
      return l10n.t('Learn More');
    case 'checkEngine':
      return l10n.t('Check Again');
    case 'signIn':
      return l10n.t('Sign In…');
    case 'registrySignIn':
      return l10n.t('Sign In in Terminal');
    case 'credentials':
    case 'devcontainer':
      return l10n.t('Choose…');
    case 'allowHost':
      return l10n.t('Allow…');
    case 'editResources':
      return l10n.t('Change Limits…');
    case 'exportDatabase':
      return l10n.t('Export Database Copy…');
    case 'undoLast':
      return l10n.t('Undo…');
    case 'cleanUp':
      return l10n.t('Clean Up…');
    case 'reloadWindow':
      return l10n.t('Reload Window');
  }
}
