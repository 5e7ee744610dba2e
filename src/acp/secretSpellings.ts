/** What stands in the place of a secret. */
export const mask = '[redacted]';

/** Shorter values occur by chance, and masking them would leave nothing to read. */
const shortestSecret = 4;
/** Programs that write base64 begin a new line after 64 or 76 characters. */
const shortestWrapped = 60;
/** The end of a line, also as JSON writes it, and JSON in JSON. */
const lineEnd = String.raw`(?:(?:\\+r)?\\+n|\r?\n)?`;

export interface Spellings {
  /** The secret in each form that is one piece, the longest first. */
  texts: readonly string[];
  /** Long ones in base64, which may be broken over lines, with pieces of which a text has one if it has the secret. */
  wrapped: readonly { pieces: readonly string[]; pattern: RegExp }[];
}

/**
 * The ways in which secrets are written: as they are, in JSON, in JSON inside a string of JSON, in a URL, in base64 (by
 * itself and inside of something longer) and in hexadecimal.
 */
export function spellingsOf(secrets: Iterable<string>): Spellings {
  const values = [...secrets].filter((value) => value.trim().length >= shortestSecret);
  const encoded = values.flatMap(base64Of);
  const texts = [...new Set([...values.flatMap(plainOf), ...encoded])].sort((a, b) => b.length - a.length);
  const wrapped = encoded
    .filter((text) => text.length >= shortestWrapped)
    .map((text) => ({
      pieces: [text.slice(0, 16), text.slice(16, 32)],
      pattern: new RegExp(Array.from(text, (character) => character.replace('+', '\\+')).join(lineEnd), 'g'),
    }));
  return { texts, wrapped };
}

function plainOf(secret: string): string[] {
  const once = JSON.stringify(secret).slice(1, -1);
  const hexadecimal = Buffer.from(secret).toString('hex');
  return [
    secret,
    once,
    JSON.stringify(once).slice(1, -1),
    encodeURIComponent(secret.toWellFormed()),
    hexadecimal,
    hexadecimal.toUpperCase(),
  ];
}

/** By itself, and what of it does not depend on what stands before and behind it. */
function base64Of(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const inside = [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const bits = (before + bytes.length) * 8;
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(bits / 6));
  });
  const all = [bytes.toString('base64'), ...inside];
  return [...all, ...all.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))];
}
