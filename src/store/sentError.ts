import { UserError } from '../model/failure.ts';
import type { SentError } from './protocol.ts';

export function packError(error: unknown): SentError {
  if (error instanceof UserError) return { failure: error.failure };
  if (error instanceof Error) return { message: error.message, stack: error.stack ?? error.message };
  return { message: String(error), stack: String(error) };
}

/** The error as it was thrown in the other thread, with the stack of that thread. */
export function unpackError(sent: SentError): Error {
  if ('failure' in sent) return new UserError(sent.failure);
  const error = new Error(sent.message);
  error.stack = sent.stack;
  return error;
}
