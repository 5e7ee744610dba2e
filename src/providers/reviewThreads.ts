import {
  CommentMode,
  CommentThreadCollapsibleState,
  CommentThreadState,
  l10n,
  MarkdownString,
  Range,
  type Comment,
  type CommentAuthorInformation,
  type CommentController,
  type CommentThread,
  type Uri,
} from 'vscode';
import type { CommentState, ReviewComment } from '../model/review.ts';

/** What the menus' `comment == …` and `commentThread == …` look at. */
function contextOf(state: CommentState): string {
  return state === 'resolved' ? 'resolved' : state === 'sent' ? 'sent' : 'unsent';
}

/** A comment as VS Code draws it. */
export class ShownComment implements Comment {
  body: string | MarkdownString;
  mode = CommentMode.Preview;
  readonly author: CommentAuthorInformation;
  readonly contextValue: string;
  readonly label: string;
  readonly timestamp: Date;
  readonly id: string;
  readonly taskId: string;
  readonly #text: string;

  constructor({ id, taskId, text, state, createdBy, createdAt }: ReviewComment) {
    this.id = id;
    this.taskId = taskId;
    this.#text = text;
    // A comment may be Markdown; it is the user's own, and is trusted no more than any other.
    this.body = new MarkdownString(text);
    this.author = { name: createdBy };
    this.label = stateText(state);
    this.contextValue = contextOf(state);
    this.timestamp = new Date(createdAt);
  }

  /** The same to be edited, or as it was. */
  inMode(mode: CommentMode): this {
    this.mode = mode;
    this.body = mode === CommentMode.Editing ? this.#text : new MarkdownString(this.#text);
    return this;
  }

  /** What the user has made of it in the editor. */
  get edited(): string {
    return typeof this.body === 'string' ? this.body : this.body.value;
  }
}

function stateText(state: CommentState): string {
  switch (state) {
    case 'draft':
      return l10n.t('Not sent yet');
    case 'sent':
      return l10n.t('Sent to the agent');
    case 'resolved':
      return l10n.t('Resolved');
    case 'reopened':
      return l10n.t('Open again: the agent left these lines as they were');
  }
}

/** Draws a comment anew, in the thread that it has or in a new one. */
export function showThread(
  controller: CommentController,
  known: CommentThread | undefined,
  { comment, title, uri }: { comment: ReviewComment; title: string; uri: Uri },
): CommentThread {
  const { start, end } = comment.lines;
  const range = new Range(start, 0, end - 1, 0);
  const shown = new ShownComment(comment);
  const thread = known ?? controller.createCommentThread(uri, range, [shown]);
  thread.range = range;
  thread.comments = [shown];
  thread.canReply = false;
  thread.label = title;
  thread.contextValue = contextOf(comment.state);
  const isResolved = comment.state === 'resolved';
  thread.state = isResolved ? CommentThreadState.Resolved : CommentThreadState.Unresolved;
  if (!known) {
    thread.collapsibleState = isResolved
      ? CommentThreadCollapsibleState.Collapsed
      : CommentThreadCollapsibleState.Expanded;
  }
  return thread;
}
