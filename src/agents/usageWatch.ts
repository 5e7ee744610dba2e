import { followStats, type ContainerUsage } from './containerStats.ts';
import type { Engine } from './engine.ts';

/** How long measuring goes on after somebody has last asked. */
const lookMs = 6_000;

interface Followed {
  usage: ContainerUsage | null;
  stop: AbortController;
}

/**
 * What containers use, as long as somebody asks: the first question begins to measure, one stream a container, and it
 * ends a few seconds after the last. Whoever looks asks again and again; who is gone need not say so.
 */
export class UsageWatch {
  readonly #followed = new Map<string, Followed>();
  #timer: NodeJS.Timeout | null = null;

  /** What is known of these containers; those that are new are measured from now on, the others no more. */
  look(engine: Engine, containerIds: readonly string[]): Map<string, ContainerUsage> {
    for (const [id, followed] of this.#followed) {
      if (containerIds.includes(id)) continue;
      followed.stop.abort();
      this.#followed.delete(id);
    }
    for (const id of containerIds) if (!this.#followed.has(id)) this.#follow(engine, id);
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.stop();
    }, lookMs);
    this.#timer.unref();
    const known = new Map<string, ContainerUsage>();
    for (const [id, { usage }] of this.#followed) if (usage) known.set(id, usage);
    return known;
  }

  /** How many containers are being measured. */
  get size(): number {
    return this.#followed.size;
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    for (const { stop } of this.#followed.values()) stop.abort();
    this.#followed.clear();
  }

  #follow(engine: Engine, id: string): void {
    const followed: Followed = { usage: null, stop: new AbortController() };
    this.#followed.set(id, followed);
    const keep = (usage: ContainerUsage): void => {
      followed.usage = usage;
    };
    void followStats(engine, id, keep, followed.stop.signal).then(() => {
      // The next question tries again, should it still be there.
      if (this.#followed.get(id) === followed) this.#followed.delete(id);
    });
  }
}
