import { commands, l10n, Uri, workspace } from 'vscode';
import type { ProposedDiff } from '../model/permission.ts';

const scheme = 'kandev-proposed';
/** How many diffs are kept for editors that may still be open. */
const kept = 50;

/** Both sides of changes that agents propose or have made, as documents that cannot be edited. */
export class ProposedTexts {
  readonly #texts = new Map<string, string>();
  readonly #registration: { dispose(): void };
  readonly #shorten: (path: string) => string;
  #last = 0;

  constructor(shorten: (path: string) => string) {
    this.#shorten = shorten;
    this.#registration = workspace.registerTextDocumentContentProvider(scheme, {
      provideTextDocumentContent: (uri) =>
        this.#texts.get(uri.toString()) ??
        l10n.t('This change is no longer kept. Open it again from the transcript.'),
    });
  }

  /** Shows a proposed change in the diff editor. */
  async open({ path, oldText, newText }: ProposedDiff): Promise<void> {
    this.#last += 1;
    const before = this.#keep('before', path, oldText ?? '');
    const after = this.#keep('after', path, newText);
    const name = this.#shorten(path);
    const title =
      oldText === null ? l10n.t('{0} (new file)', name) : l10n.t('{0} (change of the agent)', name);
    await commands.executeCommand('vscode.diff', before, after, title, { preview: true });
  }

  dispose(): void {
    this.#registration.dispose();
  }

  #keep(side: string, path: string, text: string): Uri {
    const uri = Uri.from({
      scheme,
      path: path.startsWith('/') ? path : `/${path}`,
      query: `${side}${this.#last}`,
    });
    this.#texts.set(uri.toString(), text);
    for (const key of this.#texts.keys()) {
      if (this.#texts.size <= kept * 2) break;
      this.#texts.delete(key);
    }
    return uri;
  }
}
