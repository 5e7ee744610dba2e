/** The Markdown that the demo agent writes and says. Pure. */
import { countLines, mainLanguage, shorten, type SourceFile, type Survey } from './survey.ts';

/** The overview of a folder called `name`, with the task in the user's words. */
export function renderOverview(name: string, task: string, survey: Survey): string {
  return [
    `# ${name}: an overview`,
    `*Written by Kandev's demo agent, which counts and searches but has no language model behind it.*`,
    section('The task', quote(task)),
    section('Where to start', renderRelated(survey)),
    section('At a glance', renderGlance(survey)),
    section('Languages', renderLanguages(survey)),
    section('Entry points', renderEntryPoints(survey)),
    section('Scripts', renderScripts(survey)),
    section('Largest files', renderLargest(survey.largest)),
    section('Open ends', renderTodos(survey, 20)),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

/** What `extend` adds to an overview. */
export function renderDetails(request: string, survey: Survey): string {
  return [
    `## In more detail`,
    quote(request),
    `### Folders`,
    table(
      ['Folder', 'Files', 'Size'],
      survey.folders
        .slice(0, 20)
        .map(({ path, files, bytes }) => [code(path), String(files), formatBytes(bytes)]),
    ),
    `### Tests`,
    survey.tests.length === 0
      ? 'No file looks like a test by its name.'
      : `${count(survey.tests.length, 'file looks', 'files look')} like a test by name:\n\n${list(
          survey.tests.slice(0, 15).map(code),
        )}`,
    `### Open ends`,
    renderTodos(survey, 100) || 'There are no TODO comments.',
  ]
    .join('\n\n')
    .concat('\n');
}

/** The folder in one sentence. */
export function describeFindings(survey: Survey): string {
  const language = mainLanguage(survey.languages);
  const files = `${count(survey.fileCount, 'file', 'files')}, ${formatBytes(survey.bytes)}`;
  const written = language === undefined ? '' : `, mostly ${language}`;
  return `${files}${written}, ${count(survey.todos.length, 'TODO comment', 'TODO comments')}`;
}

/** TODO comments as a list with places, at most `limit`; empty when there are none. */
export function renderTodos({ todos }: Survey, limit: number): string {
  const rest = todos.length - limit;
  return list([
    ...todos.slice(0, limit).map(({ path, line, text }) => `${code(`${path}:${line}`)} ${code(text)}`),
    ...(rest > 0 ? [`and ${rest} more`] : []),
  ]);
}

function renderRelated({ related }: Survey): string {
  if (related.length === 0) return 'No file mentions a word of the task.';
  return `These files mention words of the task:\n\n${list(
    related.map(({ path, words }) => `${code(path)} (${words.join(', ')})`),
  )}`;
}

function renderGlance(survey: Survey): string {
  return list([
    `${count(survey.fileCount, 'file', 'files')} in ${count(survey.folders.length, 'folder', 'folders')}, ${formatBytes(survey.bytes)}`,
    ...(survey.truncated ? ['There are more files; these are the first by folder depth.'] : []),
    `Mostly ${mainLanguage(survey.languages) ?? 'files of no language this agent knows'}`,
    count(survey.tests.length, 'test file', 'test files'),
    count(survey.todos.length, 'TODO comment', 'TODO comments'),
  ]);
}

function renderLanguages({ languages }: Survey): string {
  const rows = languages.map(({ name, files, lines, bytes }) => [
    name,
    String(files),
    String(lines),
    formatBytes(bytes),
  ]);
  return rows.length === 0 ? '' : table(['Language', 'Files', 'Lines', 'Size'], rows);
}

function renderEntryPoints({ entryPoints }: Survey): string {
  return list(entryPoints.slice(0, 15).map(({ path, why }) => `${code(path)}: ${why}`));
}

function renderScripts({ scripts }: Survey): string {
  return list(scripts.map(({ name, command }) => `${code(`npm run ${name}`)}: ${code(command)}`));
}

function renderLargest(files: readonly SourceFile[]): string {
  const rows = files.map(({ path, bytes, text }) => [
    code(path),
    formatBytes(bytes),
    text === undefined ? '' : String(countLines(text)),
  ]);
  return rows.length === 0 ? '' : table(['File', 'Size', 'Lines'], rows);
}

function section(title: string, body: string): string {
  return body === '' ? '' : `## ${title}\n\n${body}`;
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [header, header.map((_, index) => (index === 0 ? '---' : '---:')), ...rows];
  return cells.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n');
}

function quote(text: string): string {
  return shorten(text, 2000)
    .split(/\r?\n/)
    .map((line) => `> ${line}`.trimEnd())
    .join('\n');
}

/** Inline code that may hold backticks. */
function code(text: string): string {
  if (!text.includes('`')) return `\`${text}\``;
  const longest = Math.max(...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence} ${text} ${fence}`;
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** In powers of 1024, as file managers do. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KB`;
  return `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}
