import { workspace } from 'vscode';
import type { HostSettings } from '../model/settings.ts';

/** The `kandev.*` settings of VS Code. */
export class Settings implements HostSettings {
  readonly #environment: NodeJS.ProcessEnv;

  constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment;
  }

  folder(): string | null {
    return workspace.workspaceFolders?.[0]?.uri.fsPath ?? null;
  }

  dockerHost(): string | null {
    const value = read('docker.host', '').trim();
    return value === '' ? null : value;
  }

  maxConcurrentRuns(): number {
    return read('maxConcurrentRuns', 3);
  }

  startTimeoutSeconds(): number {
    return read('startTimeout', 60);
  }

  keepContainerMinutes(): number {
    return read('keepContainerMinutes', 30);
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

  acpTrace(): boolean {
    return read('acpTrace', true);
  }

  environment(names: readonly string[]): Readonly<Record<string, string>> {
    return Object.fromEntries(
      names.flatMap((name) => {
        const value = this.#environment[name];
        return value === undefined ? [] : [[name, value] as const];
      }),
    );
  }
}

function read<T>(name: string, fallback: T): T {
  return workspace.getConfiguration('kandev').get(name, fallback);
}
