import { commands, workspace } from 'vscode';
import type { Kandev } from '../api/contract.ts';
import type { Disposable } from '../model/events.ts';
import type { GatewayStatus } from '../model/gateway.ts';
import { DisposableStore } from './disposableStore.ts';
import type { FailureMessages } from './failureMessages.ts';
import { Listeners } from './listeners.ts';

/** Knows whether programs can reach the board, for the faces that show it, and passes on what its settings say. */
export class GatewayWatch implements Disposable {
  readonly #disposables = new DisposableStore();
  readonly #listeners = new Listeners<GatewayStatus>();
  #status: GatewayStatus = { url: null, port: null };

  constructor(kandev: Kandev, failures: FailureMessages) {
    this.#disposables.add(
      kandev.subscribe('gateway.changed', ({ data }) => {
        if ('status' in data) this.#take(data.status);
      }),
    );
    kandev.query('gateway', {}).then(
      (status) => {
        this.#take(status);
      },
      () => undefined,
    );
    this.#disposables.add(
      workspace.onDidChangeConfiguration((change) => {
        if (!change.affectsConfiguration('kandev.gateway')) return;
        void failures.guard(() => kandev.execute('gateway.reconfigure', {}));
      }),
    );
  }

  get status(): GatewayStatus {
    return this.#status;
  }

  onDidChange(listener: (status: GatewayStatus) => void): Disposable {
    return this.#listeners.add(listener);
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  #take(status: GatewayStatus): void {
    this.#status = status;
    void commands.executeCommand('setContext', 'kandev.gatewayOn', status.url !== null);
    this.#listeners.fire(status);
  }
}
