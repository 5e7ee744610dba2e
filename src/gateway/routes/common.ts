import * as v from 'valibot';

const idText = v.pipe(v.string(), v.minLength(1), v.maxLength(100));

/** A card's, in the path. */
export const taskParams = v.strictObject({ taskId: idText });
export const runParams = v.strictObject({ taskId: idText, runId: idText });
/** Anything that can stand in a path. */
export const oneId = v.strictObject({ id: v.pipe(v.string(), v.minLength(1), v.maxLength(400)) });

export function limitOf(usual: number, most: number) {
  return v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most)), usual);
}

/** What a command takes as a body: a field that it does not know is refused. */
export function strict<E extends v.ObjectEntries>({
  entries,
}: {
  entries: E;
}): v.StrictObjectSchema<E, undefined> {
  return v.strictObject(entries);
}

export const empty = v.strictObject({});
/** For what is done and has nothing to tell. */
export const done = v.object({ done: v.literal(true) });
export const isDone = { done: true as const };
