/** What is wrong with one line of a script, in words for whoever wrote it. */
export class SyntaxProblem extends Error {
  override readonly name = 'SyntaxProblem';
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '"': '"', '\\': '\\' };

/**
 * Reads the arguments of one step from left to right.
 *
 * A word ends at a blank, unless it is written in double quotes; inside them `\n`, `\t`, `\r`, `\"` and `\\` stand
 * for a line feed, a tab, a carriage return, a quote and a backslash.
 * Every method throws `SyntaxProblem` when the line does not hold what is asked for.
 */
export class WordReader {
  private readonly line: string;
  private position = 0;

  constructor(line: string) {
    this.line = line;
  }

  atEnd(): boolean {
    this.skipBlanks();
    return this.position >= this.line.length;
  }

  /** The next word. `what` names it in the problem when there is none. */
  word(what: string): string {
    if (this.atEnd()) throw new SyntaxProblem(`${what} is missing`);
    return this.line[this.position] === '"' ? this.quoted() : this.bare(/\s/);
  }

  /** Takes the next word if it is `literal`, written without quotes. */
  skip(literal: string): boolean {
    this.skipBlanks();
    const end = this.position + literal.length;
    if (this.line.slice(this.position, end) !== literal) return false;
    if (end < this.line.length && !/\s/.test(this.line.charAt(end))) return false;
    this.position = end;
    return true;
  }

  /** Everything that is left, as it stands, or the one quoted string that it is. */
  text(what: string): string {
    if (this.atEnd()) throw new SyntaxProblem(`${what} is missing`);
    if (this.line[this.position] !== '"') {
      const rest = this.line.slice(this.position).trimEnd();
      this.position = this.line.length;
      return rest;
    }
    const text = this.quoted();
    if (!this.atEnd()) {
      throw new SyntaxProblem(`text that begins with a quote must end with it: put \\" for quotes inside`);
    }
    return text;
  }

  /**
   * The rest as `key=value` options and bare flags, in any order.
   * Anything not named in `keys` or `flags` is a problem.
   */
  options<Key extends string, Flag extends string = never>(
    keys: readonly Key[],
    flags: readonly Flag[] = [],
  ): Partial<Record<Key, string>> & Partial<Record<Flag, true>> {
    const values: Partial<Record<string, string | true>> = {};
    while (!this.atEnd()) {
      const name = this.bare(/[\s=]/);
      if (this.line[this.position] === '=') {
        if (!keys.some((key) => key === name)) throw unknownOption(`${name}=`, keys, flags);
        this.position += 1;
        values[name] = this.optionValue();
      } else {
        if (!flags.some((flag) => flag === name)) throw unknownOption(name, keys, flags);
        values[name] = true;
      }
    }
    return values as Partial<Record<Key, string>> & Partial<Record<Flag, true>>;
  }

  /** Refuses what is left over. */
  end(): void {
    if (!this.atEnd()) throw new SyntaxProblem(`"${this.line.slice(this.position)}" is too much`);
  }

  private optionValue(): string {
    return this.line[this.position] === '"' ? this.quoted() : this.bare(/\s/);
  }

  private bare(end: RegExp): string {
    const start = this.position;
    while (this.position < this.line.length && !end.test(this.line.charAt(this.position))) this.position += 1;
    return this.line.slice(start, this.position);
  }

  private quoted(): string {
    let text = '';
    for (let at = this.position + 1; at < this.line.length; at += 1) {
      const character = this.line.charAt(at);
      if (character === '"') {
        this.position = at + 1;
        return text;
      }
      if (character !== '\\') {
        text += character;
        continue;
      }
      at += 1;
      const escaped = escapes[this.line.charAt(at)];
      if (escaped === undefined) throw new SyntaxProblem(`\\${this.line.charAt(at)} is not an escape`);
      text += escaped;
    }
    throw new SyntaxProblem('a quote is not closed');
  }

  private skipBlanks(): void {
    while (this.position < this.line.length && /\s/.test(this.line.charAt(this.position))) this.position += 1;
  }
}

function unknownOption(name: string, keys: readonly string[], flags: readonly string[]): SyntaxProblem {
  const known = [...flags, ...keys.map((key) => `${key}=`)];
  return new SyntaxProblem(`there is no option ${name}; there are: ${known.join(', ')}`);
}

/** A whole number of at least `least`. */
export function parseCount(word: string, what: string, least = 0): number {
  const count = /^-?\d+$/.test(word) ? Number(word) : NaN;
  if (!Number.isSafeInteger(count) || count < least) {
    const range = Number.isFinite(least) ? ` of at least ${least}` : '';
    throw new SyntaxProblem(`${what} must be a whole number${range}, not "${word}"`);
  }
  return count;
}

/** `250ms`, `1.5s` or `2m`, in milliseconds. */
export function parseDuration(word: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(word);
  const unit = { ms: 1, s: 1000, m: 60_000 }[match?.[2] ?? ''];
  if (match === null || unit === undefined) {
    throw new SyntaxProblem(`a duration looks like 250ms, 1.5s or 2m, not like "${word}"`);
  }
  return Number(match[1]) * unit;
}

/** `512B`, `64KB`, `10MB` or `1GB` (powers of 1024), in bytes. */
export function parseSize(word: string): number {
  const match = /^(\d+(?:\.\d+)?)(B|KB|MB|GB)$/.exec(word);
  const unit = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 }[match?.[2] ?? ''];
  if (match === null || unit === undefined) {
    throw new SyntaxProblem(`a size looks like 512B, 64KB, 10MB or 1GB, not like "${word}"`);
  }
  return Math.floor(Number(match[1]) * unit);
}
