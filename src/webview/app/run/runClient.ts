import type { Failure } from '../../../model/failure.ts';
import type { RequestName, RunAppMessage, RunRequests } from '../../runProtocol.ts';
import type { VsCodeApi } from '../hostClient.ts';

export type Answer<N extends RequestName> =
  { ok: true; result: RunRequests[N]['result'] } | { ok: false; failure: Failure };

/** The page's end of the wire: sends messages, and matches answers to the requests that wait for them. */
export class RunClient {
  readonly #api: Pick<VsCodeApi, 'postMessage'>;
  readonly #waiting = new Map<number, (answer: Answer<RequestName>) => void>();
  #lastId = 0;

  constructor(api: Pick<VsCodeApi, 'postMessage'>) {
    this.#api = api;
  }

  post(message: Exclude<RunAppMessage, { type: 'request' }>): void {
    this.#api.postMessage(message);
  }

  request<N extends RequestName>(name: N, input: RunRequests[N]['input']): Promise<Answer<N>> {
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

  settle(id: number, answer: { ok: true; result: unknown } | { ok: false; failure: Failure }): void {
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    resolve?.(answer as Answer<RequestName>);
  }
}
