import { EventEmitter, l10n, Uri, workspace, type TextDocumentContentProvider } from 'vscode';
import type { Kandev, QueryResults } from '../api/contract.ts';

type ContainerLog = NonNullable<QueryResults['run.containerLog']>;

/** The scheme of what containers have written to stderr. */
const scheme = 'kandev-container';

/** Gives VS Code the logs of containers as documents that cannot be edited, and so ask nothing when they are closed. */
export class ContainerLogs implements TextDocumentContentProvider {
  readonly #kandev: Kandev;
  readonly #changed = new EventEmitter<Uri>();
  readonly onDidChange = this.#changed.event;
  readonly #registration: { dispose(): void };

  constructor(kandev: Kandev) {
    this.#kandev = kandev;
    this.#registration = workspace.registerTextDocumentContentProvider(scheme, this);
  }

  dispose(): void {
    this.#registration.dispose();
    this.#changed.dispose();
  }

  /** The document of a run's log; one that is open already is read anew. */
  open(runId: string, title: string): Uri {
    const uri = Uri.from({ scheme, path: `/${title.replaceAll('/', '∕')}.log`, query: runId });
    this.#changed.fire(uri);
    return uri;
  }

  async provideTextDocumentContent({ query: runId }: Uri): Promise<string> {
    const log = await this.#kandev.query('run.containerLog', { runId });
    return log && log.entries.length > 0
      ? textOf(log)
      : l10n.t('Nothing is kept of this container: none was started, or it is too long ago.');
  }
}

/** Pieces of stderr go on in the middle of a line; a note begins one of its own. */
function textOf({ entries, shortened }: ContainerLog): string {
  let text = shortened ? `${l10n.t('(The beginning is left out.)')}\n` : '';
  for (const { at, kind, text: piece } of entries) {
    const startsLine = kind === 'note' && text !== '' && !text.endsWith('\n');
    text += `${startsLine ? '\n' : ''}${kind === 'note' ? `--- ${new Date(at).toISOString()} ${piece}\n` : piece}`;
  }
  return text;
}
