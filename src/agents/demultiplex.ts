import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';

const headerLength = 8;
const stdoutType = 1;

/**
 * Takes apart what the engine sends for a container without a TTY: frames of a type (1 is stdout, 2 stderr), three
 * empty bytes, a length of four bytes, and that many bytes of output.
 */
export class FrameParser {
  readonly #header = Buffer.alloc(headerLength);
  #headerFilled = 0;
  #type = 0;
  #remaining = 0;
  readonly #onOutput: (type: number, output: Buffer) => void;
  readonly #onFrame: (length: number) => void;

  /**
   * @param onOutput gets the output as it comes, also in parts of a frame
   * @param onFrame is told the length of each frame before
   */
  constructor(
    onOutput: (type: number, output: Buffer) => void,
    onFrame: (length: number) => void = () => undefined,
  ) {
    this.#onOutput = onOutput;
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    // Small frames come by the hundred in one chunk: what each costs here is most of what reading them costs.
    for (let at = 0; at < chunk.length;) {
      if (this.#remaining > 0) {
        const end = Math.min(chunk.length, at + this.#remaining);
        this.#remaining -= end - at;
        this.#onOutput(this.#type, chunk.subarray(at, end));
        at = end;
      } else if (this.#headerFilled === 0 && chunk.length - at >= headerLength) {
        this.#begin(chunk, at);
        at += headerLength;
      } else {
        const taken = chunk.copy(
          this.#header,
          this.#headerFilled,
          at,
          at + headerLength - this.#headerFilled,
        );
        this.#headerFilled += taken;
        at += taken;
        if (this.#headerFilled < headerLength) return;
        this.#headerFilled = 0;
        this.#begin(this.#header, 0);
      }
    }
  }

  #begin(bytes: Buffer, at: number): void {
    this.#type = bytes[at] ?? 0;
    this.#remaining = bytes.readUInt32BE(at + 4);
    this.#onFrame(this.#remaining);
  }
}

export interface Demultiplexed {
  /** Ends with the source, also when that breaks. */
  stdout: Readable;
  /** Settles when the source has ended and all of it was taken apart. */
  ended: Promise<void>;
  /** From now on stdout is thrown away: a stream that nobody reads would hang the engine. */
  drain: () => void;
}

/** Splits a container's stream in two. When stdout is not read the source is paused, and with it the agent. */
export function demultiplex(source: Readable, onStderr: (output: Buffer) => void): Demultiplexed {
  let draining = false;
  const stdout = new Readable({
    read() {
      source.resume();
    },
  });
  // Small frames come by the hundred in one chunk, and handing them on one by one costs more than putting them together.
  let parts: Buffer[] = [];
  const parser = new FrameParser((type, output) => {
    // 3 is an error of the engine's own.
    if (type !== stdoutType) onStderr(output);
    else if (!draining) parts.push(output);
  });
  source.on('data', (chunk: Buffer) => {
    parser.push(chunk);
    const [first] = parts;
    if (first === undefined) return;
    const output = parts.length === 1 ? first : Buffer.concat(parts);
    parts = [];
    if (!stdout.push(output)) source.pause();
  });
  // A broken connection is an end too; the exit of the container tells the rest.
  const ended = finished(source, { writable: false }).catch(() => undefined);
  void ended.then(() => {
    stdout.push(null);
  });
  return {
    stdout,
    ended,
    drain: () => {
      draining = true;
      source.resume();
    },
  };
}
