import { PassThrough } from 'node:stream';
import { setImmediate as nextTick } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineSplitter } from '../../../src/acp/transport/lineSplitter.ts';
import { NdjsonReader, pauseDepth } from '../../../src/acp/transport/ndjsonReader.ts';
import type { NdjsonReaderOptions } from '../../../src/acp/transport/ndjsonReader.ts';

interface Reading {
  messages: unknown[];
  noise: string[];
  errors: Error[];
}

/** Feeds the chunks to a reader whose messages are handled at once, and ends the stream. */
async function read(chunks: readonly Uint8Array[], options: NdjsonReaderOptions = {}): Promise<Reading> {
  const source = new PassThrough();
  const reading: Reading = { messages: [], noise: [], errors: [] };
  const reader = new NdjsonReader(source, { onNoise: (line) => reading.noise.push(line), ...options });
  const closed = new Promise<void>((resolve) => reader.onClose(resolve));
  reader.onError((error) => reading.errors.push(error));
  reader.listen((message) => {
    reading.messages.push(message);
    queueMicrotask(() => {
      reader.handled();
    });
  });
  for (const chunk of chunks) source.write(chunk);
  source.end();
  await closed;
  return reading;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
const note = (value: unknown) => ({ jsonrpc: '2.0', method: 'note', params: { value } });
const line = (value: unknown): string => JSON.stringify(note(value));

describe('the reader', () => {
  test('case 1: a chunk may end inside a character', async () => {
    const whole = Buffer.from(`${line('naïve 🎉 日本')}\n`);
    for (let cut = 1; cut < whole.length; cut += 1) {
      const { messages } = await read([whole.subarray(0, cut), whole.subarray(cut)]);
      expect(messages).toEqual([note('naïve 🎉 日本')]);
    }
  });

  test('case 2: several messages a chunk, CRLF and blank lines', async () => {
    const { messages, noise } = await read([bytes(`${line(1)}\n${line(2)}\r\n\r\n\n  \n${line(3)}\r\n`)]);
    expect(messages).toEqual([note(1), note(2), note(3)]);
    expect(noise).toEqual([]);
  });

  test('case 3: a line of 10 MB arrives whole, also in small pieces', async () => {
    const text = 'x'.repeat(10_000_000);
    const whole = Buffer.from(`${line(text)}\n`);
    const pieces = Array.from({ length: Math.ceil(whole.length / 1000) }, (_, index) =>
      whole.subarray(index * 1000, (index + 1) * 1000),
    );
    expect((await read([whole])).messages).toEqual([note(text)]);
    expect((await read(pieces)).messages).toEqual([note(text)]);
  });

  test('case 3: a long line that comes byte by byte takes linear time', () => {
    const splitter = new LineSplitter(10_000_000);
    const byte = Buffer.from('x');
    // Copying all that is there for each byte would move 2 TB.
    for (let count = 0; count < 2_000_000; count += 1) splitter.push(byte).next();
    expect(splitter.flush()?.length).toBe(2_000_000);
  });

  test('case 3: a line over the cap is an error, after the messages before it', async () => {
    const { messages, errors } = await read([bytes(`${line(1)}\n${line('x'.repeat(200))}\n${line(2)}\n`)], {
      maxLineBytes: 100,
    });
    expect(messages).toEqual([note(1)]);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ reason: 'line-too-long' });
    expect(errors[0]?.message).toContain('100 bytes');
  });

  test('case 3: an endless line is an error before its end, and the stream is drained', async () => {
    const source = new PassThrough();
    const reader = new NdjsonReader(source, { maxLineBytes: 1000 });
    const failed = new Promise<Error>((resolve) => reader.onError(resolve));
    reader.listen(() => undefined);
    source.write('x'.repeat(2000));
    expect(await failed).toMatchObject({ reason: 'line-too-long' });
    const drained = new Promise((resolve) => source.once('end', resolve));
    source.end('x'.repeat(1_000_000));
    await drained;
  });

  test('case 4: noise is told apart and logged', async () => {
    const log = '{"level":30,"msg":"listening","type":"log"}';
    const { messages, noise } = await read([bytes(`Loading… 50%\n${line(1)}\n{"half\n${log}\n${line(2)}\n`)]);
    expect(messages).toEqual([note(1), note(2)]);
    expect(noise).toEqual(['Loading… 50%', '{"half', log]);
  });

  test('case 5: numbers, null, strings, booleans and arrays are not messages', async () => {
    const lines = ['5', 'null', '"text"', 'true', `[${line(1)}]`, '{}'];
    const { messages, noise } = await read([bytes(lines.join('\n'))]);
    expect(messages).toEqual([]);
    expect(noise).toEqual(lines);
  });

  test('case 6: the last line needs no end', async () => {
    expect((await read([bytes(`${line(1)}\n${line(2)}`)])).messages).toEqual([note(1), note(2)]);
  });

  test('invalid UTF-8 spoils its own line alone', async () => {
    const { messages } = await read([
      bytes(`${line(1)}\n`),
      Buffer.from([0xff, 0xfe, 0x0a]),
      bytes(`${line(2)}\n`),
    ]);
    expect(messages).toEqual([note(1), note(2)]);
  });

  test('a stream that had ended before is closed, too', async () => {
    const source = new PassThrough();
    source.resume().end();
    await new Promise((resolve) => source.once('end', resolve));
    const reader = new NdjsonReader(source);
    const closed = new Promise<void>((resolve) => reader.onClose(resolve));
    reader.listen(() => undefined);
    await closed;
  });

  test('case 10: the source is paused while messages wait, and nothing is lost', async () => {
    const source = new PassThrough();
    const reader = new NdjsonReader(source);
    const messages: unknown[] = [];
    const closed = new Promise<void>((resolve) => reader.onClose(resolve));
    reader.listen((message) => messages.push(message));
    const count = 5 * pauseDepth;
    const expected = Array.from({ length: count }, (_, index) => note(index));
    for (const message of expected) source.write(`${JSON.stringify(message)}\n`);
    source.end();
    while (!source.isPaused()) await nextTick();
    expect(messages).toHaveLength(1);

    const isOver = closed.then(() => true);
    while (!(await Promise.race([isOver, nextTick(false)]))) reader.handled();
    expect(messages).toEqual(expected);
  });
});

/** The bytes cut at the given places, which may lie anywhere. */
function cutAt(whole: Uint8Array, places: readonly number[]): Uint8Array[] {
  const cuts = [...new Set([0, ...places.map((place) => place % (whole.length + 1)), whole.length])].sort(
    (a, b) => a - b,
  );
  return cuts.slice(1).map((end, index) => whole.subarray(cuts[index], end));
}

describe('properties of the reader', () => {
  const places = fc.array(fc.nat(), { maxLength: 20 });
  const noiseLine = fc.string({ unit: 'grapheme' }).map((text) => `~${text.replaceAll(/[\r\n]/g, '')}`);
  const someLine = fc.oneof(
    fc.jsonValue({ noUnicodeString: false }).map((value) => ({ text: line(value), message: note(value) })),
    noiseLine.map((text) => ({ text, message: null })),
  );

  test('no valid message is lost or out of order, however the stream is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(someLine),
        fc.constantFrom('\n', '\r\n'),
        places,
        async (lines, end, cuts) => {
          const whole = bytes(lines.map(({ text }) => text + end).join(''));
          const { messages, errors } = await read(cutAt(whole, cuts));
          const expected = lines.flatMap(({ message }) => (message === null ? [] : [message]));
          expect(messages).toEqual(JSON.parse(JSON.stringify(expected)));
          expect(errors).toEqual([]);
        },
      ),
    );
  });

  test('random bytes neither throw nor hang, and spoil no message after them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), places, async (garbage, cuts) => {
        const whole = Buffer.concat([garbage, bytes(`\n${line('after')}\n`)]);
        const { messages } = await read(cutAt(whole, cuts));
        expect(messages.at(-1)).toEqual(note('after'));
      }),
    );
  });
});
