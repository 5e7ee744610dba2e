import { codeBlock, codeSpan } from './markdownText.ts';

/** Where something is in the code. Lines count from 0, the last one included. */
export interface CodePlace {
  /** Relative to the folder. */
  path: string;
  first: number;
  last: number;
  /** The text of those lines; empty where it is not known. */
  code: string;
}

/** What a card can be made of, beside what somebody types. */
export type CodeOccasion =
  | {
      kind: 'problem';
      place: CodePlace;
      severity: string;
      message: string;
      code: string | null;
      source: string | null;
    }
  | { kind: 'selection'; place: CodePlace }
  | { kind: 'todo'; place: CodePlace; tag: string; text: string }
  | { kind: 'test'; name: string; place: CodePlace | null; message: string | null }
  | { kind: 'changes'; paths: readonly string[] };

export interface CardText {
  title: string;
  description: string;
}

const limits = { title: 120, code: 6000, message: 4000, paths: 100 };

/** The card for something in the code. In English and Markdown: it is the agent that reads it. */
export function cardFromCode(occasion: CodeOccasion): CardText {
  switch (occasion.kind) {
    case 'problem': {
      const { place, severity, message, code, source } = occasion;
      const name = [source, code].filter((part) => part !== null && part !== '').join(' ');
      const found = name === '' ? severity : `${severity} of ${codeSpan(name)}`;
      const description = [`Fix this ${found} in ${placeText(place)}:`, quote(message), codeOf(place)];
      return card(`Fix: ${message}`, description);
    }
    case 'selection':
      return card(`Work on ${placeName(occasion.place)}`, [
        `In ${placeText(occasion.place)}:`,
        codeOf(occasion.place),
      ]);
    case 'todo': {
      const { place, tag, text } = occasion;
      const description = [
        `Do what this ${tag} comment in ${placeText(place)} asks for, and remove the comment:`,
        codeOf(place),
      ];
      return card(text === '' ? `${tag} in ${placeName(place)}` : text, description);
    }
    case 'test': {
      const { name, place, message } = occasion;
      const where = place ? ` in ${placeText(place)}` : '';
      const description = [
        `The test ${codeSpan(name)}${where} fails. Find out why, and mend the code; change the test only where it is wrong itself.`,
        message === null ? '' : `It says:\n\n${codeBlock(message.slice(0, limits.message), '')}`,
        place ? codeOf(place) : '',
      ];
      return card(`Fix the test “${name}”`, description);
    }
    case 'changes': {
      const shown = occasion.paths.slice(0, limits.paths);
      const more = occasion.paths.length - shown.length;
      const list = [
        ...shown.map((path) => `- ${codeSpan(path)}`),
        ...(more > 0 ? [`- and ${more} more`] : []),
      ];
      const [only, ...others] = occasion.paths;
      const title =
        others.length === 0
          ? `Go on with the changes of ${only ?? ''}`
          : `Go on with the changes of ${occasion.paths.length} files`;
      return card(title, ['These files have changes that are not committed:', list.join('\n')]);
    }
  }
}

function card(title: string, parts: readonly string[]): CardText {
  const line = title.replace(/\s+/g, ' ').trim();
  const short = line.length > limits.title ? `${line.slice(0, limits.title - 1).trimEnd()}…` : line;
  return { title: short, description: parts.filter((part) => part !== '').join('\n\n') };
}

function placeName({ path, first }: CodePlace): string {
  return `${path.split('/').at(-1) ?? path}, line ${first + 1}`;
}

function placeText({ path, first, last }: CodePlace): string {
  const lines = last > first ? `lines ${first + 1}–${last + 1}` : `line ${first + 1}`;
  return `${codeSpan(path)}, ${lines}`;
}

function quote(text: string): string {
  return text
    .slice(0, limits.message)
    .split(/\r?\n/)
    .map((line) => `> ${line}`)
    .join('\n');
}

function codeOf({ code, path }: CodePlace): string {
  if (code.trim() === '') return '';
  return codeBlock(code.length > limits.code ? `${code.slice(0, limits.code)}\n…` : code, path);
}

/** A comment in a line that says what is to be done: its tag and its text; null where there is none. */
export function todoIn(line: string): { tag: string; text: string } | null {
  const comment = /(?:\/\/|\/\*|^\s*\*|#|--|;|%)\s*(TODO|FIXME)\b(?:\([^)]*\))?\s*:?\s*(.*)$/;
  const [, tag, text = ''] = comment.exec(line) ?? [];
  if (tag === undefined) return null;
  return { tag, text: text.replace(/\s*(?:\*\/|-->)\s*$/, '').trim() };
}
