import * as v from 'valibot';
import type { Uri } from 'vscode';
import { l10n, workspace, type TextDocumentContentProvider } from 'vscode';
import type { Kandev } from '../api/contract.ts';
import type { ResultSpan } from '../api/resultContract.ts';

/** The scheme of files as they were before and after what an agent did. */
export const resultScheme = 'kandev-result';

/** All that a document is made from: it stands in its address, so that VS Code can bring it back after a reload. */
const addressSchema = v.object({
  span: v.union([v.object({ runId: v.string() }), v.object({ taskId: v.string() })]),
  side: v.picklist(['before', 'after']),
  /** As the change set has it. */
  path: v.string(),
  as: v.picklist(['text', 'link', 'not-text', 'too-large', 'disk']),
  /** Of the larger side, where only a sentence is shown. */
  bytes: v.optional(v.nullable(v.number()), null),
});
export type ResultAddress = v.InferInput<typeof addressSchema>;

/** The document of a file; `file` is where it lies in the workspace, which gives it its language and its name. */
export function resultUri(file: Uri, address: ResultAddress & { span: ResultSpan }): Uri {
  return file.with({ scheme: resultScheme, query: JSON.stringify(address) });
}

/** What a document is made from; null for an address that is none of ours. */
export function addressOf(uri: Uri): v.InferOutput<typeof addressSchema> | null {
  try {
    const parsed = v.safeParse(addressSchema, JSON.parse(uri.query));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

/** Gives VS Code the files of checkpoints, and a sentence for what it cannot compare. They cannot be edited. */
export class ResultFiles implements TextDocumentContentProvider {
  readonly #kandev: Kandev;

  constructor(kandev: Kandev) {
    this.#kandev = kandev;
  }

  async provideTextDocumentContent(uri: Uri): Promise<string> {
    const { span, side, path, as, bytes } = v.parse(addressSchema, JSON.parse(uri.query));
    if (as === 'not-text') return notText(side, bytes);
    if (as === 'too-large') return tooLarge(side, bytes);
    const file = uri.with({ scheme: 'file', query: '' });
    if (as === 'disk') return workspace.decode(await workspace.fs.readFile(file), { uri: file });
    const content = await this.#kandev.query('result.file', { span, side, path });
    if (content === null) return '';
    const bytesOfFile = Buffer.from(content, 'base64');
    if (as === 'link') return l10n.t('A link to {0}', bytesOfFile.toString('utf8'));
    return workspace.decode(bytesOfFile, { uri: file });
  }
}

function notText(side: 'before' | 'after', bytes: number | null): string {
  return side === 'before'
    ? l10n.t('This file is not text. It was another one before.')
    : l10n.t('This file is not text ({0}), so its changes cannot be shown line by line.', sizeText(bytes));
}

function tooLarge(side: 'before' | 'after', bytes: number | null): string {
  return side === 'before'
    ? l10n.t('This file is too large to be compared here. It was another one before.')
    : l10n.t('This file is too large to be compared here ({0}). Open it to see it.', sizeText(bytes));
}

function sizeText(bytes: number | null): string {
  if (bytes === null) return l10n.t('of unknown size');
  if (bytes < 1024) return l10n.t('{0} bytes', bytes);
  const kilobytes = bytes / 1024;
  return kilobytes < 1024
    ? l10n.t('{0} KB', kilobytes.toFixed(1))
    : l10n.t('{0} MB', (kilobytes / 1024).toFixed(1));
}
