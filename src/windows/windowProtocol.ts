import { NotificationType, RequestType } from 'vscode-jsonrpc/node';
import type { KandevEvent } from '../model/events.ts';
import type { Failure } from '../model/failure.ts';

/** What windows of one folder say to each other: the `Kandev` interface, as JSON-RPC over a socket. */

export interface Call {
  name: string;
  input: unknown;
}

/** A refusal travels as data, so that the other window can show it with its action. */
export type Answer = { result: unknown } | { failure: Failure };

/** The first message of a client: the secret of the epoch's file. Anything else closes the connection. */
export const helloRequest = new RequestType<{ secret: string }, boolean, void>('hello');
export const executeRequest = new RequestType<Call, Answer, void>('execute');
export const queryRequest = new RequestType<Call, Answer, void>('query');
/** Every event of the leader, to all its clients. */
export const eventNotification = new NotificationType<KandevEvent>('event');
