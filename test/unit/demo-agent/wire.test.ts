import { PassThrough, Writable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutInsideCharacters, Wire } from '../../../agents/demo/wire.ts';

test('nothing gets between the pieces of one write', async () => {
  const output = new PassThrough();
  const wire = new Wire(output);
  const pieces = [Buffer.from('a1 '), Buffer.from('a2 '), Buffer.from('a3 ')];
  await Promise.all([wire.write(pieces, 1), wire.write([Buffer.from('b ')]), wire.writeLine('c')]);
  expect(String(output.read())).toBe('a1 a2 a3 b c\n');
});

test('a write to a client that is gone rejects, and so do those after it', async () => {
  const output = new Writable({
    write: (_chunk, _encoding, done) => {
      done(new Error('EPIPE'));
    },
  });
  output.on('error', () => undefined);
  const wire = new Wire(output);
  await expect(wire.writeLine('one')).rejects.toThrow('EPIPE');
  await expect(wire.writeLine('two')).rejects.toThrow();
});

test('every character of several bytes is cut, and none is lost', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const pieces = cutInsideCharacters(text);
      expect(Buffer.concat(pieces).toString()).toBe(Buffer.from(text).toString());
      const multiByte = Array.from(text).filter((character) => Buffer.byteLength(character) > 1);
      expect(pieces).toHaveLength(multiByte.length + 1);
      for (const piece of pieces.slice(0, -1)) expect(Buffer.from(piece).toString()).toContain('\uFFFD');
    }),
  );
});
