import * as vscode from 'vscode';

/** Of what is found at most so much is looked at, and so much shown. */
const mostFound = 2_000;
const mostShown = 50;

/**
 * Finds files by a part of their path, as it is typed. The search itself is VS Code's, in a process of its own; one that
 * is no longer wanted is ended, so that there is at most one.
 */
export class FileSearch implements vscode.Disposable {
  #running: vscode.CancellationTokenSource | null = null;

  /**
   * Paths relative to the folder, the best match first; those that VS Code's own search leaves out are left out.
   * @param folder absolute; null for the open one
   */
  async find(query: string, folder: string | null): Promise<string[]> {
    this.dispose();
    const cancel = new vscode.CancellationTokenSource();
    this.#running = cancel;
    const root = folder === null ? vscode.workspace.workspaceFolders?.[0]?.uri : vscode.Uri.file(folder);
    if (!root) return [];
    const wanted = query.toLowerCase();
    try {
      const found = await vscode.workspace.findFiles(
        new vscode.RelativePattern(root, globFor(wanted)),
        leftOut(),
        mostFound,
        cancel.token,
      );
      const paths = found.map(({ path }) => path.slice(root.path.length + 1));
      return paths
        .filter((path) => path.toLowerCase().includes(wanted))
        .sort((a, b) => rank(a, wanted) - rank(b, wanted) || a.length - b.length || (a < b ? -1 : 1))
        .slice(0, mostShown);
    } finally {
      if (this.#running === cancel) this.#running = null;
      cancel.dispose();
    }
  }

  dispose(): void {
    this.#running?.cancel();
    this.#running = null;
  }
}

/** What matches every path that contains it, whatever its case: globs tell upper case from lower case. */
function globFor(wanted: string): string {
  if (wanted === '') return '**/*';
  const letters = Array.from(wanted, (letter) => {
    const upper = letter.toUpperCase();
    if (upper !== letter) return `[${letter}${upper}]`;
    return /[*?[\]{}!,\\]/.test(letter) ? '?' : letter;
  });
  const text = letters.join('');
  // In the name of the file, or in the folders above it.
  return text.startsWith('/') ? `{**${text}*,**${text}*/**}` : `{**/*${text}*,**/*${text}*/**}`;
}

/** As the settings of VS Code say for its own searches. */
function leftOut(): string | null {
  const patterns = ['files', 'search'].flatMap((section) => {
    const excluded = vscode.workspace.getConfiguration(section).get<Record<string, unknown>>('exclude', {});
    return Object.entries(excluded).flatMap(([pattern, isOut]) => (isOut === true ? [pattern] : []));
  });
  return patterns.length === 0 ? null : `{${[...new Set(patterns)].join(',')}}`;
}

/** Names that begin so come first, then names that contain it, then paths. */
function rank(path: string, wanted: string): number {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  if (name.startsWith(wanted)) return 0;
  return name.includes(wanted) ? 1 : 2;
}
