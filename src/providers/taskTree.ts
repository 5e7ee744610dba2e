import {
  DataTransferItem,
  EventEmitter,
  l10n,
  ThemeColor,
  ThemeIcon,
  TreeItem,
  TreeItemCollapsibleState,
  type CancellationToken,
  type DataTransfer,
  type MarkdownString,
  type TreeDataProvider,
  type TreeDragAndDropController,
} from 'vscode';
import { blockedHosts } from '../model/blockedHosts.ts';
import { cardMatcher } from '../model/cardFilter.ts';
import { columnOf, type Column } from '../model/board.ts';
import type { CardView } from '../model/cardView.ts';
import type { RunUsage } from '../model/runUsage.ts';
import type { Run } from '../model/run.ts';
import { findCard, shownBoard, shownCards, type BoardChange, type BoardState } from './boardState.ts';
import type { CardMoves } from './cardMoves.ts';
import { agentName, cardStatus, changesText, latestActivity } from './cardText.ts';
import { DisposableStore } from './disposableStore.ts';
import { runItem, runNodes } from './runItems.ts';
import type { FailureMessages } from './failureMessages.ts';
import {
  blockedItem,
  cardTooltip,
  columnItem,
  columnItemId,
  type ColumnCount,
  contextValue,
  isMeasured,
} from './treeItems.ts';
import type { CardNode, ColumnNode, NeedsNode, TreeNode } from './treeNodes.ts';
import type { SharedFilter } from './sharedFilter.ts';
import type { UsageFeed } from './usageFeed.ts';
import { needsItem, needsNode, waitingItem, waitingKey, waitingNodes } from './waitingNodes.ts';

/** How long a tooltip waits for a first measurement, in milliseconds; docker takes about a second. */
const measureLimit = 4_000;
/** How old the figures of a tooltip may be, in milliseconds. */
const usageLifetime = 5_000;

const mimeType = 'application/vnd.kandev.card';

export interface TaskTreeOptions {
  state: BoardState;
  filter: SharedFilter;
  moves: CardMoves;
  failures: FailureMessages;
  usage: Pick<UsageFeed, 'once'>;
  /** All runs of a card, the oldest first. */
  runsOf: (taskId: string) => Promise<Run[]>;
}

/** The board as a tree: what waits for the user, then columns with their cards, and below a card its runs. */
export class TaskTree implements TreeDataProvider<TreeNode>, TreeDragAndDropController<TreeNode> {
  readonly dragMimeTypes = [mimeType];
  readonly dropMimeTypes = [mimeType];
  readonly #state: BoardState;
  readonly #filter: SharedFilter;
  readonly #moves: CardMoves;
  readonly #failures: FailureMessages;
  readonly #usage: Pick<UsageFeed, 'once'>;
  readonly #runsOf: TaskTreeOptions['runsOf'];
  readonly #disposables = new DisposableStore();
  readonly #emitter = this.#disposables.add(new EventEmitter<TreeNode[] | undefined>());
  readonly onDidChangeTreeData = this.#emitter.event;
  /** What was below what when it was last drawn: the ids of the columns, and those of the cards of each. */
  #shown: ReadonlyMap<ColumnNode | NeedsNode | null, readonly string[]> = new Map();
  /** VS Code knows a node by its object: the same card or column must be the same object each time. */
  readonly #cardNodes = new Map<string, CardNode>();
  readonly #columnNodes = new Map<string, ColumnNode>();
  readonly #outdating = new Set<NodeJS.Timeout>();

  constructor({ state, filter, moves, failures, usage, runsOf }: TaskTreeOptions) {
    this.#runsOf = runsOf;
    this.#state = state;
    this.#filter = filter;
    this.#moves = moves;
    this.#failures = failures;
    this.#usage = usage;
    this.#disposables.add(
      filter.onDidChange(() => {
        this.#refresh({ changed: [], removed: [], structural: false });
      }),
    );
    this.#disposables.add(
      state.onDidChange((change) => {
        this.#refresh(change);
      }),
    );
  }

  dispose(): void {
    for (const timer of this.#outdating) clearTimeout(timer);
    this.#disposables.dispose();
  }

  getChildren(node?: TreeNode): TreeNode[] | Promise<TreeNode[]> {
    if (!node) return this.#roots();
    if (node.kind === 'needs') return waitingNodes(this.#state);
    if (node.kind === 'column') return this.#cardsIn(node.column).map(({ task }) => this.cardNode(task.id));
    return node.kind === 'card' ? this.#belowCard(node) : [];
  }

  /** Its runs, the newest first, below what its agent could not reach. */
  async #belowCard({ taskId }: CardNode): Promise<TreeNode[]> {
    const card = findCard(this.#state, taskId);
    if (!card) return [];
    const blocked = blockedHosts(card).length > 0 ? [{ kind: 'blocked', taskId } as const] : [];
    const runs = card.run === null ? [] : await this.#failures.guard(() => this.#runsOf(taskId));
    return [...blocked, ...runNodes(taskId, runs ?? [])];
  }

  getParent(node: TreeNode): TreeNode | undefined {
    if (node.kind === 'column' || node.kind === 'needs') return undefined;
    if (node.kind === 'run' || node.kind === 'blocked') return this.cardNode(node.taskId);
    if (node.kind !== 'card') return needsNode;
    const board = shownBoard(this.#state);
    const column = this.#columnOfCard(node.taskId);
    return board && column && this.#columnNode(board.id, column);
  }

  getTreeItem(node: TreeNode): TreeItem {
    if (node.kind === 'column') return columnItem(node, this.#count(node.column));
    if (node.kind === 'needs') return needsItem(waitingNodes(this.#state).length);
    if (node.kind === 'run') return runItem(node);
    const card = findCard(this.#state, node.taskId);
    if (!card) return new TreeItem('');
    if (node.kind === 'card') return this.#cardItem(card);
    return node.kind === 'blocked' ? blockedItem(node, card) : waitingItem(node, this.#state);
  }

  /** The tooltip of a live card, for which VS Code asks when the pointer is on it: with what its run uses just then. */
  async resolveTreeItem(item: TreeItem, node: TreeNode, token: CancellationToken): Promise<TreeItem> {
    if (node.kind !== 'card' || item.tooltip !== undefined) return item;
    const left = new AbortController();
    const leaving = token.onCancellationRequested(() => {
      left.abort();
    });
    const signal = AbortSignal.any([left.signal, AbortSignal.timeout(measureLimit)]);
    const usage = await this.#usage.once(node.taskId, signal);
    leaving.dispose();
    const card = findCard(this.#state, node.taskId);
    if (!card) return item;
    item.tooltip = this.#tooltip(card, usage);
    this.#outdate(node);
    return item;
  }

  /** VS Code keeps a tooltip that it was given until the card is drawn anew. */
  #outdate(node: CardNode): void {
    const timer = setTimeout(() => {
      this.#outdating.delete(timer);
      if (findCard(this.#state, node.taskId)) this.#emitter.fire([node]);
    }, usageLifetime);
    this.#outdating.add(timer);
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
    if (!target || target.kind === 'needs' || !Array.isArray(taskIds)) return;
    const column = target.kind === 'column' ? target.column : this.#columnOfCard(target.taskId);
    if (!column) return;
    const beforeTaskId = target.kind === 'column' ? null : target.taskId;
    const moves = taskIds.map(String).flatMap((taskId) => {
      const card = findCard(this.#state, taskId);
      if (!card || taskId === beforeTaskId) return [];
      const to = column.states.includes(card.task.state) ? card.task.state : column.states[0];
      return [{ taskId, to, beforeTaskId }];
    });
    await this.#failures.guard(() => this.#moves.move(moves));
  }

  #roots(): (NeedsNode | ColumnNode)[] {
    const columns = this.#columns();
    return waitingNodes(this.#state).length > 0 ? [needsNode, ...columns] : columns;
  }

  #columns(): ColumnNode[] {
    const board = shownBoard(this.#state);
    // An empty board shows the welcome view, which says what to do; but not below what waits on other boards.
    const isEmpty = shownCards(this.#state).length + waitingNodes(this.#state).length === 0;
    if (!board || isEmpty) return [];
    return board.columns
      .filter((column) => column.isHidden !== true)
      .filter((column) => !column.hideWhenEmpty || this.#allIn(column).length > 0)
      .map((column) => this.#columnNode(board.id, column));
  }

  #columnNode(boardId: string, column: Column): ColumnNode {
    const key = `${boardId}:${column.id}`;
    let node = this.#columnNodes.get(key);
    if (node) node.column = column;
    else this.#columnNodes.set(key, (node = { kind: 'column', boardId, column }));
    return node;
  }

  /** Those that the filter lets through. */
  #cardsIn(column: Column): CardView[] {
    const matches = cardMatcher(this.#filter.current);
    return this.#allIn(column).filter((card) => matches(card, this.#agentName(card) ?? ''));
  }

  #allIn(column: Column): CardView[] {
    return shownCards(this.#state).filter(({ task }) => column.states.includes(task.state));
  }

  #count(column: Column): ColumnCount {
    return { shown: this.#cardsIn(column).length, all: this.#allIn(column).length };
  }

  #columnOfCard(taskId: string): Column | undefined {
    const board = shownBoard(this.#state);
    const task = findCard(this.#state, taskId)?.task;
    return board && task?.boardId === board.id ? columnOf(board.columns, task.state) : undefined;
  }

  /**
   * Redraws as little as possible: VS Code forgets all that is below a node until it has asked for it again, and a
   * button that is pressed in between calls its command without the node.
   */
  #refresh({ structural, changed, removed }: BoardChange): void {
    const before = this.#shown;
    this.#shown = this.#structure();
    const differs = (node: ColumnNode | NeedsNode | null): boolean =>
      before.get(node)?.join() !== this.#shown.get(node)?.join();
    if (differs(null)) {
      this.#emitter.fire(undefined);
    } else {
      const here = shownCards(this.#state).map(({ task }) => task.id);
      const looksDifferent = structural ? here : changed.filter((taskId) => here.includes(taskId));
      const groups = [...this.#shown.keys()].filter((node) => node !== null).filter(differs);
      this.#emitter.fire([...groups, ...looksDifferent.map((taskId) => this.cardNode(taskId))]);
    }
    for (const taskId of removed) this.#cardNodes.delete(taskId);
  }

  #structure(): Map<ColumnNode | NeedsNode | null, readonly string[]> {
    const columns = this.#columns();
    const waiting = waitingNodes(this.#state).map(waitingKey);
    const ids = columns.map((node) => columnItemId(node, this.#count(node.column)));
    return new Map<ColumnNode | NeedsNode | null, readonly string[]>([
      [null, waiting.length > 0 ? ['needs', ...ids] : ids],
      [needsNode, waiting],
      ...columns.map((node) => {
        // Its name and limit stand on it, too.
        const { title, limit = '' } = node.column;
        return [
          node,
          [`${title} ${limit}`, ...this.#cardsIn(node.column).map(({ task }) => task.id)],
        ] as const;
      }),
    ]);
  }

  #cardItem(card: CardView): TreeItem {
    const { task } = card;
    const status = cardStatus(card);
    const activity = latestActivity(card);
    const agent = this.#agentName(card);
    const item = new TreeItem(
      task.title,
      blockedHosts(card).length > 0
        ? TreeItemCollapsibleState.Expanded
        : card.run
          ? TreeItemCollapsibleState.Collapsed
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
    if (!isMeasured(card)) item.tooltip = this.#tooltip(card, null);
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

  #agentName({ task }: CardView): string | null {
    const agentTypes = this.#state.current.status === 'ready' ? this.#state.current.agentTypes : [];
    return agentName(agentTypes, task.agentTypeId);
  }

  #tooltip(card: CardView, usage: RunUsage | null): MarkdownString {
    return cardTooltip(card, this.#agentName(card), usage);
  }
}
