import { PassThrough, Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NdjsonWriter } from '../../../src/acp/transport/ndjsonWriter.ts';

function message(value: unknown) {
  return { jsonrpc: '2.0', method: 'note', params: { value } };
}

describe('the writer', () => {
  test('case 7: no raw newline goes out, whatever is written', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom('\n', '\r', '\u2028', '\u2029', '"', '\\', 'x', '\ud800') }),
        async (text) => {
          const target = new PassThrough();
          await new NdjsonWriter(target).write(message(text));
          const written = (target.read() as Buffer).toString();
          expect(written.endsWith('\n')).toBe(true);
          expect(written.slice(0, -1)).not.toMatch(/[\r\n]/);
          expect(JSON.parse(written)).toEqual(message(text));
        },
      ),
    );
  });

  test('case 8: one write at a time, in order, each only when the one before has left', async () => {
    const arrived: string[] = [];
    const releases: (() => void)[] = [];
    let arrival: () => void = () => undefined;
    const target = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, done) {
        arrived.push(chunk.toString());
        releases.push(done);
        arrival();
      },
    });
    const writer = new NdjsonWriter(target);
    const count = 50;
    const written = Array.from({ length: count }, (_, index) => writer.write(message(index)));
    for (let index = 0; index < count; index += 1) {
      if (arrived.length === index) await new Promise<void>((resolve) => (arrival = resolve));
      expect(target.writableLength).toBe(arrived.at(-1)?.length);
      releases[index]?.();
    }
    await Promise.all(written);
    expect(arrived.map((text) => JSON.parse(text) as unknown)).toEqual(
      Array.from({ length: count }, (_, index) => message(index)),
    );
  });

  test('a write to a stream that is gone is refused, and hurts no one else', async () => {
    const target = new PassThrough();
    const writer = new NdjsonWriter(target);
    target.destroy();
    await expect(writer.write(message(1))).rejects.toThrow();
    await expect(writer.write(message(2))).rejects.toThrow();
  });

  test('cancellations go out as ACP names them', async () => {
    const target = new PassThrough();
    const cancel = { jsonrpc: '2.0', method: '$/cancelRequest', params: { id: 7 } };
    await new NdjsonWriter(target).write(cancel);
    expect(JSON.parse(String(target.read()))).toEqual({
      jsonrpc: '2.0',
      method: '$/cancel_request',
      params: { requestId: 7 },
    });
  });
});
