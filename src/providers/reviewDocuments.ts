import path from 'node:path';
import { Uri, type Memento } from 'vscode';
import type { FileChange, ResultInfo, ResultSpan } from '../api/resultContract.ts';
import type { CardView } from '../model/cardView.ts';
import type { CommentSide, ReviewComment } from '../model/review.ts';
import { cardsOf, findCard, type BoardState } from './boardState.ts';
import { addressOf, resultScheme } from './resultFiles.ts';
import { isReviewedLive } from './resultRuns.ts';
import { reviewFile } from './reviewPlan.ts';

/** A side of a file of a card's result, as it is open in an editor. */
export interface ReviewedDocument {
  taskId: string;
  /** Of a renamed file the new one, for both sides. */
  path: string;
  side: CommentSide;
  before: ResultSpan | null;
}

/** A review that was opened in this window: the files that people look at where the agent worked in the folder itself. */
interface OpenedReview {
  taskId: string;
  /** The path before, by the path after, of files that can be edited. */
  files: Record<string, string>;
}

const mementoKey = 'kandev.openedReviews';
const keptReviews = 5;

/** Knows which open documents belong to the result of a card. */
export class ReviewDocuments {
  readonly #state: BoardState;
  readonly #memento: Memento;

  constructor(state: BoardState, memento: Memento) {
    this.#state = state;
    this.#memento = memento;
  }

  /** VS Code brings editors back after a reload, and comments belong to them. */
  async opened(
    taskId: string,
    { info, span, files }: { info: ResultInfo; span: ResultSpan; files: readonly FileChange[] },
  ): Promise<void> {
    if (!isReviewedLive(info, span)) return;
    const live = files.filter((file) => reviewFile(file, true).after === 'live');
    const review = {
      taskId,
      files: Object.fromEntries(live.map((file) => [file.path, file.oldPath ?? file.path])),
    };
    const others = this.#reviews().filter((each) => each.taskId !== taskId);
    await this.#memento.update(mementoKey, [review, ...others].slice(0, keptReviews));
  }

  /** Null for documents of nobody's result, and of one that no agent can be told about any more. */
  of(uri: Uri): ReviewedDocument | null {
    if (uri.scheme === resultScheme) return this.#ofCheckpoint(uri);
    return uri.scheme === 'file' ? this.#ofFile(uri) : null;
  }

  /** Where the side `after` of a file can be edited. */
  fileOf({ taskId, path: file }: Pick<ReviewComment, 'taskId' | 'path'>): Uri | null {
    const root = findCard(this.#state, taskId)?.run?.workspace?.root;
    return root === undefined ? null : Uri.joinPath(Uri.file(root), file);
  }

  #ofCheckpoint(uri: Uri): ReviewedDocument | null {
    const address = addressOf(uri);
    if (address?.as !== 'text' || address.side !== 'before') return null;
    const { span } = address;
    const card = cardsOf(this.#state).find(({ task, run }) =>
      'runId' in span ? run?.id === span.runId : task.id === span.taskId,
    );
    if (!card || !isOpen(card)) return null;
    const taskId = card.task.id;
    const { files } = this.#reviews().find((each) => each.taskId === taskId) ?? { files: {} };
    const renamed = Object.entries(files).find(([, oldPath]) => oldPath === address.path)?.[0];
    return { taskId, path: renamed ?? address.path, side: 'before', before: span };
  }

  #ofFile(uri: Uri): ReviewedDocument | null {
    for (const card of cardsOf(this.#state)) {
      const place = card.run?.workspace;
      if (!place || place.kind === 'folder' || !isOpen(card)) continue;
      const file = pathBelow(place.root, uri.fsPath);
      if (file !== null) return { taskId: card.task.id, path: file, side: 'after', before: null };
    }
    for (const { taskId, files } of this.#reviews()) {
      const card = findCard(this.#state, taskId);
      const root = card?.run?.workspace?.root;
      const file = root === undefined ? null : pathBelow(root, uri.fsPath);
      if (card && isOpen(card) && file !== null && file in files) {
        return { taskId, path: file, side: 'after', before: null };
      }
    }
    return null;
  }

  #reviews(): readonly OpenedReview[] {
    return this.#memento.get<OpenedReview[]>(mementoKey, []);
  }
}

/** Its agent can still be told something about it. */
function isOpen({ task, run }: CardView): boolean {
  return run !== null && task.state !== 'COMPLETED' && task.state !== 'CANCELLED';
}

/** With slashes, as change sets have it; null for what is not below. */
function pathBelow(root: string, file: string): string | null {
  const relative = path.relative(root, file);
  if (relative === '' || relative.startsWith('..') || path.isAbsolute(relative)) return null;
  return relative.split(path.sep).join('/');
}
