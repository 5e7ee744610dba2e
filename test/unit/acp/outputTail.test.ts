import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OutputTail } from '../../../src/acp/outputTail.ts';

describe('case 40: the end of an output', () => {
  test('is the longest end of the text that fits, whatever the pieces', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.array(fc.nat(), { maxLength: 10 }),
        fc.nat({ max: 80 }),
        (text, places, limit) => {
          const bytes = Buffer.from(text);
          const tail = new OutputTail(limit);
          const cuts = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort(
            (a, b) => a - b,
          );
          let start = 0;
          let told = '';
          for (const cut of cuts) {
            told += tail.write(bytes.subarray(start, cut));
            start = cut;
          }
          told += tail.end();
          expect(told).toBe(text);
          expect(Buffer.byteLength(tail.text)).toBeLessThanOrEqual(limit);
          expect(tail.text).toBe(longestEnd(text, limit));
          expect(tail.truncated).toBe(bytes.length > limit);
        },
      ),
    );
  });

  test('bytes that are no UTF-8 do not make it longer than its limit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat({ max: 40 }), (bytes, limit) => {
        const tail = new OutputTail(limit);
        tail.write(bytes);
        tail.end();
        expect(Buffer.byteLength(tail.text)).toBeLessThanOrEqual(limit);
      }),
    );
  });

  test('a character that has only begun is not shown yet', () => {
    const tail = new OutputTail(100);
    const bytes = Buffer.from('a🎉');
    expect(tail.write(bytes.subarray(0, 3))).toBe('a');
    expect(tail.text).toBe('a');
    expect(tail.write(bytes.subarray(3))).toBe('🎉');
    expect(tail.text).toBe('a🎉');
  });

  test('a long output in small pieces takes linear time and bounded memory', () => {
    const tail = new OutputTail(1_000_000);
    const piece = Buffer.from('0123456789');
    // Moving all that is kept for each piece would copy 300 GB.
    for (let count = 0; count < 400_000; count += 1) tail.write(piece);
    expect(tail.text.length).toBe(1_000_000);
    expect(tail.truncated).toBe(true);
  });
});

function longestEnd(text: string, limit: number): string {
  const characters = Array.from(text);
  let start = characters.length;
  let bytes = 0;
  while (start > 0) {
    bytes += Buffer.byteLength(characters[start - 1] ?? '');
    if (bytes > limit) break;
    start -= 1;
  }
  return characters.slice(start).join('');
}
