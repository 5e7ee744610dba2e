import { workspace } from 'vscode';
import type { GatewaySettings } from '../model/gateway.ts';
import {
  optionDefaultsOf,
  type AgentCardRules,
  type HostSettings,
  type OptionDefaults,
  type WorkspaceSettings,
  type RunRules,
} from '../model/settings.ts';
import type { SecretEnvironment } from './secretEnvironment.ts';

/** The `kandev.*` settings of VS Code. */
export class Settings implements HostSettings {
  readonly #environment: SecretEnvironment;

  constructor(environment: SecretEnvironment) {
    this.#environment = environment;
  }

  folder(): string | null {
    return workspace.workspaceFolders?.[0]?.uri.fsPath ?? null;
  }

  dockerHost(): string | null {
    const value = read('docker.host', '').trim();
    return value === '' ? null : value;
  }

  gitPath(): string | null {
    // A workspace cannot set it: its scope is the machine. Of several, VS Code takes the first that is there.
    const value = workspace.getConfiguration('git').get<unknown>('path');
    const paths: unknown[] = Array.isArray(value) ? value : [value];
    return paths.find((path): path is string => typeof path === 'string' && path !== '') ?? null;
  }

  workspace(): WorkspaceSettings {
    return {
      setupScript: read('workspace.setupScript', '').trim(),
      setupLimitSeconds: read('workspace.setupTimeout', 600),
      copyFiles: textsIn(read<unknown>('workspace.copyFiles', [])),
      exclude: textsIn(read<unknown>('workspace.exclude', [])),
    };
  }

  maxConcurrentRuns(): number {
    return read('maxConcurrentRuns', 3);
  }

  startTimeoutSeconds(): number {
    return read('startTimeout', 60);
  }

  whenClosed(): 'keepRunning' | 'stop' {
    return read('whenClosed', 'keepRunning');
  }

  keepContainerMinutes(): number {
    return read('keepContainerMinutes', 30);
  }

  runRules(): RunRules {
    return {
      retries: read('retry.count', 3),
      retryPauseSeconds: read('retry.pauseSeconds', 30),
      stallMinutes: read('stallMinutes', 5),
      turnLimitMinutes: read('turnLimitMinutes', 0),
      runLimitMinutes: read('runLimitMinutes', 0),
    };
  }

  agentCards(): AgentCardRules {
    return {
      perCard: read('agentCards.perCard', 10),
      depth: read('agentCards.depth', 1),
      mayStart: read('agentCards.mayStart', false),
    };
  }

  wireRecordDays(): number {
    return read('wireRecord.days', 30);
  }

  wireRecordMegabytes(): number {
    return read('wireRecord.megabytes', 500);
  }

  userAgents(): unknown {
    return read<unknown>('agents', []);
  }

  mcpServers(): unknown {
    return read<unknown>('mcpServers', []);
  }

  gateway(): GatewaySettings {
    return {
      enabled: read('gateway.enabled', false),
      port: read('gateway.port', 0),
      allowedOrigins: textsIn(read<unknown>('gateway.allowedOrigins', [])),
      requestsPerMinute: read('gateway.requestsPerMinute', 1200),
    };
  }

  /** Of what agents do: all of it, only what waits for the user, or nothing. */
  notifications(): 'all' | 'needsYou' | 'off' {
    return read('notifications', 'all');
  }

  acpTrace(): boolean {
    return read('acpTrace', true);
  }

  environment(
    names: readonly string[],
    fromHost: ReadonlySet<string>,
  ): Promise<Readonly<Record<string, string>>> {
    return this.#environment.values(names, fromHost);
  }

  hostVariables(names: readonly string[]): Promise<readonly string[]> {
    return this.#environment.fromHost(names);
  }

  optionDefaults(agentTypeId: string): OptionDefaults {
    return optionDefaultsOf(read<unknown>('agentDefaults', {}), agentTypeId);
  }
}

function textsIn(value: unknown): string[] {
  const texts: unknown[] = Array.isArray(value) ? value : [];
  return texts.filter((text): text is string => typeof text === 'string' && text !== '');
}

function read<T>(name: string, fallback: T): T {
  return workspace.getConfiguration('kandev').get(name, fallback);
}
