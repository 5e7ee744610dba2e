import { commands, l10n, window, type TreeView } from 'vscode';
import type { BoardState } from './boardState.ts';
import { DisposableStore } from './disposableStore.ts';
import { openRequests } from './permissionPrompts.ts';
import type { TaskTree, TreeNode } from './taskTree.ts';

/** The tree in the sidebar with what stands around it: the badge, the message above it, the welcome when it is empty. */
export class BoardTreeView {
  readonly #disposables = new DisposableStore();
  readonly #view: TreeView<TreeNode>;
  readonly #state: BoardState;

  /** `onFirstShown` is called when somebody looks at the tree for the first time. */
  constructor(tree: TaskTree, state: BoardState, onFirstShown: () => void) {
    this.#state = state;
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
    let shown = false;
    const showOnce = (): void => {
      if (shown || !this.#view.visible) return;
      shown = true;
      onFirstShown();
    };
    this.#disposables.add(this.#view.onDidChangeVisibility(showOnce));
    this.#update();
    showOnce();
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
    const waiting = openRequests(this.#state).length;
    this.#view.badge =
      waiting === 0
        ? undefined
        : { value: waiting, tooltip: l10n.t('{0} permission requests wait for you', waiting) };
    this.#view.message = this.#message() ?? '';
  }

  /** Which welcome an empty tree shows; the manifest's `when` clauses look at it. */
  #welcome(): 'loading' | 'unavailable' | 'noEngine' | 'empty' | 'cards' {
    const { current } = this.#state;
    if (current.status !== 'ready') return current.status;
    if (current.view.cards.length > 0) return 'cards';
    return current.engine?.failure ? 'noEngine' : 'empty';
  }

  #message(): string | undefined {
    const { current } = this.#state;
    if (current.status !== 'ready' || current.view.cards.length === 0) return undefined;
    return current.engine?.failure?.message;
  }
}
