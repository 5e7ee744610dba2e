import type { Failure } from './failure.ts';

export interface EngineFacts {
  /** "Docker", "Podman". */
  name: string;
  version: string;
  cpus: number;
  memoryMb: number;
  /** The engine runs as the user, and not as root. */
  rootless: boolean;
}

/** An engine that can be chosen. */
export interface EngineChoice {
  /** What the setting `kandev.docker.host` would say; null for what is chosen without it. */
  setting: string | null;
  status: EngineStatus;
}

/** The container engine in use, and why this one. Either it answers, or there is a failure to tell. */
export type EngineStatus = {
  /** For example `unix:///var/run/docker.sock`. */
  endpoint: string;
  /** Where the endpoint comes from, in words: "setting kandev.docker.host", "context desktop-linux". */
  chosenBy: string;
} & ({ failure: Failure; engine: null } | { failure: null; engine: EngineFacts });
