import type { NetworkAccess } from './networkAccess.ts';

/** What the container of a run may use. */
export interface Resources {
  cpus: number;
  memoryMb: number;
  /** Processes and threads at the same time. */
  pids: number;
  network: NetworkAccess;
}

/** What a card's runs get otherwise than their agent type says. */
export type ResourceChanges = { readonly [Name in keyof Resources]?: Resources[Name] | undefined };

/** A fork bomb ends here; the largest agents need some 100. */
export const usualPids = 512;

/** Fewer and an agent cannot start. */
export const leastPids = 16;
export const leastCpus = 0.1;
/** In megabytes: less and node, which most agents are made of, does not start. */
export const leastMemoryMb = 64;

/** What an agent type says, with what a card says instead. */
export function withResources(resources: Resources, changes: ResourceChanges | null): Resources {
  const { cpus, memoryMb, pids, network } = changes ?? {};
  return {
    cpus: cpus ?? resources.cpus,
    memoryMb: memoryMb ?? resources.memoryMb,
    pids: pids ?? resources.pids,
    network: network ?? resources.network,
  };
}
