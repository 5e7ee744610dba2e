import * as v from 'valibot';

const lineSchema = v.object({
  id: v.optional(v.string()),
  status: v.optional(v.string()),
  error: v.optional(v.string()),
  progressDetail: v.optional(v.object({ current: v.optional(v.number()), total: v.optional(v.number()) })),
});

/** One line of what the engine streams while it pulls or imports. */
export type PullLine = v.InferOutput<typeof lineSchema>;

/** The line, or null where it is not one: newer engines add kinds of their own. */
export function parsePullLine(text: string): PullLine | null {
  try {
    const result = v.safeParse(lineSchema, JSON.parse(text));
    return result.success ? result.output : null;
  } catch {
    return null;
  }
}

interface Layer {
  /** From 0 to 1; downloading is the first part, unpacking the rest. */
  done: number;
  bytes: number;
}

const downloadShare = 0.7;

/** Adds up the layers of one pull. */
export class PullProgress {
  readonly #layers = new Map<string, Layer>();

  add({ id, status, progressDetail }: PullLine): void {
    if (id === undefined || status === undefined) return;
    const { current = 0, total = 0 } = progressDetail ?? {};
    const fraction = total > 0 ? Math.min(current / total, 1) : 0;
    const before = this.#layers.get(id);
    const bytes = before?.bytes ?? 0;
    switch (status) {
      case 'Pulling fs layer':
      case 'Waiting':
        this.#layers.set(id, { done: before?.done ?? 0, bytes });
        break;
      case 'Downloading':
        this.#layers.set(id, { done: fraction * downloadShare, bytes: current });
        break;
      case 'Verifying Checksum':
      case 'Download complete':
        this.#layers.set(id, { done: downloadShare, bytes });
        break;
      case 'Extracting':
        this.#layers.set(id, {
          done: downloadShare + fraction * (1 - downloadShare),
          bytes: Math.max(bytes, total),
        });
        break;
      case 'Already exists':
      case 'Pull complete':
        this.#layers.set(id, { done: 1, bytes });
        break;
    }
  }

  /** Of all layers alike: the size of a layer is only known when its download begins. */
  get percent(): number {
    if (this.#layers.size === 0) return 0;
    let done = 0;
    for (const layer of this.#layers.values()) done += layer.done;
    return Math.floor((done / this.#layers.size) * 100);
  }

  /** How much has come over the network. */
  get megabytes(): number {
    let bytes = 0;
    for (const layer of this.#layers.values()) bytes += layer.bytes;
    return bytes / 1e6;
  }

  /** "43 % (31 MB)" */
  toString(): string {
    const size = this.megabytes < 10 ? this.megabytes.toFixed(1) : this.megabytes.toFixed(0);
    return `${this.percent} % (${size} MB)`;
  }
}
