import {
  DataTransferItem,
  EventEmitter,
  l10n,
  MarkdownString,
  ThemeColor,
  ThemeIcon,
  TreeItem,
  TreeItemCollapsibleState,
  workspace,
  type DataTransfer,
  type TreeDataProvider,
  type TreeDragAndDropController,
} from 'vscode';
import type { Kandev } from '../api/contract.ts';
import { columnOf, type Column } from '../model/board.ts';
import type { CardView } from '../model/cardView.ts';
import type { PermissionRequest } from '../model/permission.ts';
import { canGoOn, isBusy, isLive } from '../model/run.ts';
import { offeredWords } from '../model/resultOffers.ts';
import { oneLine } from './agentText.ts';
import { cardsOf, findCard, type BoardChange, type BoardState } from './boardState.ts';
import { agentName, cardStatus, changesText, isStalled, latestActivity, waitsForRetry } from './cardText.ts';
import { DisposableStore } from './disposableStore.ts';
import type { FailureMessages } from './failureMessages.ts';

export type TreeNode = ColumnNode | CardNode | RequestNode | QuestionNode;
export interface ColumnNode {
  kind: 'column';
  column: Column;
}
export interface CardNode {
  kind: 'card';
  taskId: string;
}
/** A permission request below its card. */
export interface RequestNode {
  kind: 'request';
  taskId: string;
  requestId: string;
}
/** Something else that an agent asks, below its card. */
export interface QuestionNode {
  kind: 'question';
  taskId: string;
  questionId: string;
}

const mimeType = 'application/vnd.kandev.card';

/** The board as a tree: columns with their cards, and below a card what it waits for. */
export class TaskTree implements TreeDataProvider<TreeNode>, TreeDragAndDropController<TreeNode> {
  readonly dragMimeTypes = [mimeType];
  readonly dropMimeTypes = [mimeType];
  readonly #state: BoardState;
  readonly #kandev: Kandev;
  readonly #failures: FailureMessages;
  readonly #disposables = new DisposableStore();
  readonly #emitter = this.#disposables.add(new EventEmitter<TreeNode[] | undefined>());
  readonly onDidChangeTreeData = this.#emitter.event;
  /** What was below what when it was last drawn: the ids of the columns, and those of the cards of each. */
  #shown: ReadonlyMap<ColumnNode | null, readonly string[]> = new Map();
  /** VS Code knows a node by its object: the same card or column must be the same object each time. */
  readonly #cardNodes = new Map<string, CardNode>();
  readonly #columnNodes = new Map<string, ColumnNode>();

  constructor(state: BoardState, kandev: Kandev, failures: FailureMessages) {
    this.#state = state;
    this.#kandev = kandev;
    this.#failures = failures;
    this.#disposables.add(
      state.onDidChange((change) => {
        this.#refresh(change);
      }),
    );
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  getChildren(node?: TreeNode): TreeNode[] {
    if (!node) return this.#columns();
    if (node.kind === 'column') return this.#cardsIn(node.column).map(({ task }) => this.cardNode(task.id));
    if (node.kind === 'card') {
      const { taskId } = node;
      const card = findCard(this.#state, taskId);
      return [
        ...(card?.permissions ?? []).map(({ id }) => ({ kind: 'request', taskId, requestId: id }) as const),
        ...(card?.questions ?? []).map(({ id }) => ({ kind: 'question', taskId, questionId: id }) as const),
      ];
    }
    return [];
  }

  getParent(node: TreeNode): TreeNode | undefined {
    if (node.kind === 'column') return undefined;
    if (node.kind !== 'card') return this.cardNode(node.taskId);
    const column = this.#columnOfCard(node.taskId);
    return column && this.#columnNode(column);
  }

  getTreeItem(node: TreeNode): TreeItem {
    if (node.kind === 'column') return columnItem(node.column, this.#cardsIn(node.column).length);
    const card = findCard(this.#state, node.taskId);
    if (!card) return new TreeItem('');
    if (node.kind === 'card') return this.#cardItem(card);
    if (node.kind === 'question') {
      const question = card.questions.find(({ id }) => id === node.questionId);
      return question ? questionItem(node, question.message) : new TreeItem('');
    }
    const request = card.permissions.find(({ id }) => id === node.requestId);
    return request ? requestItem(request) : new TreeItem('');
  }

  /** The node of a card, for `reveal` and for commands. */
  cardNode(taskId: string): CardNode {
    let node = this.#cardNodes.get(taskId);
    if (!node) this.#cardNodes.set(taskId, (node = { kind: 'card', taskId }));
    return node;
  }

  handleDrag(source: readonly TreeNode[], data: DataTransfer): void {
    const taskIds = source.flatMap((node) => (node.kind === 'card' ? [node.taskId] : []));
    if (taskIds.length > 0) data.set(mimeType, new DataTransferItem(taskIds));
  }

  async handleDrop(target: TreeNode | undefined, data: DataTransfer): Promise<void> {
    const taskIds: unknown = data.get(mimeType)?.value;
    if (!target || !Array.isArray(taskIds)) return;
    const column = target.kind === 'column' ? target.column : this.#columnOfCard(target.taskId);
    if (!column) return;
    const beforeTaskId = target.kind === 'column' ? null : target.taskId;
    for (const taskId of taskIds.map(String)) {
      const card = findCard(this.#state, taskId);
      if (!card || taskId === beforeTaskId) continue;
      const to = column.states.includes(card.task.state) ? card.task.state : column.states[0];
      await this.#failures.guard(() => this.#kandev.execute('task.move', { taskId, to, beforeTaskId }));
    }
  }

  #columns(): ColumnNode[] {
    const { current } = this.#state;
    // An empty board shows the welcome view, which says what to do.
    if (current.status !== 'ready' || current.view.cards.length === 0) return [];
    return current.view.board.columns
      .filter((column) => !column.hideWhenEmpty || this.#cardsIn(column).length > 0)
      .map((column) => this.#columnNode(column));
  }

  #columnNode(column: Column): ColumnNode {
    let node = this.#columnNodes.get(column.id);
    if (node) node.column = column;
    else this.#columnNodes.set(column.id, (node = { kind: 'column', column }));
    return node;
  }

  #cardsIn(column: Column): CardView[] {
    return cardsOf(this.#state).filter(({ task }) => column.states.includes(task.state));
  }

  #columnOfCard(taskId: string): Column | undefined {
    const { current } = this.#state;
    const card = findCard(this.#state, taskId);
    return current.status === 'ready' && card
      ? columnOf(current.view.board.columns, card.task.state)
      : undefined;
  }

  /**
   * Redraws as little as possible: VS Code forgets all that is below a node until it has asked for it again, and a
   * button that is pressed in between calls its command without the node.
   */
  #refresh({ structural, changed, removed }: BoardChange): void {
    const before = this.#shown;
    this.#shown = this.#structure();
    const differs = (node: ColumnNode | null): boolean =>
      before.get(node)?.join() !== this.#shown.get(node)?.join();
    if (differs(null)) {
      this.#emitter.fire(undefined);
    } else {
      const looksDifferent = structural ? cardsOf(this.#state).map(({ task }) => task.id) : changed;
      const columns = [...this.#shown.keys()].filter((node) => node !== null).filter(differs);
      this.#emitter.fire([...columns, ...looksDifferent.map((taskId) => this.cardNode(taskId))]);
    }
    for (const taskId of removed) this.#cardNodes.delete(taskId);
  }

  #structure(): Map<ColumnNode | null, readonly string[]> {
    const columns = this.#columns();
    return new Map<ColumnNode | null, readonly string[]>([
      [null, columns.map(({ column }) => columnItemId(column, this.#cardsIn(column).length))],
      ...columns.map((node) => [node, this.#cardsIn(node.column).map(({ task }) => task.id)] as const),
    ]);
  }

  #cardItem(card: CardView): TreeItem {
    const { task } = card;
    const status = cardStatus(card);
    const activity = latestActivity(card);
    const agentTypes = this.#state.current.status === 'ready' ? this.#state.current.agentTypes : [];
    const agent = agentName(agentTypes, task.agentTypeId);
    const item = new TreeItem(
      task.title,
      card.permissions.length + card.questions.length > 0
        ? TreeItemCollapsibleState.Expanded
        : TreeItemCollapsibleState.None,
    );
    item.id = `card:${task.id}`;
    const changes = changesText(card);
    item.description = [status.plain ? '' : status.text, changes, activity]
      .filter((part) => part !== '')
      .join(' · ');
    item.iconPath = new ThemeIcon(
      status.icon,
      status.color === undefined ? undefined : new ThemeColor(status.color),
    );
    item.contextValue = contextValue(card);
    item.tooltip = cardTooltip(card, status.text, agent, activity);
    item.accessibilityInformation = {
      label: [task.title, status.text, agent, changes, activity].filter(Boolean).join(', '),
    };
    item.command = {
      command: 'kandev.revealInBoard',
      title: l10n.t('Show on the board'),
      arguments: [this.cardNode(task.id), { preserveFocus: true }],
    };
    return item;
  }
}

/** What the menus' `viewItem =~ /…/` looks at. */
function contextValue(card: CardView): string {
  const { task, run, permissions, questions, queue } = card;
  const words = ['card', task.state];
  if (run && isBusy(run.state)) words.push('busy');
  else if (task.agentTypeId !== null) words.push('startable');
  if (run && isLive(run.state)) words.push('live');
  if (run && canGoOn(run)) words.push('ready');
  if (queue) words.push('queued');
  if (queue?.needs) words.push('undecided');
  if (waitsForRetry(card)) words.push('retrying');
  if (isStalled(card)) words.push('stalled');
  if (permissions.length > 0) words.push('asking');
  if (questions.length > 0) words.push('questions');
  return [...words, ...offeredWords(card)].join(' ');
}

/** Another one when it is empty: an item that VS Code knows would show its first card collapsed. */
function columnItemId({ id }: Column, count: number): string {
  return count > 0 ? `column:${id}` : `column:${id}:empty`;
}

function columnItem(column: Column, count: number): TreeItem {
  const item = new TreeItem(
    column.title,
    count > 0 ? TreeItemCollapsibleState.Expanded : TreeItemCollapsibleState.None,
  );
  item.id = columnItemId(column, count);
  item.description = String(count);
  item.contextValue = `column ${column.id}`;
  item.accessibilityInformation = {
    label: count === 1 ? l10n.t('{0}, 1 card', column.title) : l10n.t('{0}, {1} cards', column.title, count),
  };
  return item;
}

function requestItem(request: PermissionRequest): TreeItem {
  const item = new TreeItem(request.title);
  item.id = `request:${request.id}`;
  item.description =
    request.command ?? request.paths.map((path) => workspace.asRelativePath(path)).join(', ');
  item.iconPath = new ThemeIcon('shield', new ThemeColor('notificationsWarningIcon.foreground'));
  item.contextValue = 'request';
  item.tooltip = l10n.t('The agent waits for your answer.');
  item.command = {
    command: 'kandev.answerPermission',
    title: l10n.t('Answer'),
    arguments: [{ kind: 'request', taskId: request.taskId, requestId: request.id } satisfies RequestNode],
  };
  return item;
}

function questionItem(node: QuestionNode, message: string): TreeItem {
  const item = new TreeItem(oneLine(message));
  item.id = `question:${node.questionId}`;
  item.iconPath = new ThemeIcon('question', new ThemeColor('notificationsWarningIcon.foreground'));
  item.contextValue = 'question';
  item.tooltip = message;
  item.accessibilityInformation = { label: l10n.t('The agent asks: {0}', message) };
  item.command = { command: 'kandev.answerQuestion', title: l10n.t('Answer'), arguments: [node] };
  return item;
}

function cardTooltip(card: CardView, status: string, agent: string | null, activity: string): MarkdownString {
  const { task, run } = card;
  const tooltip = new MarkdownString('', true);
  tooltip.appendMarkdown('**').appendText(task.title).appendMarkdown('**\n\n');
  const facts = [status, agent, l10n.t('{0} priority', task.priority), ...task.labels].filter(Boolean);
  const changes = changesText(card);
  if (changes !== '') facts.push(changes);
  tooltip.appendText(facts.join(' · ')).appendMarkdown('\n\n');
  if (activity !== '') tooltip.appendText(activity).appendMarkdown('\n\n');
  if (run?.failure?.detail) tooltip.appendCodeblock(run.failure.detail.slice(-1000));
  if (task.description !== '') tooltip.appendText(task.description.slice(0, 500));
  return tooltip;
}
