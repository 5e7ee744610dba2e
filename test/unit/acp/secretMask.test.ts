import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineMask } from '../../../src/acp/lineMask.ts';
import { SecretMask } from '../../../src/acp/secretMask.ts';
import { StreamMask } from '../../../src/acp/streamMask.ts';

const secret = 'tok-"Zq7\\x+/ä91';
const mask = new SecretMask([secret]);

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('a secret in other spellings', () => {
  it.each([
    ['as it is', secret],
    ['in JSON', JSON.stringify({ a: secret })],
    ['in JSON in JSON', JSON.stringify({ a: JSON.stringify({ secret }) })],
    ['in a URL', `https://example.org/?q=${encodeURIComponent(secret)}`],
    ['in hexadecimal', Buffer.from(secret).toString('hex')],
    ['in base64', base64(secret)],
    ['in base64 with a line end', base64(`${secret}\n`)],
    ['in base64 behind a name', base64(`ann:${secret}`)],
    ['in base64 behind another one', base64(`anne:${secret}:x`)],
    ['in base64 for URLs', Buffer.from(secret).toString('base64url')],
  ])('%s is masked', (_how, text) => {
    const masked = mask.mask(text);
    expect(masked).toContain('[redacted]');
    // Of what is left, nothing tells more than a few bits of it.
    for (let at = 0; at + 6 <= text.length; at++) {
      const piece = text.slice(at, at + 6);
      const decoded = Buffer.from(piece, 'base64').toString();
      if (secret.includes(piece) || (decoded.length > 3 && secret.includes(decoded))) {
        expect(masked).not.toContain(piece);
      }
    }
  });

  it('is masked in base64 that is broken over lines, also as JSON writes them', () => {
    const long = 'k'.repeat(20) + 'Zx93-'.repeat(20);
    const lines = base64(long).match(/.{1,76}/g) ?? [];
    const longMask = new SecretMask([long]);
    expect(lines.length).toBeGreaterThan(1);
    for (const ending of ['\n', '\r\n', '\\n', '\\r\\n', '\\\\n']) {
      expect(longMask.mask(`<${lines.join(ending)}>`)).toMatch(/^<\[redacted\].{0,4}>$/);
    }
  });
});

describe('a text in pieces', () => {
  it('never shows a secret, however it is cut, and loses nothing else', () => {
    const word = fc.constantFrom(secret, base64(secret), 'tok-', 'tok-"Zq7', ' the end ', 'ä');
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 9 })),
        (words, cuts) => {
          const text = words.join(' ');
          const stream = new StreamMask(mask);
          const shown = piecesOf(text, cuts).map((piece) => stream.push(piece));
          const told = shown.join('') + stream.flush();
          expect(told.includes(secret) || told.includes(base64(secret))).toBe(false);
          // The first letters of a secret that comes letter by letter are let through, before the mask.
          const exact = text.replaceAll(secret, '#').replaceAll(base64(secret), '#');
          const plain = told.replaceAll(/.{0,3}\[redacted\]/gs, '#');
          if (!words.some((one) => one.startsWith('tok-') && one !== secret)) {
            expect(plain.replaceAll(/[^#]/g, '')).toHaveLength(exact.replaceAll(/[^#]/g, '').length);
          }
          if (words.every((one) => one === ' the end ' || one === 'ä')) expect(told).toBe(text);
        },
      ),
    );
  });

  it('does not show the rest of a secret that comes after it was interrupted', () => {
    for (let at = 1; at < secret.length; at += 1) {
      const stream = new StreamMask(mask);
      const told = [
        stream.push(`It is ${secret.slice(0, at)}`) + stream.flush(),
        stream.push(secret.slice(at)),
        stream.push(' there'),
      ];
      expect(told.join('|')).toMatch(/^It is .{0,7}(\[redacted\])?\|(\[redacted\])?\| there$/s);
      expect(told.join('')).not.toContain(secret.slice(-5));
    }
    const other = new StreamMask(mask);
    expect(other.push(secret.slice(0, 6)) + other.flush() + other.push('!')).toBe(`${secret.slice(0, 6)}!`);
  });

  it('is let through at once where no secret could begin', () => {
    const stream = new StreamMask(mask);
    expect(stream.push('hello tok')).toBe('hello tok');
    expect(stream.push('-"Z')).toBe('');
    expect(stream.push('oo')).toBe('-"Zoo');
  });
});

describe('lines of the protocol', () => {
  const chunk = (text: string, kind = 'agent_message_chunk'): string =>
    JSON.stringify({
      jsonrpc: '2.0',
      method: 'session/update',
      params: { sessionId: 's', update: { sessionUpdate: kind, content: { type: 'text', text } } },
    });

  function lines(...given: string[]): string[] {
    const kept: string[] = [];
    const masked = new LineMask(mask, (direction, line) => kept.push(`${direction} ${line}`));
    for (const line of given) masked.push('in', line);
    masked.flush();
    return kept;
  }

  it('stay as they are, in their order, where there is no secret', () => {
    const all = [chunk('tok-"'), '{"jsonrpc":"2.0","id":1,"result":{}}', chunk('en'), 'noise'];
    expect(lines(...all)).toEqual(all.map((line) => `in ${line}`));
  });

  it('do not show a secret that comes in several of them', () => {
    for (const size of [1, 2, 3, 5, 8]) {
      const pieces = secret.match(new RegExp(`.{1,${size}}`, 'gsu')) ?? [];
      const kept = lines(chunk('It is '), ...pieces.map((piece) => chunk(piece)), chunk('.'));
      const text = kept
        .map(
          (line) =>
            (JSON.parse(line.slice(3)) as { params: { update: { content: { text: string } } } }).params,
        )
        .map(({ update }) => update.content.text)
        .join('');
      expect(text).toMatch(/^It is .{0,3}\[redacted\]\.$/s);
    }
  });

  it('do not show the rest of one that comes when nobody waited for it any more', () => {
    const kept: string[] = [];
    const masked = new LineMask(mask, (_direction, line) => kept.push(line));
    masked.push('in', chunk(`It is ${secret.slice(0, 9)}`));
    masked.flush();
    masked.push('in', chunk(`${secret.slice(9)}.`));
    masked.flush();
    expect(kept.join('\n')).not.toContain(JSON.stringify(secret.slice(9)).slice(1, -1));
    expect(kept[1]).toContain('[redacted].');
  });

  it('do not wait for ever', () => {
    const kept: string[] = [];
    const masked = new LineMask(mask, (_direction, line) => kept.push(line));
    masked.push('in', chunk('tok-"Zq'));
    expect(kept).toEqual([]);
    for (let count = 0; count < 100; count++) masked.push('in', `{"n":${count}}`);
    expect(kept.length).toBeGreaterThan(60);
    masked.flush();
    expect(kept).toHaveLength(101);
  });
});

function piecesOf(text: string, cuts: readonly number[]): string[] {
  const pieces: string[] = [];
  let at = 0;
  for (const length of cuts) {
    pieces.push(text.slice(at, at + length));
    at += length;
  }
  return [...pieces, text.slice(at)];
}
