import type { CommandInput } from '../api/contract.ts';
import type { Failure, UserAction } from '../model/failure.ts';
import type { Picture } from '../model/picture.ts';
import type { Message, QueuedPrompt } from '../model/prompt.ts';
import type { Run } from '../model/run.ts';
import type { RunUsage } from '../model/runUsage.ts';
import { isMessageOf, type BoardCard, type DiffSummary } from './protocol.ts';

/** A tool call as the page gets it: proposed texts and raw values, which can be megabytes, stay in the extension. */
export interface ToolView {
  id: string;
  title: string;
  /** ACP's tool kind: read, edit, delete, execute, …, or one we do not know. */
  kind: string;
  /** pending, in_progress, completed, failed, cancelled, or one we do not know. */
  status: string;
  locations: readonly ToolPlace[];
  /** What it has put out as text, shortened where it is long. */
  texts: readonly string[];
  diffs: readonly DiffSummary[];
  /** The terminals that it shows, by their ids. */
  terminals: readonly string[];
  /** There are raw values to ask for. */
  hasRaw: boolean;
}

export interface ToolPlace {
  /** As the agent sees the file system. */
  path: string;
  /** From 1. */
  line: number | null;
  /** For people: relative to the folder. */
  label: string;
}

export interface PlanStep {
  content: string;
  /** pending, in_progress, completed. */
  status: string;
}

/** What an entry of the transcript holds, by its kind. */
export type EntryContent =
  | { kind: 'user'; key: string | null; text: string; pictures: readonly Picture[] }
  | { kind: 'message' | 'thought'; key: string | null; text: string }
  /** What a command has printed, without control characters; the key is its terminal's id. */
  | { kind: 'terminal'; key: string; text: string }
  | { kind: 'tool_call'; tool: ToolView }
  | { kind: 'plan'; steps: readonly PlanStep[] }
  | { kind: 'usage'; used: number; size: number; cost: string | null }
  | { kind: 'turn_end'; text: string; stopReason: string }
  | { kind: 'notice'; text: string; severity: string }
  | { kind: 'unknown'; text: string };

/** A stored entry of a run's transcript. `seq` counts from 1 within the run; turn 0 is before the first prompt. */
export type RunEntry = { runId: string; seq: number; turn: number; at: number } & EntryContent;

/** A run of the card, as far as the transcript tells of it. */
export type RunSummary = Pick<Run, 'id' | 'state' | 'createdAt' | 'failure'> & { agentName: string };

/** Something that can be chosen in the conversation of a live run. */
export interface RunOption {
  id: string;
  name: string;
  description: string | null;
  /** `mode`, `model`, …; null where the agent says none. */
  category: string | null;
  value: string | boolean | null;
  /** Empty for what is on or off. */
  choices: readonly { id: string; name: string; description: string | null; group: string | null }[];
}

export interface RunCommand {
  name: string;
  description: string;
  /** What to type after the name; null when it takes nothing. */
  hint: string | null;
}

/** What the live conversation offers; null while there is none. */
export interface SessionOffer {
  options: readonly RunOption[];
  commands: readonly RunCommand[];
}

/** The commands of the contract that the page sends itself. */
export type RunViewCommand =
  | 'task.start'
  | 'task.stop'
  | 'prompt.send'
  | 'prompt.update'
  | 'prompt.place'
  | 'prompt.remove'
  | 'prompt.sendNow'
  | 'permission.answer'
  | 'run.setOption';

/** The commands of VS Code that the page may run on its card; each gets `{ taskId }`. */
export const runUiCommands = [
  'kandev.answerPermission',
  'kandev.makeRule',
  'kandev.chooseApprovals',
  'kandev.answerQuestion',
  'kandev.editTask',
  'kandev.revealInBoard',
  'kandev.exportTranscript',
  'kandev.reviewChanges',
  'kandev.sendReview',
  'kandev.allowHost',
] as const;
export type RunUiCommand = (typeof runUiCommands)[number];

/** Where older entries end: the run and the first of its entries that the page has; null: the run's end. */
export interface Before {
  runId: string;
  seq: number | null;
}

/** Where a run was at a time, in milliseconds since the epoch. */
export interface RunPlace {
  runId: string;
  at: number;
}

/** What the page asks the extension for, by name, and what it is answered. */
export interface RunRequests {
  execute: { input: ExecuteInput; result: null };
  /** The entries before a place, in their order: at most a page of one run. */
  older: { input: { before: Before }; result: { entries: RunEntry[]; before: Before | null } };
  /** The raw input and output of a tool call, as JSON for people; null where there is none. */
  raw: { input: EntryId; result: { input: string | null; output: string | null } };
  /** Opens the diff of a tool call, or of an open permission request, in VS Code's diff editor. */
  openDiff: { input: DiffOf; result: null };
  openFile: { input: { path: string; line: number | null }; result: null };
  openLink: { input: { href: string }; result: null };
  /** Files of the card's workspace whose path contains what was typed. */
  files: { input: { query: string }; result: string[] };
  /** What was dropped, as paths in the workspace; what is elsewhere is left out. */
  dropped: { input: { uris: string[] }; result: string[] };
  /** Keeps a picture, in base64, for a message. */
  addPicture: { input: { name: string; data: string }; result: Picture };
  /** Has the user choose picture files. */
  choosePictures: { input: object; result: Picture[] };
  /** What is in a picture, in base64. */
  picture: { input: { pictureId: string }; result: { data: string } };
  runAction: { input: { action: UserAction }; result: null };
  uiCommand: { input: { command: RunUiCommand }; result: null };
}

export interface EntryId {
  runId: string;
  seq: number;
}

export type DiffOf =
  { of: 'tool'; entry: EntryId; index: number } | { of: 'permission'; requestId: string; index: number };

export type ExecuteInput = { [C in RunViewCommand]: { command: C; input: CommandInput<C> } }[RunViewCommand];

export type RequestName = keyof RunRequests;
export type RequestMessage = {
  [N in RequestName]: { type: 'request'; id: number; name: N; input: RunRequests[N]['input'] };
}[RequestName];

/** From the page to the extension. */
export type RunAppMessage =
  /** The page has loaded and listens; everything it shows is sent in answer. */
  | { type: 'ready' }
  | RequestMessage
  /** Keeps what is typed beyond the life of the page. */
  | { type: 'saveDraft'; draft: Message };

/** From the extension to the page. */
export type RunHostMessage =
  | { type: 'loading' }
  | { type: 'unavailable'; failure: Failure }
  /** The card is gone. */
  | { type: 'gone' }
  /** Everything there is to show; `entries` are the last ones. */
  | {
      type: 'snapshot';
      /** The extension's clock, in milliseconds since the epoch. */
      now: number;
      card: BoardCard;
      /** Null when the card has no agent. */
      agentName: string | null;
      runs: readonly RunSummary[];
      entries: readonly RunEntry[];
      /** Where older entries end; null when these are all. */
      before: Before | null;
      session: SessionOffer | null;
      /** Messages that wait for the agent, the next one first. */
      prompts: readonly QueuedPrompt[];
      /** Whether the agent takes pictures; null where it has not said so yet. */
      takesPictures: boolean | null;
      draft: Message;
    }
  | { type: 'card'; card: BoardCard; agentName: string | null; runs: readonly RunSummary[] }
  | { type: 'session'; session: SessionOffer | null; takesPictures: boolean | null }
  /** What its container uses; null when that was not measured. */
  | { type: 'usage'; usage: RunUsage | null }
  | { type: 'prompts'; prompts: readonly QueuedPrompt[] }
  /** New entries and changed ones, in their order. */
  | { type: 'entries'; entries: readonly RunEntry[] }
  | { type: 'answer'; id: number; result: unknown }
  | { type: 'refused'; id: number; failure: Failure }
  /** Puts the focus where a message is typed. */
  | { type: 'focusComposer' }
  | ({ type: 'showPlace' } & RunPlace);

const hostMessageTypes: readonly string[] = [
  'loading',
  'unavailable',
  'gone',
  'snapshot',
  'card',
  'session',
  'usage',
  'prompts',
  'entries',
  'answer',
  'refused',
  'focusComposer',
  'showPlace',
] satisfies readonly RunHostMessage['type'][];

/** Tells the extension's messages from whatever else reaches the page's window. */
export function isRunHostMessage(data: unknown): data is RunHostMessage {
  return isMessageOf(hostMessageTypes, data);
}
