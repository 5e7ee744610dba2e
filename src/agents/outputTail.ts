/** Keeps the end of what a process writes. */
export class OutputTail {
  readonly #limit: number;
  #bytes = Buffer.alloc(0);

  /** @param limit in bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  append(output: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, output]).subarray(-this.#limit);
  }

  /** The end as text; a character that the limit cuts in two is left out. */
  toString(): string {
    let start = 0;
    // 10xxxxxx continues a character of UTF-8; there are at most three of them.
    while (start < 3 && ((this.#bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
    return this.#bytes.toString('utf8', start);
  }
}
