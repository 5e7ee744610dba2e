import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type Dockerode from 'dockerode';
import * as v from 'valibot';
import type { EngineStatus } from '../model/engine.ts';
import { failureOf } from '../model/failure.ts';
import { orAborted } from './deadline.ts';
import { dial } from './dial.ts';
import { dialStdioAgent } from './dialStdio.ts';
import type { EngineEndpoint } from './endpoint.ts';
import { connectionFailure, notAnEngine, notAnswering, refusedFacts, stuck } from './engineFailure.ts';

/** What the engine is and can do, as far as launching a container depends on it. */
export interface EngineFacts {
  /** "Docker", "Docker Desktop", "Podman". */
  name: string;
  version: string;
  cpus: number;
  memoryMb: number;
  /** The engine runs as the user: its root is the user. */
  rootless: boolean;
  selinux: boolean;
  /** As Node names it: `x64`, `arm64`; anything else as the engine says it. */
  architecture: string;
  /** Which limits it can enforce; asking for another is an error. */
  limits: { cpu: boolean; memory: boolean; pids: boolean };
}

export interface CallOptions {
  /** 10 s unless told otherwise. */
  limitMs?: number;
  signal?: AbortSignal;
}

const usualLimitMs = 10_000;
const firstAnswerLimitMs = 5_000;

/** One container engine: every call has a time limit, and every failure to reach it has words. */
export class Engine {
  readonly endpoint: EngineEndpoint;
  #docker: Promise<Dockerode> | null = null;
  #facts: Promise<EngineFacts> | null = null;

  constructor(endpoint: EngineEndpoint) {
    this.endpoint = endpoint;
  }

  /**
   * Calls the engine.
   *
   * @param doing for the message when it takes too long: "removing container X"
   * @param run gets the signal that ends the call; what it streams ends with `options.signal`
   * @throws UserError when the engine cannot be reached or is stuck; the signal's reason; dockerode's error when the
   *   engine refused.
   */
  async call<T>(
    doing: string,
    run: (docker: Dockerode, abortSignal: AbortSignal) => Promise<T>,
    { limitMs = usualLimitMs, signal }: CallOptions = {},
  ): Promise<T> {
    return this.#limited(() => stuck(this.endpoint.endpoint, doing, limitMs), limitMs, signal, run);
  }

  /** What the engine is; asked once. Throws as `call` does. */
  async facts(signal?: AbortSignal): Promise<EngineFacts> {
    this.#facts ??= this.#askFacts();
    const facts = this.#facts;
    facts.catch(() => {
      if (this.#facts === facts) this.#facts = null;
    });
    return signal ? orAborted(facts, signal) : facts;
  }

  /** Asks whether the engine answers. Never rejects. */
  async status(): Promise<EngineStatus> {
    const { endpoint, chosenBy } = this.endpoint;
    this.#facts = null;
    try {
      const { name, version, cpus, memoryMb, rootless } = await this.facts();
      return { endpoint, chosenBy, failure: null, engine: { name, version, cpus, memoryMb, rootless } };
    } catch (error) {
      return { endpoint, chosenBy, failure: failureOf(error), engine: null };
    }
  }

  async #askFacts(): Promise<EngineFacts> {
    const { endpoint } = this.endpoint;
    const [info, version] = await this.#limited(
      () => notAnswering(endpoint),
      firstAnswerLimitMs,
      undefined,
      (docker, abortSignal) =>
        Promise.all(['/info', '/version'].map((path) => dial(docker, { method: 'GET', path, abortSignal }))),
    ).catch((error: unknown) => {
      throw refusedFacts(error, endpoint);
    });
    const facts = engineFacts(info, version);
    if (facts === null) throw notAnEngine(endpoint);
    return facts;
  }

  async #limited<T>(
    tooLate: () => Error,
    limitMs: number,
    signal: AbortSignal | undefined,
    run: (docker: Dockerode, abortSignal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const limit = new AbortController();
    const timer = setTimeout(() => {
      limit.abort(tooLate());
    }, limitMs);
    const abortSignal = signal ? AbortSignal.any([signal, limit.signal]) : limit.signal;
    try {
      this.#docker ??= connect(this.endpoint);
      return await orAborted(run(await this.#docker, abortSignal), abortSignal);
    } catch (error) {
      abortSignal.throwIfAborted();
      throw connectionFailure(error, this.endpoint.endpoint) ?? error;
    } finally {
      clearTimeout(timer);
    }
  }
}

async function connect({ connection }: EngineEndpoint): Promise<Dockerode> {
  // A tenth of a second, which an editor that starts no agent need not spend.
  const { default: Docker } = await import('dockerode');
  if (connection.kind === 'socket') {
    return withoutDockerHost(() => new Docker({ socketPath: connection.path }));
  }
  if (connection.kind === 'ssh') {
    const agent = dialStdioAgent(connection.host, process.env);
    // Where it goes says the agent; the name is for the header.
    const options = { protocol: 'http', host: 'docker', port: 80, agent } as const;
    return withoutDockerHost(() => new Docker(options));
  }
  const { host, port, tls } = connection;
  if (tls === null) return withoutDockerHost(() => new Docker({ protocol: 'http', host, port }));
  const [ca, cert, key] = await Promise.all(
    ['ca.pem', 'cert.pem', 'key.pem'].map((file) =>
      readFile(path.join(tls.folder, file)).catch(() => undefined),
    ),
  );
  return withoutDockerHost(() => new Docker({ protocol: 'https', host, port, ca, cert, key }));
}

/** docker-modem mixes this process's DOCKER_HOST into every connection, even into one that says where it goes. */
function withoutDockerHost<T>(make: () => T): T {
  const host = process.env.DOCKER_HOST;
  delete process.env.DOCKER_HOST;
  try {
    return make();
  } finally {
    if (host !== undefined) process.env.DOCKER_HOST = host;
  }
}

const infoSchema = v.object({
  NCPU: v.number(),
  MemTotal: v.fallback(v.number(), 0),
  SecurityOptions: v.fallback(v.array(v.string()), []),
  OperatingSystem: v.fallback(v.string(), ''),
  Architecture: v.fallback(v.string(), ''),
  MemoryLimit: v.fallback(v.boolean(), true),
  CpuCfsQuota: v.fallback(v.boolean(), true),
  PidsLimit: v.fallback(v.boolean(), true),
});
const versionSchema = v.object({
  Version: v.string(),
  Components: v.fallback(v.array(v.object({ Name: v.string() })), []),
});

const nodeArchitectures: Readonly<Record<string, string>> = { x86_64: 'x64', amd64: 'x64', aarch64: 'arm64' };

/** Reads the engine's answers to /info and /version, where engines leave out what they like; null if it is none. */
export function engineFacts(info: unknown, version: unknown): EngineFacts | null {
  const infoResult = v.safeParse(infoSchema, info);
  const versionResult = v.safeParse(versionSchema, version);
  if (!infoResult.success || !versionResult.success) return null;
  const facts = infoResult.output;
  const { Version, Components } = versionResult.output;
  const has = (option: string) =>
    facts.SecurityOptions.some((line) => line.split(',').includes(`name=${option}`));
  const isPodman = Components.some(({ Name }) => Name === 'Podman Engine');
  const isDesktop = facts.OperatingSystem === 'Docker Desktop';
  return {
    name: isPodman ? 'Podman' : isDesktop ? 'Docker Desktop' : 'Docker',
    version: Version,
    cpus: facts.NCPU,
    memoryMb: Math.floor(facts.MemTotal / 1024 ** 2),
    rootless: has('rootless'),
    selinux: has('selinux'),
    architecture: nodeArchitectures[facts.Architecture] ?? facts.Architecture,
    limits: { cpu: facts.CpuCfsQuota, memory: facts.MemoryLimit, pids: facts.PidsLimit },
  };
}
