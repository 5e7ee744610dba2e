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
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#remaining > 0) {
        const output = rest.subarray(0, this.#remaining);
        this.#remaining -= output.length;
        rest = rest.subarray(output.length);
        this.#onOutput(this.#type, output);
        continue;
      }
      const taken = rest.copy(this.#header, this.#headerFilled, 0, headerLength - this.#headerFilled);
      this.#headerFilled += taken;
      rest = rest.subarray(taken);
      if (this.#headerFilled < headerLength) return;
      this.#headerFilled = 0;
      this.#type = this.#header.readUInt8(0);
      this.#remaining = this.#header.readUInt32BE(4);
      this.#onFrame(this.#remaining);
    }
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
