import type { SecretMask } from '../acp/secretMask.ts';
import { StreamMask } from '../acp/streamMask.ts';
import type { EventBus } from '../events/eventBus.ts';
import type { TranscriptEntry } from '../model/transcript.ts';
import type { Store } from '../store/store.ts';
import { describeEnd } from './turnText.ts';

/** How long text may gather before it is stored and shown. */
const gatherMs = 150;
/** A message longer than this is continued in the next entry. */
const sealCharacters = 8192;
/** So many are stored and told of at once, at most: others get their turn in between. */
const batchEntries = 50;

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

/**
 * Writes down what happens in a run. Chunks of one message become one entry, stored and published a few times a second;
 * everything else is stored at once, after the text before it.
 */
export class TranscriptRecorder {
  readonly #store: Store;
  readonly #events: EventBus;
  readonly #runId: string;
  readonly #taskId: string;
  readonly #onError: (error: unknown) => void;
  readonly #secrets: SecretMask;
  /** What is not stored yet, in its order. */
  readonly #waiting: { entry: TranscriptEntry; appended: string }[] = [];
  #turn = 0;
  #seq = 0;
  #open: TranscriptEntry | null = null;
  /** Of the open entry's text; a message that goes on in the next entry takes it along. */
  #stream: StreamMask | null = null;
  #unpublished = '';
  /** Which entry a later update of the same tool call or plan replaces: those of the turn, and what goes on. */
  readonly #keyed = new Map<string, Place>();
  #timer: NodeJS.Timeout | null = null;
  #lastFlush = -gatherMs;
  #tail: Promise<void> = Promise.resolve();

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

  beginTurn(turn: number): void {
    this.#closeText();
    for (const [name, { goesOn }] of this.#keyed) if (!goesOn) this.#keyed.delete(name);
    this.#turn = turn;
  }

  /** A chunk of a message or a thought; `key` is its message id, where the agent gives one. */
  text(kind: 'message' | 'thought' | 'user' | 'terminal', chunk: string, key: string | null): void {
    if (chunk === '') return;
    const open = this.#open;
    if (open && (open.kind !== kind || open.key !== key)) this.#closeText();
    else if (open && open.text.length >= sealCharacters) {
      this.#flushText();
      this.#open = null;
    }
    this.#open ??= this.#entry({ kind, key, text: '' });
    this.#stream ??= new StreamMask(this.#secrets);
    this.#append(this.#stream.push(chunk));
    // The first words are shown at once; only what follows closely gathers.
    const wait = this.#lastFlush + gatherMs - performance.now();
    if (wait <= 0) this.#flushText();
    else
      this.#timer ??= setTimeout(() => {
        this.#flushText();
      }, wait);
  }

  /** Anything that is not a piece of running text. One with a key replaces the last entry of that kind and key. */
  add(entry: NewEntry): void {
    this.#closeText();
    const stored = this.#entry(entry);
    this.#put(stored, stored.text);
  }

  /** Resolves when all that was recorded so far is stored. */
  async flush(): Promise<void> {
    this.#append(this.#stream?.flush() ?? '');
    this.#flushText();
    await this.#tail;
  }

  #append(text: string): void {
    if (this.#open) this.#open.text += text;
    this.#unpublished += text;
  }

  /** Nothing more comes of the text that is open. */
  #closeText(): void {
    this.#append(this.#stream?.flush() ?? '');
    this.#flushText();
    this.#stream = null;
    this.#open = null;
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
    const upserted = key !== null && (kind === 'tool_call' || kind === 'plan');
    const name = `${kind} ${key ?? ''}`;
    const { seq, turn } = (upserted ? this.#keyed.get(name) : undefined) ?? {
      seq: ++this.#seq,
      turn: this.#turn,
    };
    const place = { seq, turn, goesOn };
    if (upserted) this.#keyed.set(name, place);
    return place;
  }

  #flushText(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (!this.#open || this.#unpublished === '') return;
    const appended = this.#unpublished;
    this.#unpublished = '';
    this.#lastFlush = performance.now();
    this.#put({ ...this.#open }, appended);
  }

  #put(recorded: TranscriptEntry, added: string): void {
    const { text, data } = recorded;
    const appended = this.#secrets.mask(added);
    const entry = {
      ...recorded,
      text: this.#secrets.mask(text),
      data: data === null ? null : this.#secrets.mask(data),
    };
    this.#waiting.push({ entry, appended });
    // What comes while the last is written is written together.
    if (this.#waiting.length === 1) this.#tail = this.#tail.then(() => this.#writeWaiting());
  }

  async #writeWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchEntries);
      const entries = batch.map(({ entry }) => entry);
      const activity = entries.map(activityOf).findLast((line) => line !== null) ?? null;
      await this.#store
        .write('transcript.put', { runId: this.#runId, entries, activity })
        .catch(this.#onError);
      const about = { taskId: this.#taskId, runId: this.#runId };
      for (const { entry, appended } of batch) {
        this.#events.publish('acp.message', { ...about, entry, appended });
      }
    }
  }
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
