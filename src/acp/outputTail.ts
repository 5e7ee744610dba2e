import { StringDecoder } from 'node:string_decoder';

/** Keeps the end of a text: never more bytes, in UTF-8, than its limit. The beginning is dropped, at a character. */
export class OutputTail {
  readonly #limit: number;
  readonly #decoder = new StringDecoder('utf8');
  /** Up to twice the limit, so that what is kept is moved only once for each limit's worth of output. */
  #bytes = Buffer.alloc(0);
  #length = 0;
  #truncated = false;

  constructor(limitBytes: number) {
    this.#limit = Math.max(0, Math.floor(limitBytes));
  }

  get truncated(): boolean {
    return this.#truncated || this.#length > this.#limit;
  }

  /** The end of the text. What is not UTF-8 reads as U+FFFD; a character that has only begun is not in it yet. */
  get text(): string {
    const start = characterStart(this.#bytes, Math.max(0, this.#length - this.#limit), this.#length);
    return this.#bytes.toString('utf8', start, this.#length);
  }

  /** Returns the text that these bytes complete. */
  write(bytes: Uint8Array): string {
    const text = this.#decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    this.append(text);
    return text;
  }

  /** Returns what of a character came before the end, as U+FFFD. */
  end(): string {
    const text = this.#decoder.end();
    this.append(text);
    return text;
  }

  append(text: string): void {
    const added = Buffer.from(text);
    if (added.length >= this.#limit) {
      this.#truncated ||= this.#length > 0;
      this.#bytes = added;
      this.#length = added.length;
      this.#trim();
      return;
    }
    if (this.#length + added.length > this.#limit * 2) this.#trim();
    this.#reserve(this.#length + added.length);
    added.copy(this.#bytes, this.#length);
    this.#length += added.length;
  }

  #reserve(needed: number): void {
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.min(Math.max(needed, this.#bytes.length * 2), this.#limit * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }

  /** Forgets what is no longer part of the end. */
  #trim(): void {
    const start = characterStart(this.#bytes, Math.max(0, this.#length - this.#limit), this.#length);
    if (start === 0) return;
    this.#truncated = true;
    this.#bytes = Buffer.from(this.#bytes.subarray(start, this.#length));
    this.#length = this.#bytes.length;
  }
}

/** The first place from `start` on that is not inside a character. */
function characterStart(bytes: Buffer, start: number, end: number): number {
  let place = start;
  while (place > 0 && place < end && ((bytes[place] ?? 0) & 0xc0) === 0x80) place += 1;
  return place;
}
