import type { Failure } from '../../../model/failure.ts';
import type { InsightHostMessage, InsightRequestName, InsightRequests } from '../../insightProtocol.ts';
import type { VsCodeApi } from '../hostClient.ts';

export type InsightAnswer<N extends InsightRequestName> =
  { ok: true; result: InsightRequests[N]['result'] } | { ok: false; failure: Failure };

type HostEvent = Exclude<InsightHostMessage, { type: 'answer' | 'refused' }>;

/** The page's end of the wire: sends requests, and matches the answers to them. */
export class InsightClient {
  readonly #api: Pick<VsCodeApi, 'postMessage'>;
  readonly #waiting = new Map<number, (answer: InsightAnswer<InsightRequestName>) => void>();
  readonly #onEvent: (event: HostEvent) => void;
  #lastId = 0;

  /** `onEvent` hears of what the extension says by itself. */
  constructor(api: Pick<VsCodeApi, 'postMessage'>, onEvent: (event: HostEvent) => void) {
    this.#api = api;
    this.#onEvent = onEvent;
  }

  ready(): void {
    this.#api.postMessage({ type: 'ready' });
  }

  request<N extends InsightRequestName>(
    name: N,
    input: InsightRequests[N]['input'],
  ): Promise<InsightAnswer<N>> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, (answer) => {
        // The extension answers each request with its own kind of result.
        resolve(answer);
      });
      this.#api.postMessage({ type: 'request', id, name, input });
    });
  }

  receive(message: InsightHostMessage): void {
    switch (message.type) {
      case 'answer':
        this.#settle(message.id, { ok: true, result: message.result } as InsightAnswer<InsightRequestName>);
        break;
      case 'refused':
        this.#settle(message.id, { ok: false, failure: message.failure });
        break;
      default:
        this.#onEvent(message);
    }
  }

  #settle(id: number, answer: InsightAnswer<InsightRequestName>): void {
    this.#waiting.get(id)?.(answer);
    this.#waiting.delete(id);
  }
}
