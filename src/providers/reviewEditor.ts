import { commands, l10n, Uri, window, workspace, type QuickPickItem } from 'vscode';
import type { ChangeSet, FileChange, ResultInfo, ResultSpan } from '../api/resultContract.ts';
import { isReviewedLive } from './resultRuns.ts';
import { resultUri } from './resultFiles.ts';
import { reviewFile, reviewParts, type ReviewFile, type ReviewSide } from './reviewPlan.ts';

/** What is reviewed: a card's result, of one run or all of it. */
export interface Review {
  title: string;
  info: ResultInfo;
  span: ResultSpan;
  changes: ChangeSet;
}

/** Opens VS Code's editor for many changed files; where there are too many for one, the user chooses which. */
export async function openReview(review: Review): Promise<void> {
  const { changes } = review;
  tellOfGaps(changes);
  if (changes.files.length === 0) {
    void window.showInformationMessage(l10n.t('{0}: no file has changed.', review.title));
    return;
  }
  const part = await choosePart(review);
  if (!part) return;
  const isLive = isReviewedLive(review.info, review.span);
  const files = part.map((change) => reviewFile(change, isLive));
  const resources = await Promise.all(files.map((file) => resourceOf(review, file)));
  await commands.executeCommand('vscode.changes', review.title, resources);
}

type Resource = [label: Uri, before: Uri | undefined, after: Uri | undefined];

/** The documents of a changed file, as VS Code compares them. */
export async function resourceOf(
  { info, span }: Pick<Review, 'info' | 'span'>,
  { change, before, after }: ReviewFile,
): Promise<Resource> {
  const file = fileOf(info, change.path);
  const old = fileOf(info, change.oldPath ?? change.path);
  const side = (uri: Uri, path: string, name: 'before' | 'after', as: Exclude<ReviewSide, 'live'>): Uri =>
    resultUri(uri, { span, side: name, path, as, bytes: change.bytes });
  return [
    file,
    before === null || before === 'live'
      ? undefined
      : side(old, change.oldPath ?? change.path, 'before', before),
    after === 'live'
      ? await ifThere(file)
      : after === null
        ? undefined
        : side(file, change.path, 'after', after),
  ];
}

/** A file that the user has deleted since is shown as deleted; VS Code would call it a failure. */
async function ifThere(file: Uri): Promise<Uri | undefined> {
  return workspace.fs.stat(file).then(
    () => file,
    () => undefined,
  );
}

function fileOf({ root }: Pick<ResultInfo, 'root'>, path: string): Uri {
  return Uri.joinPath(Uri.file(root), path);
}

interface PartItem extends QuickPickItem {
  part: FileChange[];
}

async function choosePart({ title, changes }: Review): Promise<FileChange[] | undefined> {
  const parts = reviewParts(changes.files);
  if (parts.length === 1) return parts[0];
  let first = 1;
  const items = parts.map((part): PartItem => {
    const label = l10n.t('Files {0} to {1}', first, first + part.length - 1);
    first += part.length;
    return { label, description: `${part[0]?.path ?? ''} … ${part.at(-1)?.path ?? ''}`, part };
  });
  const picked = await window.showQuickPick(items, {
    title,
    placeHolder: l10n.t(
      '{0} files have changed: too many for one editor. Which do you want to see?',
      changes.files.length,
    ),
    matchOnDescription: true,
  });
  return picked?.part;
}

const namedGaps = 5;

/** What no checkpoint holds may have changed without being shown. */
function tellOfGaps({ skipped, warnings }: ChangeSet): void {
  for (const warning of warnings) void window.showWarningMessage(warning);
  if (skipped.length === 0) return;
  const names = skipped.slice(0, namedGaps).map(({ path }) => path);
  const more = skipped.length - names.length;
  void window.showWarningMessage(
    l10n.t(
      'Changes of these are not shown, since they are too large, unreadable or no plain files: {0}',
      more > 0 ? l10n.t('{0} and {1} more', names.join(', '), more) : names.join(', '),
    ),
  );
}
