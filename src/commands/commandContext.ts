import type { Kandev } from '../api/contract.ts';
import type { BoardState } from '../providers/boardState.ts';
import type { BoardTreeView } from '../providers/boardView.ts';
import type { CardDeletion } from '../providers/cardDeletion.ts';
import type { EngineWatch } from '../providers/engineWatch.ts';
import type { FailureMessages } from '../providers/failureMessages.ts';
import type { OutputLog } from '../providers/outputLog.ts';
import type { PermissionPrompts } from '../providers/permissionPrompts.ts';

/** The board in an editor tab, as far as commands need it. */
export interface BoardWindow {
  open(): void;
  /** Opens the board with the focus on a card. */
  focusCard(taskId: string): void;
  /** Shows a card on the board and leaves the focus where it is; a second time, the card gets the focus. */
  showCard(taskId: string): void;
  /** Opens the board with the form of a card. */
  startEdit(taskId: string): void;
}

/** What the commands work with. */
export interface CommandContext {
  kandev: Kandev;
  state: BoardState;
  failures: FailureMessages;
  prompts: PermissionPrompts;
  log: OutputLog;
  board: BoardWindow;
  deletion: CardDeletion;
  engine: EngineWatch;
  view: BoardTreeView;
}

/** A command's work. What it throws is shown to the user. The arguments come from menus, and are not to be trusted. */
export type CommandHandler = (context: CommandContext, ...args: unknown[]) => Promise<unknown>;

export type CommandTable = Readonly<Record<`kandev.${string}`, CommandHandler>>;
