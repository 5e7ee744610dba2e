/** Languages by file ending. Only files of a known language are read; the others are counted. */
const languageByEnding: Readonly<Record<string, string>> = {
  c: 'C',
  h: 'C',
  cc: 'C++',
  cpp: 'C++',
  cxx: 'C++',
  hpp: 'C++',
  cs: 'C#',
  css: 'CSS',
  scss: 'CSS',
  less: 'CSS',
  clj: 'Clojure',
  dart: 'Dart',
  ex: 'Elixir',
  exs: 'Elixir',
  go: 'Go',
  graphql: 'GraphQL',
  hs: 'Haskell',
  html: 'HTML',
  java: 'Java',
  js: 'JavaScript',
  cjs: 'JavaScript',
  mjs: 'JavaScript',
  jsx: 'JavaScript',
  json: 'JSON',
  jsonc: 'JSON',
  kt: 'Kotlin',
  kts: 'Kotlin',
  lua: 'Lua',
  md: 'Markdown',
  mdx: 'Markdown',
  rst: 'reStructuredText',
  m: 'Objective-C',
  php: 'PHP',
  pl: 'Perl',
  proto: 'Protocol Buffers',
  py: 'Python',
  r: 'R',
  rb: 'Ruby',
  rs: 'Rust',
  scala: 'Scala',
  sh: 'Shell',
  bash: 'Shell',
  sql: 'SQL',
  svelte: 'Svelte',
  swift: 'Swift',
  tf: 'Terraform',
  toml: 'TOML',
  ts: 'TypeScript',
  cts: 'TypeScript',
  mts: 'TypeScript',
  tsx: 'TypeScript',
  txt: 'Text',
  vue: 'Vue',
  xml: 'XML',
  yaml: 'YAML',
  yml: 'YAML',
  zig: 'Zig',
};

const languageByName: Readonly<Record<string, string>> = {
  Dockerfile: 'Dockerfile',
  Makefile: 'Makefile',
  'CMakeLists.txt': 'CMake',
};

/** Prose and data are languages too, but not what a folder is written in. */
const notCode = new Set(['JSON', 'Markdown', 'reStructuredText', 'Text', 'TOML', 'XML', 'YAML']);

/** The language of a file by its name without folders. */
export function languageOf(name: string): string | undefined {
  const ending = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  return languageByName[name] ?? languageByEnding[ending];
}

export function isCode(language: string): boolean {
  return !notCode.has(language);
}
