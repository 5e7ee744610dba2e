import { PassThrough } from 'node:stream';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { demultiplex, FrameParser } from '../../../src/agents/demultiplex.ts';

const stdout = 1;
const stderr = 2;

function frame(type: number, output: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(type, 0);
  header.writeUInt32BE(output.length, 4);
  return Buffer.concat([header, output]);
}

/** Cuts at the given places; an empty piece is a piece. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const edges = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
}

const frames = fc.array(fc.tuple(fc.constantFrom(stdout, stderr), fc.uint8Array({ maxLength: 300 })), {
  maxLength: 20,
});
const places = fc.array(fc.nat(), { maxLength: 30 });

describe('FrameParser', () => {
  it('gives each stream its bytes in their order, however they are cut', () => {
    fc.assert(
      fc.property(frames, places, (sent, cuts) => {
        const got = new Map<number, Buffer[]>([
          [stdout, []],
          [stderr, []],
        ]);
        const parser = new FrameParser((type, output) => got.get(type)?.push(output));
        for (const piece of cut(Buffer.concat(sent.map(([type, output]) => frame(type, output))), cuts)) {
          parser.push(piece);
        }
        for (const [type, pieces] of got) {
          const expected = sent.filter(([of]) => of === type).map(([, output]) => output);
          expect(Buffer.concat(pieces).equals(Buffer.concat(expected))).toBe(true);
        }
      }),
    );
  });

  it('hands on what it has of a frame whose end has not come', () => {
    const got: string[] = [];
    const parser = new FrameParser((_type, output) => got.push(output.toString()));
    parser.push(frame(stdout, Buffer.from('abcdef')).subarray(0, 11));
    expect(got).toEqual(['abc']);
  });
});

describe('demultiplex', () => {
  it('parts stdout from stderr and ends with its source', async () => {
    const source = new PassThrough();
    let errors = '';
    const { stdout: out } = demultiplex(source, (output) => {
      errors += output.toString();
    });
    source.write(frame(stdout, Buffer.from('one ')));
    source.write(frame(stderr, Buffer.from('oops')));
    source.end(frame(stdout, Buffer.from('two')));
    expect(Buffer.concat(await out.toArray()).toString()).toBe('one two');
    expect(errors).toBe('oops');
  });

  it('ends stdout, and fails nothing, when the source breaks', async () => {
    const source = new PassThrough();
    const { stdout: out, ended } = demultiplex(source, () => undefined);
    source.write(frame(stdout, Buffer.from('half')));
    await turnOfLoop();
    source.destroy(new Error('ECONNRESET'));
    expect(Buffer.concat(await out.toArray()).toString()).toBe('half');
    await ended;
  });

  it('stops taking from the source while nobody reads, and loses nothing', async () => {
    const source = new PassThrough();
    const { stdout: out } = demultiplex(source, () => undefined);
    const piece = Buffer.alloc(16 * 1024, 'x');
    let written = 0;
    // Until the source says it is full, or far more than any buffer was taken.
    while (written < 100 && source.write(frame(stdout, piece))) {
      written += 1;
      await turnOfLoop();
    }
    expect(written).toBeLessThan(20);
    source.end();
    expect(Buffer.concat(await out.toArray()).length).toBe((written + 1) * piece.length);
  });

  it('takes everything from the source once it drains, though nobody reads', async () => {
    const source = new PassThrough();
    const { ended, drain } = demultiplex(source, () => undefined);
    for (let index = 0; index < 100; index += 1) source.write(frame(stdout, Buffer.alloc(16 * 1024)));
    source.end();
    await turnOfLoop();
    expect(source.readableLength).toBeGreaterThan(0);
    drain();
    await ended;
  });
});
