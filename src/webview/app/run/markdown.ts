import DOMPurify from 'dompurify';
import hljs from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import c from 'highlight.js/lib/languages/c';
import cpp from 'highlight.js/lib/languages/cpp';
import csharp from 'highlight.js/lib/languages/csharp';
import css from 'highlight.js/lib/languages/css';
import diff from 'highlight.js/lib/languages/diff';
import dockerfile from 'highlight.js/lib/languages/dockerfile';
import go from 'highlight.js/lib/languages/go';
import ini from 'highlight.js/lib/languages/ini';
import java from 'highlight.js/lib/languages/java';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import kotlin from 'highlight.js/lib/languages/kotlin';
import makefile from 'highlight.js/lib/languages/makefile';
import markdownLanguage from 'highlight.js/lib/languages/markdown';
import php from 'highlight.js/lib/languages/php';
import python from 'highlight.js/lib/languages/python';
import ruby from 'highlight.js/lib/languages/ruby';
import rust from 'highlight.js/lib/languages/rust';
import scss from 'highlight.js/lib/languages/scss';
import shell from 'highlight.js/lib/languages/shell';
import sql from 'highlight.js/lib/languages/sql';
import swift from 'highlight.js/lib/languages/swift';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import yaml from 'highlight.js/lib/languages/yaml';
import MarkdownIt from 'markdown-it';
import { t } from '../l10n.ts';

const languages = {
  bash,
  c,
  cpp,
  csharp,
  css,
  diff,
  dockerfile,
  go,
  ini,
  java,
  javascript,
  json,
  kotlin,
  makefile,
  markdown: markdownLanguage,
  php,
  python,
  ruby,
  rust,
  scss,
  shell,
  sql,
  swift,
  typescript,
  xml,
  yaml,
};
for (const [name, language] of Object.entries(languages)) hljs.registerLanguage(name, language);

/** A block of code longer than this is shown without colours: they would cost more than they tell. */
const highlightLimit = 50_000;

/** Raw HTML of agents is shown as text; what is left of it is sanitised all the same. */
const markdown = new MarkdownIt({ html: false, linkify: true, breaks: true, highlight });
// Names of files such as README.md are no addresses.
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
// Pictures would be fetched from wherever the agent says: they are links.
markdown.renderer.rules.image = (tokens, index) => {
  const token = tokens[index];
  const source = String(token?.attrGet('src') ?? '');
  const label = token?.content === '' ? source : (token?.content ?? source);
  return `<a href="${markdown.utils.escapeHtml(source)}">${markdown.utils.escapeHtml(label)}</a>`;
};
markdown.renderer.rules.fence = (tokens, index) => {
  const token = tokens[index];
  const [language = ''] = (token?.info ?? '').trim().split(/\s+/);
  return codeBlock(token?.content ?? '', language);
};
markdown.renderer.rules.code_block = (tokens, index) => codeBlock(tokens[index]?.content ?? '', '');

function codeBlock(code: string, language: string): string {
  const { escapeHtml } = markdown.utils;
  return `<div class="code"><div class="code-head"><span>${escapeHtml(language)}</span><button type="button" class="code-copy" title="${escapeHtml(t('Copy'))}" aria-label="${escapeHtml(t('Copy code'))}"><span class="codicon codicon-copy" aria-hidden="true"></span></button></div><pre tabindex="0"><code>${highlight(code, language)}</code></pre></div>`;
}

function highlight(code: string, language: string): string {
  if (code.length > highlightLimit || !hljs.getLanguage(language)) return markdown.utils.escapeHtml(code);
  return hljs.highlight(code, { language, ignoreIllegals: true }).value;
}

/** What an agent wrote, as HTML that is safe to show. */
export function renderMarkdown(text: string): string {
  return DOMPurify.sanitize(markdown.render(text), {
    FORBID_TAGS: ['style', 'form', 'input', 'img', 'svg', 'math'],
    FORBID_ATTR: ['style', 'id', 'name'],
  });
}
