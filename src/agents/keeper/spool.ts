const blockBytes = 64 * 1024;

/**
 * The end of a stream of bytes, by their place in the whole of it: what was appended and not dropped yet. Kept in
 * memory, because a tmpfs of the container counts against the same limit, and a volume would have to be made by root.
 */
export class Spool {
  /** The block `n` holds the bytes from `n * blockBytes` on. */
  readonly #blocks = new Map<number, Buffer>();
  #start = 0;
  #end = 0;

  /** The first byte that is still there. */
  get start(): number {
    return this.#start;
  }

  /** How many bytes there were so far. */
  get end(): number {
    return this.#end;
  }

  get size(): number {
    return this.#end - this.#start;
  }

  append(bytes: Buffer): void {
    for (let rest = bytes; rest.length > 0;) {
      const number = Math.floor(this.#end / blockBytes);
      const block = this.#blocks.get(number) ?? Buffer.allocUnsafeSlow(blockBytes);
      this.#blocks.set(number, block);
      const copied = rest.copy(block, this.#end % blockBytes);
      this.#end += copied;
      rest = rest.subarray(copied);
    }
  }

  /** Some of the bytes from `offset` on; none where there are none yet. What is returned never changes. */
  read(offset: number): Buffer {
    const number = Math.floor(offset / blockBytes);
    const block = this.#blocks.get(number);
    if (block === undefined || offset < this.#start) return Buffer.alloc(0);
    return block.subarray(offset % blockBytes, Math.min(blockBytes, this.#end - number * blockBytes));
  }

  /** The bytes before `offset` are not needed any more. */
  drop(offset: number): void {
    const to = Math.min(offset, this.#end);
    for (let number = Math.floor(this.#start / blockBytes); number < Math.floor(to / blockBytes); number++) {
      this.#blocks.delete(number);
    }
    this.#start = Math.max(this.#start, to);
  }
}
