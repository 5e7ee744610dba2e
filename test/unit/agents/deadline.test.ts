import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { orAborted, settledWithin } from '../../../src/agents/deadline.ts';
import { streamLines } from '../../../src/agents/streamLines.ts';

const never = new Promise<never>(() => undefined);

describe('orAborted', () => {
  it('is what the work is', async () => {
    const { signal } = new AbortController();
    expect(await orAborted(Promise.resolve(1), signal)).toBe(1);
    await expect(orAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
  });

  it("rejects with the signal's reason, also when that came first", async () => {
    const reason = new Error('stopped');
    const abort = new AbortController();
    const waiting = orAborted(never, abort.signal);
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(orAborted(Promise.reject(new Error('unheard')), abort.signal)).rejects.toBe(reason);
  });
});

describe('settledWithin', () => {
  it('says whether the work has settled', async () => {
    expect(await settledWithin(Promise.resolve(), 60_000)).toBe(true);
    expect(await settledWithin(Promise.reject(new Error('no')), 60_000)).toBe(true);
    expect(await settledWithin(never, 1)).toBe(false);
  });
});

describe('streamLines', () => {
  const silence = () => new Error('silence');

  it('puts lines together, whatever the pieces', async () => {
    const stream = new PassThrough();
    const bytes = Buffer.from('one\r\n\nzwölf\nlast');
    for (const byte of bytes) stream.write(Buffer.of(byte));
    stream.end();
    const lines: string[] = [];
    for await (const line of streamLines(stream, 60_000, silence)) lines.push(line.trim());
    expect(lines).toEqual(['one', 'zwölf', 'last']);
  });

  it('fails when nothing comes', async () => {
    const lines = streamLines(new PassThrough(), 1, silence);
    await expect(lines.next()).rejects.toThrow('silence');
  });

  it('ends the stream with the loop', async () => {
    const stream = new PassThrough();
    stream.write('one\n');
    for await (const line of streamLines(stream, 60_000, silence)) {
      expect(line).toBe('one');
      break;
    }
    if (!stream.closed) await once(stream, 'close');
    expect(stream.destroyed).toBe(true);
  });
});
