/**
 * What can be said of a shell command without running it. An agent's command is text for a POSIX shell; whoever decides
 * about it by its first words must be sure that nothing else comes with them.
 */

/** Words that run what comes after them. */
const wrappers = new Set([
  'sudo',
  'doas',
  'env',
  'time',
  'nohup',
  'nice',
  'exec',
  'command',
  'builtin',
  'xargs',
]);
const shells = new Set(['sh', 'bash', 'zsh', 'dash', 'ash', 'ksh']);

/** Where one command ends and another may begin, or something is run or written beside it. */
const operators = new Set([';', '&', '|', '(', ')', '<', '>', '\n', '\r']);
const substitutions = new Set(['$', '`']);

interface Scan {
  /** The commands that it is made of, each as its words without their quotes. */
  commands: string[][];
  /** It is one command and nothing else: no second one, no redirection, no substitution, no open quote. */
  isPlain: boolean;
}

/**
 * The words of a command that is nothing but one program with its arguments, without their quotes; null for anything
 * that a shell would do more with: `&&`, `;`, `|`, redirections, `$(…)`, backticks, variables, several lines.
 */
export function plainWords(command: string): string[] | null {
  const { commands, isPlain } = scan(command);
  const [words = []] = commands;
  return isPlain && commands.length === 1 && words.length > 0 ? words : null;
}

/**
 * All commands that can be seen in one, each as its words: those between `&&`, `;`, `|` and in `$(…)`, those that `sudo`
 * and the like run (with and without these words), and those that a shell is given by `-c`. For what is to be found and not what is to be trusted: a
 * shell can be made to run what nobody sees.
 */
export function commandsWithin(command: string, depth = 0): string[][] {
  const found = scan(command).commands.flatMap((words) => [words, unwrapped(words)]);
  if (depth >= 3) return found;
  const inner = found.flatMap((words) =>
    scriptsOf(words).flatMap((script) => commandsWithin(script, depth + 1)),
  );
  return [...found, ...inner];
}

/** In a pattern `*` stands for anything, and `[*]` for a star. */
const literalStar = '[*]';
/** What a literal star is while a pattern is taken apart. */
const mask = '\uE000';

/** The pattern that is this text and no other. */
export function exactPattern(text: string): string {
  return text.replaceAll('*', literalStar);
}

/** The only text that fits a pattern; null where it is one for several. */
export function onlyText(pattern: string): string | null {
  const masked = pattern.replaceAll(literalStar, mask);
  return masked.includes('*') ? null : masked.replaceAll(mask, '*');
}

/** The words of a pattern, for `fitsWords`; null where it is none of a single command. */
export function patternWords(pattern: string): string[] | null {
  return plainWords(pattern.replaceAll(literalStar, mask));
}

/**
 * Whether the words of one command fit a pattern. `*` within a word stands for any characters, alone for one word, and
 * as the last word for any number of them.
 */
export function fitsWords(words: readonly string[], pattern: readonly string[]): boolean {
  const isOpen = pattern.at(-1) === '*';
  const fixed = isOpen ? pattern.slice(0, -1) : pattern;
  if (isOpen ? words.length < fixed.length : words.length !== fixed.length) return false;
  return fixed.every((part, index) => fitsText(words[index] ?? '', part));
}

/** Whether a text fits a pattern in which `*` stands for any characters. In linear space and without backtracking. */
export function fitsText(text: string, pattern: string): boolean {
  const parts = pattern
    .replaceAll(literalStar, mask)
    .split('*')
    .map((part) => part.replaceAll(mask, '*'));
  const [first = '', ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last))
    return false;
  let from = first.length;
  const end = text.length - last.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at < 0 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}

/** Splits as a shell does, as far as quotes and operators go. */
function scan(command: string): Scan {
  const scanner = new Scanner();
  const characters = Array.from(command);
  for (let at = 0; at < characters.length; at++) {
    at += scanner.take(characters[at] ?? '', characters[at + 1]);
  }
  return scanner.end();
}

class Scanner {
  readonly #commands: string[][] = [];
  #words: string[] = [];
  /** Null between words. */
  #word: string | null = null;
  #quote: "'" | '"' | null = null;
  #isPlain = true;

  /** Takes a character; returns how many of those that follow it has taken as well. */
  take(character: string, next: string | undefined): number {
    if (this.#quote === "'") {
      if (character === "'") this.#quote = null;
      else this.#add(character);
      return 0;
    }
    if (character === '\\') return this.#escape(next);
    if (substitutions.has(character)) {
      this.#substitute();
      return 0;
    }
    if (this.#quote === '"') {
      if (character === '"') this.#quote = null;
      else this.#add(character);
      return 0;
    }
    this.#unquoted(character);
    return 0;
  }

  end(): Scan {
    if (this.#quote !== null) this.#isPlain = false;
    this.#endCommand();
    return { commands: this.#commands, isPlain: this.#isPlain };
  }

  #unquoted(character: string): void {
    if (character === "'" || character === '"') {
      this.#quote = character;
      this.#add('');
    } else if (operators.has(character)) {
      this.#isPlain = false;
      this.#endCommand();
    } else if (character === ' ' || character === '\t') {
      this.#endWord();
    } else {
      // A comment, or a control character that no command needs.
      if ((character === '#' && this.#word === null) || character < ' ') this.#isPlain = false;
      this.#add(character);
    }
  }

  #escape(next: string | undefined): number {
    if (next === undefined || next === '\n' || next === '\r') this.#isPlain = false;
    // In double quotes it stands for itself before most characters.
    const isKept = this.#quote === '"' && !/["$`\\]/.test(next ?? '');
    this.#add((isKept ? '\\' : '') + (next ?? ''));
    return next === undefined ? 0 : 1;
  }

  /** What stands in it is looked at as a command of its own, in quotes or not. */
  #substitute(): void {
    this.#isPlain = false;
    this.#quote = null;
    this.#endCommand();
  }

  #add(text: string): void {
    this.#word = (this.#word ?? '') + text;
  }

  #endWord(): void {
    if (this.#word !== null) this.#words.push(this.#word);
    this.#word = null;
  }

  #endCommand(): void {
    this.#endWord();
    if (this.#words.length > 0) this.#commands.push(this.#words);
    this.#words = [];
  }
}

/** Without what stands before the program itself: variables, `sudo` and the like with their options, braces. */
function unwrapped(words: readonly string[]): string[] {
  let at = 0;
  let isWrapped = false;
  for (; at < words.length; at++) {
    const word = words[at] ?? '';
    if (wrappers.has(nameOf(word))) isWrapped = true;
    else if (!/^\w+=/.test(word) && !/^[{}!]$/.test(word) && !(isWrapped && word.startsWith('-'))) break;
  }
  const [program = '', ...rest] = words.slice(at);
  return program === '' ? rest : [nameOf(program), ...rest];
}

/** `/usr/bin/rm` is `rm`. */
function nameOf(program: string): string {
  return program.slice(program.lastIndexOf('/') + 1);
}

function scriptsOf([program = '', ...rest]: readonly string[]): string[] {
  if (program === 'eval') return [rest.join(' ')];
  if (!shells.has(program)) return [];
  const option = rest.findIndex((word) => /^-\w*c\w*$/.test(word));
  const script = option < 0 ? undefined : rest[option + 1];
  return script === undefined ? [] : [script];
}
