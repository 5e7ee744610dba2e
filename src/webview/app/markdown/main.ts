import { renderMarkdown } from '../run/markdown.ts';
import { markdownReady } from './markdownReady.ts';

// The board loads this script when it first has Markdown to show: it is larger than the board itself.
document.dispatchEvent(new CustomEvent(markdownReady, { detail: renderMarkdown }));
