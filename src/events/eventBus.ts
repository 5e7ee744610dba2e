import { randomUUID } from 'node:crypto';
import type { Disposable, Envelope, EventData, EventType, KandevEvent } from '../model/events.ts';
import { subjectMatches } from './subjects.ts';

export type Listener = (event: KandevEvent) => void;

/** Carries what happened to whoever wants to know. A bus over NATS can stand behind the same interface. */
export interface EventBus {
  publish<T extends EventType>(type: T, data: EventData[T]): void;
  /** `pattern` takes `*` for one token and a trailing `>` for the rest. */
  subscribe(pattern: string, listener: Listener): Disposable;
}

/** Delivers in the order of publication, in the same process, before `publish` returns. */
export class LocalEventBus implements EventBus {
  readonly #subscriptions = new Set<{ pattern: string; listener: Listener }>();
  readonly #source: string;
  readonly #onError: (error: unknown, event: KandevEvent) => void;

  /** `onError` is told of a listener that threw; the other listeners never notice. */
  constructor(source: string, onError: (error: unknown, event: KandevEvent) => void) {
    this.#source = source;
    this.#onError = onError;
  }

  publish<T extends EventType>(type: T, data: EventData[T]): void {
    const event: KandevEvent = {
      id: randomUUID(),
      type: type === 'acp.message' ? `acp.message.${(data as EventData['acp.message']).taskId}` : type,
      source: this.#source,
      timestamp: Date.now(),
      data,
    } as Envelope<T> as KandevEvent;
    for (const { pattern, listener } of [...this.#subscriptions]) {
      if (!subjectMatches(pattern, event.type)) continue;
      try {
        listener(event);
      } catch (error) {
        this.#onError(error, event);
      }
    }
  }

  subscribe(pattern: string, listener: Listener): Disposable {
    const subscription = { pattern, listener };
    this.#subscriptions.add(subscription);
    return { dispose: () => this.#subscriptions.delete(subscription) };
  }
}
