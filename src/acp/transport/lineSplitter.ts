import { AcpError } from '../errors.ts';

/** A line may hold a whole file twice (a diff), but not the memory of the machine. */
export const defaultMaxLineBytes = 32 * 1024 * 1024;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
/** A buffer that one huge line has grown is given back above this size. */
const keptCapacity = 1024 * 1024;

/**
 * Cuts a stream of bytes into lines. A line is decoded as a whole, so that a chunk may end inside a character.
 * Each byte is looked at once and copied a bounded number of times, however small the chunks are.
 */
export class LineSplitter {
  readonly #maxBytes: number;
  #partial = Buffer.alloc(0);
  #length = 0;
  #consumed = 0;

  constructor(maxLineBytes: number) {
    this.#maxBytes = maxLineBytes;
  }

  /** How many bytes the lines so far had, with their line ends. */
  get consumed(): number {
    return this.#consumed;
  }

  /**
   * The lines that this chunk completes, without their line ends.
   * @throws AcpError `line-too-long`, after the lines before it; the splitter is of no use afterwards.
   */
  *push(chunk: Buffer): Generator<string> {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      this.#consumed += this.#length + end - start + 1;
      yield this.#complete(chunk.subarray(start, end));
      start = end + 1;
    }
    this.#hold(chunk.subarray(start));
  }

  /** What came after the last line end, or null. */
  flush(): string | null {
    this.#consumed += this.#length;
    return this.#length > 0 ? this.#complete(Buffer.alloc(0)) : null;
  }

  #complete(rest: Buffer): string {
    this.#checkLength(rest.length);
    if (this.#length === 0) return decode(rest);
    this.#hold(rest);
    const line = decode(this.#partial.subarray(0, this.#length));
    this.#length = 0;
    if (this.#partial.length > keptCapacity) this.#partial = Buffer.alloc(0);
    return line;
  }

  #hold(part: Buffer): void {
    this.#checkLength(part.length);
    const needed = this.#length + part.length;
    if (needed > this.#partial.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#partial.length * 2));
      this.#partial.copy(larger, 0, 0, this.#length);
      this.#partial = larger;
    }
    part.copy(this.#partial, this.#length);
    this.#length = needed;
  }

  #checkLength(added: number): void {
    if (this.#length + added <= this.#maxBytes) return;
    throw new AcpError(
      'line-too-long',
      `The agent sent a message of more than ${this.#maxBytes} bytes in one line.`,
    );
  }
}

function decode(line: Buffer): string {
  const end = line[line.length - 1] === carriageReturn ? line.length - 1 : line.length;
  return line.toString('utf8', 0, end);
}
