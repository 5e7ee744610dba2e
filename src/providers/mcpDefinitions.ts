import { EventEmitter, l10n, lm, McpHttpServerDefinition, Uri } from 'vscode';
import type { Kandev } from '../api/contract.ts';
import type { Disposable } from '../model/events.ts';
import { DisposableStore } from './disposableStore.ts';
import type { GatewayWatch } from './gatewayWatch.ts';

/** A token of VS Code's own is good for a day, and replaced long before. */
const replaceAfterMs = 12 * 60 * 60_000;

/**
 * Tells VS Code of the gateway's tools while it runs, so that its own models can use the board. They may not answer what
 * agents ask. VS Code asks the user whether it may start such a server, and before each tool.
 */
export function offerToModels(kandev: Kandev, gateway: GatewayWatch): Disposable {
  const store = new DisposableStore();
  const changed = store.add(new EventEmitter<void>());
  store.add(
    gateway.onDidChange(() => {
      changed.fire();
    }),
  );
  let issued: { token: string; at: number } | null = null;
  const token = async (): Promise<string> => {
    if (issued === null || Date.now() - issued.at > replaceAfterMs) {
      const request = {
        name: 'VS Code',
        scopes: ['read' as const, 'write' as const, 'run' as const],
        days: 1,
      };
      issued = { token: (await kandev.execute('gateway.createToken', request)).token, at: Date.now() };
    }
    return issued.token;
  };
  store.add(
    lm.registerMcpServerDefinitionProvider('kandev.board', {
      onDidChangeMcpServerDefinitions: changed.event,
      provideMcpServerDefinitions: () => {
        const { url } = gateway.status;
        return url === null
          ? []
          : [new McpHttpServerDefinition(l10n.t('Kandev board'), Uri.parse(`${url}/mcp`))];
      },
      resolveMcpServerDefinition: async (server) => {
        if (server instanceof McpHttpServerDefinition)
          server.headers = { Authorization: `Bearer ${await token()}` };
        return server;
      },
    }),
  );
  return store;
}
