import { l10n } from 'vscode';
import type { EngineStatus } from '../model/engine.ts';

/** "Docker 20.10.24 at unix:///var/run/docker.sock"; the failure where it does not answer. */
export function engineSummary({ engine, endpoint, failure }: EngineStatus): string {
  return failure ? failure.message : l10n.t('{0} {1} at {2}', engine.name, engine.version, endpoint);
}

/** All that there is to know of the engine, a line each. */
export function engineLines({ engine, endpoint, chosenBy }: EngineStatus): string[] {
  const place = [
    ...(endpoint === '' ? [] : [l10n.t('Endpoint: {0}', endpoint)]),
    ...(chosenBy === '' ? [] : [l10n.t('Chosen by: {0}', chosenBy)]),
  ];
  if (!engine) return place;
  return [
    ...place,
    l10n.t('Version: {0} {1}', engine.name, engine.version),
    l10n.t('CPUs: {0}', engine.cpus),
    l10n.t('Memory: {0} GB', (engine.memoryMb / 1024).toFixed(1)),
    l10n.t('Rootless: {0}', engine.rootless ? l10n.t('yes') : l10n.t('no')),
  ];
}
