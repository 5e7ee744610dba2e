import type { SecretMask } from '../acp/secretMask.ts';
import { StreamMask } from '../acp/streamMask.ts';
import { isOpenCall } from '../acp/toolCalls.ts';
import type { ToolCall } from '../acp/types.ts';
import type { EventBus } from '../events/eventBus.ts';
import type { Run } from '../model/run.ts';
import type { TranscriptEntry } from '../model/transcript.ts';
import type { LinkChange } from '../store/runLinks.ts';
import type { RunChange } from '../store/runWrites.ts';
import type { Store } from '../store/store.ts';
import { describeEnd } from './turnText.ts';

/** How long text may gather before it is stored and shown. */
const gatherMs = 150;
/** A message longer than this is continued in the next entry. */
const sealCharacters = 8192;
/** Of so many interrupted texts it is remembered how they ended: a secret may go on in them. */
const maxCutTexts = 100;

export interface NewEntry {
  kind: TranscriptEntry['kind'];
  key?: string | null;
  text: string;
  data?: unknown;
  /** What it tells of may end in a later turn: it is replaced where it stands then. */
  goesOn?: boolean;
}

/** Where an entry stands that a later update replaces. */
interface Place {
  seq: number;
  turn: number;
  goesOn: boolean;
}

/** What is stored together with what was recorded. */
export interface RecorderLink {
  /** False while what a line of the agent brings has been recorded in part. */
  readonly isBetweenLines: boolean;
  /** How the link has gone on since the last call, with all that was recorded. */
  take(): LinkChange;
  /** All that was recorded up to there is on the disk. */
  stored(change: LinkChange): void;
}

export interface Commit {
  /** How the run changes with it. */
  change?: Omit<RunChange, 'runId'>;
  /** Instead of what `RecorderLink.take` says. */
  link?: LinkChange;
}

interface Recorded {
  entry: TranscriptEntry;
  appended: string;
}

/**
 * Writes down what happens in a run. Chunks of one message become one entry, stored and published a few times a second;
 * everything else is stored at once, after the text before it. What a line of the agent brings is stored as a whole, and
 * together with how far the agent has been heard.
 */
export class TranscriptRecorder {
  readonly #store: Store;
  readonly #events: EventBus;
  readonly #runId: string;
  readonly #taskId: string;
  readonly #onError: (error: unknown) => void;
  readonly #secrets: SecretMask;
  #link: RecorderLink | null = null;
  #turn = 0;
  #seq = 0;
  #open: TranscriptEntry | null = null;
  /** Of the open entry's text; a message that goes on in the next entry takes it along. */
  #stream: StreamMask | null = null;
  /** Of texts that were interrupted, perhaps in a secret, by kind and key. */
  readonly #cut = new Map<string, StreamMask>();
  /** Not stored yet, by `seq`. */
  #recorded = new Map<number, Recorded>();
  /** Which entry a later update of the same tool call or plan replaces: those of the turn, and what goes on. */
  readonly #keyed = new Map<string, Place>();
  #timer: NodeJS.Timeout | null = null;
  #isDue = false;
  /** When running text was last stored, in milliseconds of `performance.now`. */
  #lastText = -gatherMs;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(
    run: { id: string; taskId: string },
    deps: {
      store: Store;
      events: EventBus;
      /** What is neither kept nor shown. */
      secrets: SecretMask;
      onError: (error: unknown) => void;
    },
  ) {
    this.#runId = run.id;
    this.#taskId = run.taskId;
    this.#store = deps.store;
    this.#events = deps.events;
    this.#onError = deps.onError;
    this.#secrets = deps.secrets;
  }

  /** From now on what is stored says how far the agent has been heard. */
  follow(link: RecorderLink): void {
    this.#link = link;
  }

  /** Goes on behind what another process has recorded, in its last turn. */
  continueFrom(entries: readonly TranscriptEntry[]): void {
    for (const entry of entries) {
      this.#seq = Math.max(this.#seq, entry.seq);
      this.#turn = Math.max(this.#turn, entry.turn);
    }
    for (const { turn, kind, key, seq, data } of entries) {
      if (!isReplaced(kind, key)) continue;
      const goesOn = kind === 'tool_call' && data !== null && isOpenCall(JSON.parse(data) as ToolCall);
      if (goesOn || turn === this.#turn) this.#keyed.set(nameOf(kind, key), { seq, turn, goesOn });
    }
    const last = entries.at(-1);
    if (last && isGathered(last)) this.#open = { ...last };
  }

  beginTurn(turn: number): void {
    this.#closeText();
    this.#cut.clear();
    for (const [name, { goesOn }] of this.#keyed) if (!goesOn) this.#keyed.delete(name);
    this.#turn = turn;
  }

  /** A chunk of a message or a thought; `key` is its message id, where the agent gives one. */
  text(kind: 'message' | 'thought' | 'user' | 'terminal', chunk: string, key: string | null): void {
    if (chunk === '') return;
    const open = this.#open;
    if (open && (open.kind !== kind || open.key !== key)) this.#closeText();
    else if (open && open.text.length >= sealCharacters) this.#open = null;
    this.#open ??= this.#entry({ kind, key, text: '' });
    this.#stream ??= this.#cut.get(nameOf(kind, key)) ?? new StreamMask(this.#secrets);
    this.#append(this.#stream.push(chunk));
    // The first words are shown at once; only what follows closely gathers.
    const wait = this.#lastText + gatherMs - performance.now();
    if (wait <= 0) this.#flushSoon();
    else
      this.#timer ??= setTimeout(() => {
        this.#flushSoon();
      }, wait);
  }

  /** Anything that is not a piece of running text. One with a key replaces the last entry of that kind and key. */
  add(entry: NewEntry): void {
    this.#closeText();
    const added = this.#entry(entry);
    this.#record(added, added.text);
    this.#flushSoon();
  }

  /** How far the agent has been heard has changed in itself. */
  touch(): void {
    this.#flushSoon();
  }

  /** Resolves when all that was recorded so far is stored. */
  async flush(): Promise<void> {
    await this.#betweenLines();
    this.#append(this.#stream?.flush() ?? '');
    this.#commitOrReport();
    await this.#tail;
  }

  /** Stores all that was recorded so far together with this. @returns the run, where it was changed */
  async commit(commit: Commit): Promise<Run | null> {
    return this.#commit(commit);
  }

  #append(text: string): void {
    if (this.#open === null || text === '') return;
    this.#open.text += text;
    this.#record({ ...this.#open }, text);
  }

  /** Nothing more comes of the text that is open. */
  #closeText(): void {
    this.#append(this.#stream?.flush() ?? '');
    if (this.#open && this.#stream) this.#interrupt(nameOf(this.#open.kind, this.#open.key), this.#stream);
    this.#stream = null;
    this.#open = null;
  }

  #interrupt(name: string, stream: StreamMask): void {
    this.#cut.delete(name);
    this.#cut.set(name, stream);
    const [oldest] = this.#cut.keys();
    if (oldest !== undefined && this.#cut.size > maxCutTexts) this.#cut.delete(oldest);
  }

  async #betweenLines(): Promise<void> {
    // What is being told of just now is told to its end.
    await Promise.resolve();
    while (this.#link?.isBetweenLines === false) await new Promise(setImmediate);
  }

  #entry({ kind, key, text, data, goesOn = false }: NewEntry): TranscriptEntry {
    const { seq, turn } = this.#placeFor(kind, key ?? null, goesOn);
    return {
      seq,
      runId: this.#runId,
      taskId: this.#taskId,
      turn,
      kind,
      key: key ?? null,
      text,
      data: data === undefined ? null : JSON.stringify(data),
      at: Date.now(),
    };
  }

  #placeFor(kind: TranscriptEntry['kind'], key: string | null, goesOn: boolean): Place {
    const upserted = isReplaced(kind, key);
    const { seq, turn } = (upserted ? this.#keyed.get(nameOf(kind, key)) : undefined) ?? {
      seq: ++this.#seq,
      turn: this.#turn,
    };
    const place = { seq, turn, goesOn };
    if (upserted) this.#keyed.set(nameOf(kind, key), place);
    return place;
  }

  #record(entry: TranscriptEntry, appended: string): void {
    const before = isText(entry.kind) ? (this.#recorded.get(entry.seq)?.appended ?? '') : '';
    this.#recorded.set(entry.seq, { entry, appended: before + appended });
  }

  #flushSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    // What comes while the last is written is written together.
    void this.#tail
      .then(() => this.#betweenLines())
      .then(() => {
        this.#isDue = false;
        // What is held back would be heard and not stored: it comes with the next piece, or with the end of the text.
        if (this.#stream?.isHolding !== true) this.#commitOrReport();
      });
  }

  /** What goes wrong is told of by the tail. */
  #commitOrReport(): void {
    this.#commit({}).catch(() => undefined);
  }

  #commit({ change, link }: Commit): Promise<Run | null> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const recorded = [...this.#recorded.values()].map((one) => this.#masked(one));
    this.#recorded = new Map();
    if (recorded.some(({ entry }) => isGathered(entry))) this.#lastText = performance.now();
    const taken = { ...this.#link?.take(), ...link };
    const activity = recorded.map(({ entry }) => activityOf(entry)).findLast((line) => line !== null) ?? null;
    const hasLink = this.#link !== null && Object.keys(taken).length > 0;
    if (recorded.length === 0 && !change && !hasLink) return Promise.resolve(null);
    const entries = recorded.map(({ entry }) => entry);
    const stored = this.#tail.then(async () => {
      const run = await this.#store.write('run.progress', {
        runId: this.#runId,
        entries,
        activity,
        link: hasLink ? taken : null,
        change: change ?? null,
      });
      if (hasLink) this.#link?.stored(taken);
      return run;
    });
    this.#tail = stored.catch(this.#onError).then(() => {
      for (const { entry, appended } of recorded) {
        this.#events.publish('acp.message', { taskId: this.#taskId, runId: this.#runId, entry, appended });
      }
    });
    return stored;
  }

  #masked({ entry, appended }: Recorded): Recorded {
    const { text, data } = entry;
    const masked = {
      ...entry,
      text: this.#secrets.mask(text),
      data: data === null ? null : this.#secrets.mask(data),
    };
    return { entry: masked, appended: this.#secrets.mask(appended) };
  }
}

function isText(kind: TranscriptEntry['kind']): boolean {
  return kind === 'message' || kind === 'thought' || kind === 'user' || kind === 'terminal';
}

/** Whether it comes in pieces. What the user has said is whole. */
function isGathered({ kind }: Pick<TranscriptEntry, 'kind'>): boolean {
  return isText(kind) && kind !== 'user';
}

function nameOf(kind: TranscriptEntry['kind'], key: string | null): string {
  return `${kind} ${key ?? ''}`;
}

/** Whether there is one entry of that kind and key in a turn, that is replaced. */
function isReplaced(kind: TranscriptEntry['kind'], key: string | null): boolean {
  return kind === 'turn_end' || (key !== null && (kind === 'tool_call' || kind === 'plan'));
}

/** The line of a card that says what the agent did last; null for what is not worth one. */
function activityOf(entry: Pick<TranscriptEntry, 'kind' | 'text'>): string | null {
  if (
    entry.kind === 'usage' ||
    entry.kind === 'unknown' ||
    entry.kind === 'user' ||
    entry.kind === 'terminal'
  )
    return null;
  // What the agent said last tells more than that it has finished; its card is in Review then.
  if (entry.kind === 'turn_end' && entry.text === describeEnd('end_turn')) return null;
  const lines = entry.text.split('\n').filter((line) => line.trim() !== '');
  const last = (entry.kind === 'tool_call' ? lines[0] : lines.at(-1))?.trim();
  return last ? last.slice(0, 200) : null;
}
