import { setTimeout as sleep } from 'node:timers/promises';

/**
 * The agent's stdout. Everything that leaves goes through here, the SDK's messages and a script's raw bytes, one
 * write after the other, so that each stands exactly where it was sent.
 */
export class Wire {
  private readonly output: NodeJS.WritableStream;
  private tail: Promise<void> = Promise.resolve();

  constructor(output: NodeJS.WritableStream) {
    this.output = output;
  }

  /** For the SDK's `ndJsonStream`, which hands over one whole line a chunk. */
  get writable(): WritableStream<Uint8Array> {
    return new WritableStream({ write: (line) => this.write([line]) });
  }

  /**
   * Writes the pieces with a pause between each two, and nothing else in between.
   * Resolves when the last is written; rejects when the client is gone.
   */
  write(pieces: readonly Uint8Array[], pauseMs = 0): Promise<void> {
    const written = this.tail.then(async () => {
      for (const [index, piece] of pieces.entries()) {
        if (index > 0) await sleep(pauseMs);
        await this.writePiece(piece);
      }
    });
    this.tail = written.catch(() => undefined);
    return written;
  }

  /** Writes a line that need not be a message. */
  writeLine(line: string): Promise<void> {
    return this.write([Buffer.from(`${line}\n`)]);
  }

  private writePiece(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.output.write(bytes, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }
}

/** Cuts UTF-8 inside every character of more than one byte, right after its first byte. */
export function cutInsideCharacters(text: string): Uint8Array[] {
  const bytes = Buffer.from(text);
  const pieces: Uint8Array[] = [];
  let start = 0;
  for (const [index, byte] of bytes.entries()) {
    const leadsMultiByte = byte >= 0xc0;
    if (!leadsMultiByte) continue;
    pieces.push(bytes.subarray(start, index + 1));
    start = index + 1;
  }
  pieces.push(bytes.subarray(start));
  return pieces;
}
