/** The parts of VS Code in which Kandev shows itself, each made of what it needs. */
import { languages, window, workspace, type ExtensionContext } from 'vscode';
import { checkField } from './acp/elicitation.ts';
import type { Kandev } from './api/contract.ts';
import type { UserAction } from './model/failure.ts';
import type { LiveBoardState } from './providers/boardState.ts';
import { BoardTreeView } from './providers/boardView.ts';
import { CardDeletion } from './providers/cardDeletion.ts';
import { CardMoves } from './providers/cardMoves.ts';
import { CardCodeActions } from './providers/codeActions.ts';
import { CredentialPrompts } from './providers/credentialPrompts.ts';
import { DevcontainerPrompts } from './providers/devcontainerPrompts.ts';
import type { DisposableStore } from './providers/disposableStore.ts';
import type { EngineWatch } from './providers/engineWatch.ts';
import type { FailureMessages } from './providers/failureMessages.ts';
import type { OutputLog } from './providers/outputLog.ts';
import { PermissionPrompts } from './providers/permissionPrompts.ts';
import { QuestionPrompts } from './providers/questionPrompts.ts';
import { QuickCards } from './providers/quickCards.ts';
import { resultScheme, ResultFiles } from './providers/resultFiles.ts';
import { ReviewComments } from './providers/reviewComments.ts';
import { ReviewDocuments } from './providers/reviewDocuments.ts';
import { ReviewWalk } from './providers/reviewWalk.ts';
import { tellOfNewRules } from './providers/ruleMessages.ts';
import { RuleTree } from './providers/ruleTree.ts';
import type { SharedFilter } from './providers/sharedFilter.ts';
import { TaskTree, type TaskTreeOptions } from './providers/taskTree.ts';
import { UndoHistory } from './providers/undoHistory.ts';
import type { UsageFeed } from './providers/usageFeed.ts';
import { WorkingFiles } from './providers/workingFiles.ts';
import { BoardPanels, boardViewType } from './webview/host/boardPanel.ts';
import { InsightPanels, insightViewTypes } from './webview/host/insightPanels.ts';
import { RunPanels, runViewType } from './webview/host/runPanels.ts';

/** What people do with cards by hand, with one history of what can be taken back. */
interface Handwork {
  history: UndoHistory;
  deletion: CardDeletion;
  moves: CardMoves;
  creation: QuickCards;
}

export function openHandwork(kandev: Kandev, state: LiveBoardState, failures: FailureMessages): Handwork {
  const history = new UndoHistory();
  const deletion = new CardDeletion(kandev, state, failures, history);
  const moves = new CardMoves(kandev, state, history);
  return { history, deletion, moves, creation: new QuickCards(kandev, deletion, history) };
}

interface TreeOptions extends TaskTreeOptions {
  engine: EngineWatch;
}

/** The tree in the sidebar. The engine is looked at when somebody sees it for the first time. */
export function openTree(store: DisposableStore, { engine, ...options }: TreeOptions): BoardTreeView {
  const tree = store.add(new TaskTree(options));
  return store.add(
    new BoardTreeView(tree, options.state, options.filter, () => {
      engine.look();
    }),
  );
}

/** What asks the user for agents, and the rules by which some of it is answered without asking. */
export function openPrompts(
  store: DisposableStore,
  kandev: Kandev,
  state: LiveBoardState,
  failures: FailureMessages,
) {
  store.add(tellOfNewRules(kandev, state, failures));
  return {
    prompts: new PermissionPrompts(state, kandev, failures),
    rules: store.add(new RuleTree(kandev, state, failures)),
    questions: store.add(new QuestionPrompts(state, kandev, failures, checkField)),
    credentials: store.add(new CredentialPrompts(kandev, state, failures)),
    devcontainers: store.add(new DevcontainerPrompts(kandev, state, failures)),
  };
}

/** What of Kandev is in the editor and in the Explorer. */
export function openInCode(store: DisposableStore, kandev: Kandev, state: LiveBoardState): void {
  const actions = new CardCodeActions();
  const files = { scheme: 'file' };
  store.add(languages.registerCodeActionsProvider(files, actions, CardCodeActions.metadata));
  store.add(window.registerFileDecorationProvider(store.add(new WorkingFiles(kandev, state))));
}

/** The files of agents' results, and what people say about them. */
export function openReviews(
  { workspaceState }: ExtensionContext,
  store: DisposableStore,
  { kandev, state, failures }: { kandev: Kandev; state: LiveBoardState; failures: FailureMessages },
): { review: ReviewComments; walk: ReviewWalk } {
  store.add(workspace.registerTextDocumentContentProvider(resultScheme, new ResultFiles(kandev)));
  const documents = new ReviewDocuments(state, workspaceState);
  return {
    review: store.add(new ReviewComments(kandev, state, documents, failures)),
    walk: store.add(new ReviewWalk(kandev, state, documents)),
  };
}

interface PanelsOptions extends Handwork {
  kandev: Kandev;
  state: LiveBoardState;
  usage: UsageFeed;
  filter: SharedFilter;
  log: OutputLog;
  /** Does what the button of a failure says. */
  perform: (action: UserAction) => Promise<void>;
}

/** The pages that are shown in editor tabs. */
export function openPanels(
  { extensionUri, workspaceState: drafts }: ExtensionContext,
  store: DisposableStore,
  { kandev, state, usage, filter, log, perform, ...handwork }: PanelsOptions,
): { board: BoardPanels; runs: RunPanels; insight: InsightPanels } {
  const options = { kandev, state, usage, extensionUri, drafts, log, runAction: perform };
  const board = new BoardPanels({
    ...options,
    filter,
    history: handwork.history,
    deleteCards: (taskIds) => handwork.deletion.delete(taskIds),
    moveCards: (moves, how) => handwork.moves.move(moves, how),
    createCards: (cards) => handwork.creation.create(cards),
  });
  const runs = new RunPanels(options);
  const insight = new InsightPanels({
    ...options,
    openRun: (taskId, place) => {
      runs.open(taskId, { place });
    },
  });
  for (const panels of [board, runs, insight]) store.add(panels);
  for (const type of insightViewTypes) store.add(window.registerWebviewPanelSerializer(type, insight));
  store.add(window.registerWebviewPanelSerializer(boardViewType, board));
  store.add(window.registerWebviewPanelSerializer(runViewType, runs));
  return { board, runs, insight };
}
