import { commands, l10n, window, type TreeView } from 'vscode';
import { isFiltering } from '../model/cardFilter.ts';
import { blockedHosts } from '../model/blockedHosts.ts';
import { boardsOf, queuePause, shownBoard, shownCards, type BoardState } from './boardState.ts';
import { DisposableStore } from './disposableStore.ts';
import { filterText } from './filterText.ts';
import type { SharedFilter } from './sharedFilter.ts';
import type { TaskTree } from './taskTree.ts';
import type { TreeNode } from './treeNodes.ts';
import { waitingNodes } from './waitingNodes.ts';

/** The tree in the sidebar with what stands around it: the badge, the message above it, the welcome when it is empty. */
export class BoardTreeView {
  readonly #disposables = new DisposableStore();
  readonly #view: TreeView<TreeNode>;
  readonly #tree: TaskTree;
  readonly #state: BoardState;
  readonly #filter: SharedFilter;
  /** The cards that were opened for the hosts below them that they were refused; from then on that is the user's choice. */
  #opened = new Set<string>();

  /** `onFirstShown` is called when somebody looks at the tree for the first time. */
  constructor(tree: TaskTree, state: BoardState, filter: SharedFilter, onFirstShown: () => void) {
    this.#tree = tree;
    this.#state = state;
    this.#filter = filter;
    this.#view = this.#disposables.add(
      window.createTreeView('kandev.cards', {
        treeDataProvider: tree,
        dragAndDropController: tree,
        canSelectMany: true,
        showCollapseAll: true,
      }),
    );
    this.#disposables.add(
      state.onDidChange(() => {
        this.#update();
      }),
    );
    this.#disposables.add(
      filter.onDidChange(() => {
        this.#update();
      }),
    );
    let shown = false;
    const show = (): void => {
      if (!this.#view.visible) return;
      this.#openBlockedCards();
      if (shown) return;
      shown = true;
      onFirstShown();
    };
    this.#disposables.add(this.#view.onDidChangeVisibility(show));
    this.#update();
    show();
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  /** The cards that are selected in the tree. */
  selectedTaskIds(): string[] {
    return this.#view.selection.flatMap((node) => (node.kind === 'card' ? [node.taskId] : []));
  }

  #update(): void {
    void commands.executeCommand('setContext', 'kandev.view', this.#welcome());
    void commands.executeCommand('setContext', 'kandev.queuePaused', queuePause(this.#state) !== null);
    void commands.executeCommand('setContext', 'kandev.filtered', isFiltering(this.#filter.current));
    const hasSeveral = boardsOf(this.#state).length > 1;
    void commands.executeCommand('setContext', 'kandev.severalBoards', hasSeveral);
    const name = shownBoard(this.#state)?.name;
    // Alone in its container, where it usually is, a view shows no description.
    this.#view.title = hasSeveral && name !== undefined ? name : l10n.t('Board');
    const waiting = waitingNodes(this.#state).length;
    this.#view.badge = waiting === 0 ? undefined : { value: waiting, tooltip: waitingText(waiting) };
    this.#view.message = this.#message() ?? '';
    if (this.#view.visible) this.#openBlockedCards();
  }

  /** VS Code keeps a card closed that had nothing below it when it was first shown. */
  #openBlockedCards(): void {
    const refused = new Set(
      shownCards(this.#state)
        .filter((card) => blockedHosts(card).length > 0)
        .map(({ task }) => task.id),
    );
    for (const taskId of refused) {
      if (this.#opened.has(taskId)) continue;
      const options = { select: false, focus: false, expand: true };
      // Rejects where the card is gone again by then.
      this.#view.reveal(this.#tree.cardNode(taskId), options).then(undefined, () => undefined);
    }
    this.#opened = refused;
  }

  /** Which welcome an empty tree shows; the manifest's `when` clauses look at it. */
  #welcome(): 'loading' | 'unavailable' | 'noEngine' | 'empty' | 'cards' {
    const { current } = this.#state;
    if (current.status !== 'ready') return current.status;
    if (shownCards(this.#state).length > 0) return 'cards';
    return current.engine?.failure ? 'noEngine' : 'empty';
  }

  #message(): string | undefined {
    const { current } = this.#state;
    if (current.status !== 'ready' || shownCards(this.#state).length === 0) return undefined;
    if (current.engine?.failure) return current.engine.failure.message;
    const pause = queuePause(this.#state);
    if (pause) return l10n.t('The queue is paused: no further agent is started.');
    const { current: filter } = this.#filter;
    return isFiltering(filter) ? l10n.t('Filter: {0}', filterText(filter, current.agentTypes)) : undefined;
  }
}

function waitingText(waiting: number): string {
  return waiting === 1
    ? l10n.t('A question of an agent waits for you')
    : l10n.t('{0} questions of agents wait for you', waiting);
}
