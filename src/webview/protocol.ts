import type { CommandInput } from '../api/contract.ts';
import type { AgentType } from '../model/agentType.ts';
import type { Board } from '../model/board.ts';
import type { CardFilter } from '../model/cardFilter.ts';
import type { CardView } from '../model/cardView.ts';
import type { EngineStatus } from '../model/engine.ts';
import type { Failure, UserAction } from '../model/failure.ts';
import type { PermissionRequest } from '../model/permission.ts';
import type { RunUsage } from '../model/runUsage.ts';
import type { CardMove, Priority, QueuePause, WorkspaceMode } from '../model/task.ts';

/** How much of a file a permission request would change; the texts themselves stay in the extension. */
export interface DiffSummary {
  path: string;
  /** Lines. */
  added: number;
  /** Lines. */
  removed: number;
  isNewFile: boolean;
}

export type PermissionView = Omit<PermissionRequest, 'diffs'> & { diffs: readonly DiffSummary[] };

/** A `CardView` as the board gets it: proposed diffs, which can be megabytes, are reduced to their numbers. */
export type BoardCard = Omit<CardView, 'permissions'> & { permissions: readonly PermissionView[] };

/** What the card form holds, as it was typed. */
export interface FormValues {
  title: string;
  description: string;
  /** Empty when a person does the work. */
  agentTypeId: string;
  priority: Priority;
  /** Separated by commas. */
  labels: string;
  workspaceMode: WorkspaceMode;
  /** Of mode `repository`. */
  repositoryUrl: string;
  /** Empty: the one that is checked out, or the repository's own. */
  branch: string;
  includeUncommitted: boolean;
  /** Where a new card goes. */
  state: 'BACKLOG' | 'TODO';
}

/** A form that is not saved yet. `base` is what the form began with, so that only what the user changed is sent. */
export interface Draft {
  base: FormValues;
  values: FormValues;
}

/** The key of the draft of a board's new card; the draft of an existing one has the card's id. */
export function newCardKey(boardId: string): string {
  return `new:${boardId}`;
}

export type Drafts = Readonly<Record<string, Draft>>;

/** The commands of the contract that the board sends itself. What can be taken back goes by way of the host. */
export type BoardCommand =
  | 'task.create'
  | 'task.update'
  | 'task.start'
  | 'task.stop'
  | 'permission.answer'
  | 'run.wait'
  | 'run.nudge'
  | 'queue.resume'
  | 'board.setColumn'
  | 'board.addSamples';

export type BoardCommandInput<C extends BoardCommand> = CommandInput<C>;

/** The commands of VS Code that the board may run on a card; each gets `{ taskId }`. */
export const uiCommands = [
  'kandev.answerPermission',
  'kandev.makeRule',
  'kandev.answerQuestion',
  'kandev.reviewChanges',
  'kandev.sendMessage',
  'kandev.openRun',
  'kandev.allowHost',
] as const;
export type UiCommand = (typeof uiCommands)[number];

export type ExecuteMessage<C extends BoardCommand = BoardCommand> = {
  [K in C]: { type: 'execute'; requestId: number; command: K; input: BoardCommandInput<K> };
}[C];

/** What the user chooses in VS Code: what to filter by, which columns are shown, and which board. */
export const choices = ['filter', 'columns', 'board'] as const;
export type Choice = (typeof choices)[number];

/** What a template fills a new card with. */
export type TemplateValues = Pick<FormValues, 'title' | 'description' | 'priority'> & {
  labels: readonly string[];
  /** Null where it suggests none that is known here. */
  agentTypeId: string | null;
};

/** From the board to the extension. */
export type AppMessage =
  /** The page has loaded and listens; everything it shows is sent in answer. */
  | { type: 'ready' }
  | ExecuteMessage
  /** Moves cards, one after the other; those that are refused stay where they are. */
  | {
      type: 'moveCards';
      requestId: number;
      moves: readonly CardMove[];
      /** Stop the agents that are at work on them, without which they are refused. */
      stopRuns: boolean;
    }
  /** Makes cards, with a way back. */
  | { type: 'createCards'; requestId: number; cards: readonly BoardCommandInput<'task.create'>[] }
  /** Takes back what was done last with cards, here or elsewhere. */
  | { type: 'undo'; requestId: number }
  /** Deletes cards; where that ends an agent's work, once the user has agreed. */
  | { type: 'deleteCards'; requestId: number; taskIds: readonly string[] }
  /** Moves cards to another board, which the user chooses in VS Code. */
  | { type: 'moveToBoard'; taskIds: readonly string[] }
  | { type: 'uiCommand'; command: UiCommand; taskId: string }
  /** Other cards are to be shown, here and in the tree. */
  | { type: 'setFilter'; filter: CardFilter }
  /** Lets the user choose in VS Code's own list. */
  | { type: 'choose'; what: Choice }
  /** Lets the user choose a template for the card that is being written. */
  | { type: 'chooseTemplate' }
  /** The button of a failure, where the page cannot do by itself what it stands for. */
  | { type: 'runAction'; requestId: number; action: UserAction }
  /** Keeps what is typed in a form beyond the life of the page; null once it is saved or discarded. */
  | { type: 'saveDraft'; key: string; draft: Draft | null };

/** From the extension to the board. */
export type HostMessage =
  | { type: 'loading' }
  | { type: 'unavailable'; failure: Failure }
  /** Everything there is to show. */
  | {
      type: 'snapshot';
      revision: number;
      /** The extension's clock, in milliseconds since the epoch: it may run on another machine. */
      now: number;
      /** The one that is shown, with its cards; another one than before where the user has switched. */
      board: Board;
      /** Of that board. It counts where another board was shown before. */
      filter: CardFilter;
      cards: readonly BoardCard[];
      queuePause: QueuePause | null;
      /** Where agents can work in the open folder. */
      workspaceModes: readonly WorkspaceMode[];
      agentTypes: readonly AgentType[];
      engine: EngineStatus | null;
    }
  | { type: 'update'; revision: number; upserted: readonly BoardCard[]; removed: readonly string[] }
  /** How many boards there are, and how many cards of the others wait for the user. */
  | { type: 'boards'; count: number; waitingElsewhere: number }
  /** What live runs use; those that are left out were not measured. */
  | { type: 'usage'; usage: readonly RunUsage[] }
  /** `taskId` is the card that the command made or changed, where there is one. */
  | { type: 'commandDone'; requestId: number; taskId: string | null }
  | { type: 'commandFailed'; requestId: number; failure: Failure }
  /** The forms that were not saved when the page was last open. */
  | { type: 'drafts'; drafts: Drafts }
  | { type: 'filter'; filter: CardFilter }
  /** Something was done that can be taken back. */
  | { type: 'undoable'; text: string }
  | { type: 'focusCard'; taskId: string }
  /** Brings the card into view and marks it; the focus stays where it is. */
  | { type: 'showCard'; taskId: string }
  | { type: 'startCreate'; state: FormValues['state'] }
  | { type: 'startEdit'; taskId: string }
  /** The template that was chosen. */
  | { type: 'template'; values: TemplateValues }
  /** Lists the keys of the board. */
  | { type: 'showHelp' };

const hostMessageTypes: readonly string[] = [
  'loading',
  'unavailable',
  'snapshot',
  'update',
  'boards',
  'usage',
  'commandDone',
  'commandFailed',
  'drafts',
  'filter',
  'undoable',
  'focusCard',
  'showCard',
  'startCreate',
  'startEdit',
  'template',
  'showHelp',
] satisfies readonly HostMessage['type'][];

/** Tells the extension's messages from whatever else reaches the page's window. */
export function isHostMessage(data: unknown): data is HostMessage {
  return isMessageOf(hostMessageTypes, data);
}

/** Whether it is a message of one of these types, by its type alone: the extension is trusted for the rest. */
export function isMessageOf(types: readonly string[], data: unknown): boolean {
  return (
    typeof data === 'object' &&
    data !== null &&
    'type' in data &&
    typeof data.type === 'string' &&
    types.includes(data.type)
  );
}
