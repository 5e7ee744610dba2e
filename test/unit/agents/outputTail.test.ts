import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutputTail } from '../../../src/agents/outputTail.ts';

describe('OutputTail', () => {
  it('keeps the whole of what is short', () => {
    const tail = new OutputTail(10);
    tail.append(Buffer.from('äb'));
    tail.append(Buffer.from('c'));
    expect(tail.toString()).toBe('äbc');
  });

  it('leaves out a character that the limit cuts', () => {
    const tail = new OutputTail(6);
    tail.append(Buffer.from('ab🦊cd'));
    expect(tail.toString()).toBe('🦊cd');
    tail.append(Buffer.from('e'));
    expect(tail.toString()).toBe('cde');
  });

  it('is the end of the text, whole characters, as much as fits, however it came', () => {
    const pieces = fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }), { maxLength: 10 });
    fc.assert(
      fc.property(pieces, fc.integer({ min: 4, max: 40 }), (texts, limit) => {
        const tail = new OutputTail(limit);
        for (const text of texts) tail.append(Buffer.from(text));
        const all = texts.join('');
        const kept = tail.toString();
        expect(all.endsWith(kept)).toBe(true);
        const size = Buffer.byteLength(kept);
        expect(size).toBeLessThanOrEqual(limit);
        if (Buffer.byteLength(all) > limit) expect(size).toBeGreaterThan(limit - 4);
        else expect(kept).toBe(all);
      }),
    );
  });
});
