import { markdownReady } from './markdownReady.ts';

export type RenderMarkdown = (text: string) => string;

let loading: Promise<RenderMarkdown> | null = null;

/**
 * The run view's Markdown, sanitised. It is a script of its own, beside the page's, that is loaded when it is first asked
 * for; rejects where it cannot be.
 */
export function loadMarkdown(): Promise<RenderMarkdown> {
  loading ??= new Promise((resolve, reject) => {
    const own = document.querySelector<HTMLScriptElement>('script[src$="/board.js"]');
    if (!own) {
      reject(new Error('The page has no script.'));
      return;
    }
    const receive = (event: Event): void => {
      // Only our own script knows of this event: the page runs no other.
      if (event instanceof CustomEvent) resolve(event.detail as RenderMarkdown);
    };
    document.addEventListener(markdownReady, receive, { once: true });
    const script = document.createElement('script');
    script.nonce = own.nonce;
    script.src = own.src.replace(/board\.js$/, 'markdown.js');
    script.addEventListener('error', () => {
      reject(new Error('The Markdown of this page cannot be loaded.'));
    });
    document.head.append(script);
  });
  return loading;
}
