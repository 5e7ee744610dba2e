import { mask } from './secretSpellings.ts';

/**
 * Names whose values are secrets, as fields of JSON, as environment variables and as headers. Repetitions are
 * bounded here and below: a line may have megabytes.
 */
const secretName =
  '[\\w-]{0,40}(?:api[_-]?key|authorization|password|passwd|secret|credential|private[_-]?key|access[_-]?key)[\\w-]{0,40}' +
  '|(?:[\\w-]{0,40}[_-])?(?:token|auth|cookie)|(?:access|refresh|id|auth|bearer|session|oauth)token';

/** A quote; in JSON inside a string of JSON it has backslashes before it, and the same ends what it began. */
const quote = '(\\\\*")';

const rules: readonly { pattern: RegExp; replacement: string }[] = [
  // "apiKey": "…"
  {
    pattern: new RegExp(`${quote}(${secretName})\\1(\\s*:\\s*)\\1.*?(?<!\\\\)\\1`, 'gi'),
    replacement: `$1$2$1$3$1${mask}$1`,
  },
  // {"name": "GITHUB_TOKEN", "value": "…"}, the way ACP writes environments and headers
  {
    pattern: new RegExp(
      `(${quote}name\\2\\s*:\\s*\\2(?:${secretName})\\2\\s*,\\s*\\2value\\2\\s*:\\s*\\2).*?(?<!\\\\)\\2`,
      'gi',
    ),
    replacement: `$1${mask}$2`,
  },
  // GITHUB_TOKEN=…, in text and commands; looked at from the equals sign, of which there are fewer than of words
  { pattern: new RegExp(`(?<=\\b(?:${secretName}))=[^\\s"'\\\\&;]+`, 'gi'), replacement: `=${mask}` },
  // Authorization: Basic …, as in a call of curl
  { pattern: /\b((?:authorization:\s*\w+|x-api-key:)\s+)[^\s"'\\]+/gi, replacement: `$1${mask}` },
  { pattern: /\b(bearer)\s+[\w.~+/=-]{8,}/gi, replacement: `$1 ${mask}` },
  // The user's part of a URL
  { pattern: /:\/\/[^\s/@"\\]+@/g, replacement: `://${mask}@` },
  // A JSON web token
  { pattern: /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, replacement: mask },
  // Keys that can be told by how they begin: OpenAI and Anthropic, GitHub, GitLab, Google, Slack, AWS
  {
    pattern:
      /\b(?:sk-[\w-]{16,}|gh[opusr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|AIza[\w-]{30,}|xox[abprs]-[\w-]{10,}|AKIA[A-Z0-9]{16})/g,
    replacement: mask,
  },
];

/** Something of each rule. Most lines have nothing of the sort, and this tells so many times faster. */
const suspicion =
  /key|auth|passw|secret|credential|token|cookie|bearer|:\/\/|eyJ|sk-|gh[opusr]_|github_pat_|glpat-|AIza|xox[abprs]-|AKIA/i;

/** Takes out of a line what looks like a secret by its name or its form, whatever its value is. */
export function redactByForm(line: string): string {
  if (!suspicion.test(line)) return line;
  return rules.reduce((text, { pattern, replacement }) => text.replace(pattern, replacement), line);
}

/**
 * What is secret of an environment: the values of its variables, but for those that by their names say where or what,
 * and words that are no secret in any case. Masking a model's name or `true` would leave a trace that says nothing. Of a
 * value that is JSON, such as a sign-in in a file, what is secret in it by its name counts by itself, too.
 */
export function secretsOf(environment: Readonly<Record<string, string>>): string[] {
  return Object.entries(environment).flatMap(([name, value]) => {
    if (plainWord.test(value) || (plainName.test(name) && !/\/\/[^/]*@/.test(value))) return [];
    return [value, ...secretFields(value)];
  });
}

const plainName =
  /(?:^|_)(?:URL|HOST|ENDPOINT|MODEL|PROVIDER|TYPE|PROJECT|LOCATION|REGION|OFFLINE|LEVEL|MODE)$/i;
const plainWord = /^(?:true|false|yes|no|on|off|none|null|\d{1,5})$/i;
const secretField = new RegExp(`^(?:${secretName})$`, 'i');

/** The texts under names of secrets in a value that is JSON. */
function secretFields(value: string): string[] {
  const found: string[] = [];
  if (!value.trimStart().startsWith('{')) return found;
  try {
    JSON.parse(value, (name, inner: unknown) => {
      if (typeof inner === 'string' && secretField.test(name)) found.push(inner);
      return inner;
    });
  } catch {
    // It only looks like JSON, and is a secret as a whole.
  }
  return found;
}
