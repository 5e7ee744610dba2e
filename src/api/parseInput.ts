import * as v from 'valibot';
import { UserError } from '../model/failure.ts';

/** What came from outside, as its schema has it. @throws UserError `invalid-input` that says what is wrong */
export function parse(schema: v.GenericSchema, input: unknown): unknown {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const path = v.getDotPath(issue);
  // Our own messages are sentences; valibot's need to say which field they are about.
  const message =
    issue.message.startsWith('Invalid') && path !== null ? `${path}: ${issue.message}` : issue.message;
  throw new UserError({ reason: 'invalid-input', message });
}

/** With `exactOptionalPropertyTypes` a field that is left out and one that is undefined are two things. */
export function withoutUndefined<T extends object>(patch: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(patch).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
