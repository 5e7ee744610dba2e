import type { Failure } from '../../../model/failure.ts';
import type { Message, QueuedPrompt } from '../../../model/prompt.ts';
import type { RunUsage } from '../../../model/runUsage.ts';
import type { BoardCard } from '../../protocol.ts';
import type { RunSummary, SessionOffer } from '../../runProtocol.ts';
import type { Row } from './rows.ts';
import type { ContextUse } from './transcript.ts';

/** What is shown of a card's run, once the extension has sent it. */
export interface RunContent {
  card: BoardCard;
  agentName: string | null;
  runs: readonly RunSummary[];
  session: SessionOffer | null;
  /** Messages that wait for the agent, the next one first. */
  prompts: readonly QueuedPrompt[];
  /** Whether the agent takes pictures; null where it has not said so yet. */
  takesPictures: boolean | null;
}

export interface FindState {
  query: string;
  /** Rows that contain it, by their keys, in their order. */
  matches: readonly string[];
  /** The one that is shown; -1 when there is none. */
  current: number;
  /** Older parts are being read, so that they are searched too. */
  searching: boolean;
}

export type RawValue = { input: string | null; output: string | null } | 'loading' | Failure;

/** Everything that the page draws. It is replaced, never changed in place. */
export interface RunViewState {
  status: 'loading' | 'unavailable' | 'gone' | 'ready';
  /** Why there is nothing to show. */
  failure: Failure | null;
  content: RunContent | null;
  rows: readonly Row[];
  usage: ContextUse | null;
  /** What the container of its live run uses; null when that was not measured. */
  containerUse: RunUsage | null;
  hasOlder: boolean;
  loadingOlder: boolean;
  /** Rows that the user has opened or closed, against how they begin. */
  toggled: ReadonlySet<string>;
  /** Raw values that were asked for, by the row's key. */
  raw: ReadonlyMap<string, RawValue>;
  /** The option that was chosen for each permission request that is being answered. */
  answering: ReadonlyMap<string, string>;
  /** Commands that are under way. */
  pending: ReadonlySet<string>;
  draft: Message;
  /** Addresses of pictures within this page, by their ids, once they have been read. */
  pictures: ReadonlyMap<string, string>;
  /** The waiting message that is being changed, and what was typed. */
  editing: ({ promptId: string } & Message) | null;
  find: FindState | null;
  /** The last command that was refused. */
  notice: Failure | null;
  announcement: { text: string; count: number };
}

const initialState: RunViewState = {
  status: 'loading',
  failure: null,
  content: null,
  rows: [],
  usage: null,
  containerUse: null,
  hasOlder: false,
  loadingOlder: false,
  toggled: new Set(),
  raw: new Map(),
  answering: new Map(),
  pending: new Set(),
  draft: { text: '', pictures: [] },
  pictures: new Map(),
  editing: null,
  find: null,
  notice: null,
  announcement: { text: '', count: 0 },
};

/** The one place where the page's state lives. */
export class RunViewStore {
  #state = initialState;
  readonly #listeners = new Set<() => void>();

  get state(): RunViewState {
    return this.#state;
  }

  update(patch: Partial<RunViewState>): void {
    this.#state = { ...this.#state, ...patch };
    for (const listener of this.#listeners) listener();
  }

  /** Tells screen readers. */
  announce(text: string): void {
    this.update({ announcement: { text, count: this.#state.announcement.count + 1 } });
  }

  subscribe(listener: () => void): void {
    this.#listeners.add(listener);
  }
}
