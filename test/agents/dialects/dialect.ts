/** What the model says next: words, or a tool to call. */
export type Said = { text: string } | { call: string; args: object };

/** What an agent asks of its model, whatever the words for it. */
export interface ModelQuestion {
  /** The names of the tools that it offers: none or one in questions beside the work, such as for a title. */
  tools: readonly string[];
  /** All that was said so far, as JSON, the last thing last. */
  conversation: readonly string[];
  /** Whether the answer is to come in pieces. */
  streamed: boolean;
}

/** The words that one maker's models are asked and answer in. */
export interface ModelDialect {
  /** Whether a question for an answer goes to this path. */
  answers(path: string): boolean;
  read(body: unknown, path: string): ModelQuestion;
  /** An answer as server-sent events: first all that is said, then what tells that it is over. */
  pieces(said: Said, model: string): [said: string, end: string];
  /** An answer in one piece. */
  whole(said: Said, model: string): object;
  error(status: number, message: string): object;
}

/** One server-sent event. */
export function serverSent(data: object | string, event?: string): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  return `${event === undefined ? '' : `event: ${event}\r\n`}data: ${text}\r\n\r\n`;
}

export function asJson(things: readonly unknown[] | undefined): string[] {
  return (things ?? []).map((thing) => JSON.stringify(thing));
}

let lastCall = 0;

/** An id for a call of a tool that no other has. */
export function newCallId(): string {
  lastCall += 1;
  return `call_${lastCall}`;
}
