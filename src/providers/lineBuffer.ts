/** A line longer than this is written in pieces: an agent need not ever end one. */
const maxLine = 4000;

/** Makes whole lines of chunks, for several writers at once. */
export class LineBuffer {
  readonly #write: (key: string, line: string) => void;
  readonly #rest = new Map<string, string>();

  constructor(write: (key: string, line: string) => void) {
    this.#write = write;
  }

  add(key: string, chunk: string): void {
    const lines = ((this.#rest.get(key) ?? '') + chunk).split('\n');
    const rest = lines.pop() ?? '';
    for (const line of lines) this.#write(key, line);
    this.#rest.set(key, rest);
    if (rest.length > maxLine) this.flush(key);
  }

  /** Writes what has no line end yet. */
  flush(key: string): void {
    const rest = this.#rest.get(key);
    this.#rest.delete(key);
    if (rest !== undefined && rest !== '') this.#write(key, rest);
  }
}
