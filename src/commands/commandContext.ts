import type { Kandev } from '../api/contract.ts';
import type { AgentImage } from '../model/agentImage.ts';
import type { AgentType } from '../model/agentType.ts';
import type { EngineChoice } from '../model/engine.ts';
import type { SignInWay } from '../model/signIn.ts';
import type { AgentReport } from '../providers/agentReport.ts';
import type { TerminalConnection } from '../providers/agentTerminal.ts';
import type { WindowState } from '../providers/boardState.ts';
import type { BoardTreeView } from '../providers/boardView.ts';
import type { CardDeletion } from '../providers/cardDeletion.ts';
import type { CardMoves } from '../providers/cardMoves.ts';
import type { ContainerLogs } from '../providers/containerLogs.ts';
import type { CredentialPrompts } from '../providers/credentialPrompts.ts';
import type { DevcontainerPrompts } from '../providers/devcontainerPrompts.ts';
import type { EngineWatch } from '../providers/engineWatch.ts';
import type { FailureMessages } from '../providers/failureMessages.ts';
import type { GatewayWatch } from '../providers/gatewayWatch.ts';
import type { OutputLog } from '../providers/outputLog.ts';
import type { PermissionPrompts } from '../providers/permissionPrompts.ts';
import type { QuestionPrompts } from '../providers/questionPrompts.ts';
import type { ReviewComments } from '../providers/reviewComments.ts';
import type { RuleTree } from '../providers/ruleTree.ts';
import type { SharedFilter } from '../providers/sharedFilter.ts';
import type { ReviewWalk } from '../providers/reviewWalk.ts';
import type { SecretEnvironment } from '../providers/secretEnvironment.ts';
import type { UndoHistory } from '../providers/undoHistory.ts';

/** The board in an editor tab, as far as commands need it. */
export interface BoardWindow {
  open(): void;
  /** Opens the board with the focus on a card. */
  focusCard(taskId: string): void;
  /** Shows a card on the board and leaves the focus where it is; a second time, the card gets the focus. */
  showCard(taskId: string): void;
  /** Opens the board with the form of a card. */
  startEdit(taskId: string): void;
  /** Opens the board with the list of its keys. */
  showHelp(): void;
}

/** The tabs with statistics and timelines, as far as commands need them. */
export interface InsightWindows {
  openStatistics(): void;
  /** Shows what has happened to a card. */
  openTimeline(taskId: string): void;
}

/** The tabs in which runs are shown, as far as commands need them. */
export interface RunWindows {
  /** Shows a card's run; `compose` puts the focus where a message is typed. */
  open(taskId: string, options?: { preserveFocus?: boolean; compose?: boolean }): void;
  /** The card whose run is shown in the active editor; null when there is none. */
  readonly active: string | null;
}

/** This window's own way to agents, as far as commands need it. */
export interface AgentWindow {
  engineTools: EngineWindow;
  /** How a user can sign in; the methods that the agent names need a report of it. */
  ways(agentType: AgentType, report: Pick<AgentReport, 'authMethods'> | null): SignInWay[];
  /** Opens a terminal that signs in, in a container like that of a run. */
  openSignIn(
    agentType: AgentType,
    request: {
      command: readonly string[];
      env: Readonly<Record<string, string>>;
      size: { columns: number; rows: number };
    },
    say: (line: string) => void,
    signal: AbortSignal,
  ): Promise<TerminalConnection>;
  /** Opens a shell in the container of a live run. */
  openInRun(runId: string, request: { size: { columns: number; rows: number } }): Promise<TerminalConnection>;
  /** Has the agent sign its user in by a method of its own. */
  authenticate(
    agentType: AgentType,
    methodId: string,
    say: (line: string) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

/** Engines and images, as far as commands need them. */
export interface EngineWindow {
  /** All engines that can be found from here, each with whether it answers. */
  engines(): Promise<EngineChoice[]>;
  /** What there is of an agent's image. */
  image(agentType: AgentType): Promise<AgentImage>;
  /** Whether there is a newer image for an agent; null where there is nothing to compare. */
  hasUpdate(agentType: AgentType, signal: AbortSignal): Promise<boolean | null>;
  /** Builds or pulls an agent's image anew. */
  remake(
    agentType: AgentType,
    progress: { activity(text: string): void; log(line: string): void },
    signal: AbortSignal,
  ): Promise<void>;
}

/** What the commands work with. */
export interface CommandContext {
  kandev: Kandev;
  state: WindowState;
  filter: SharedFilter;
  failures: FailureMessages;
  prompts: PermissionPrompts;
  questions: QuestionPrompts;
  rules: RuleTree;
  credentials: CredentialPrompts;
  devcontainers: DevcontainerPrompts;
  log: OutputLog;
  containerLogs: ContainerLogs;
  board: BoardWindow;
  runs: RunWindows;
  insight: InsightWindows;
  deletion: CardDeletion;
  moves: CardMoves;
  history: UndoHistory;
  engine: EngineWatch;
  view: BoardTreeView;
  review: ReviewComments;
  walk: ReviewWalk;
  /** There as soon as the board is open. */
  agents: () => Promise<AgentWindow>;
  environment: SecretEnvironment;
  gateway: GatewayWatch;
}

/** A command's work. What it throws is shown to the user. The arguments come from menus, and are not to be trusted. */
export type CommandHandler = (context: CommandContext, ...args: unknown[]) => Promise<unknown>;

export type CommandTable = Readonly<Record<`kandev.${string}`, CommandHandler>>;
