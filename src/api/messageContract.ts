import * as v from 'valibot';
import { pictureTypes, type Picture } from '../model/picture.ts';
import type { QueuedPrompt } from '../model/prompt.ts';
import type { RunSession } from '../orchestrator/runInterfaces.ts';

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(100));
const text = v.pipe(v.string(), v.trim(), v.maxLength(200_000));
const pictureId = v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/));
const pictureName = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200));
const picture: v.GenericSchema<unknown, Picture> = v.object({
  id: pictureId,
  name: pictureName,
  mimeType: v.picklist(pictureTypes),
  bytes: v.pipe(v.number(), v.integer(), v.minValue(0)),
});
const pictures = v.pipe(v.array(picture), v.maxLength(100));

/** What people tell agents. A message has some text, or pictures that `picture.add` has kept for its card. */
export const messageCommandSchemas = {
  /** Another prompt in the same session, on a run whose turn is over. */
  'task.prompt': v.object({
    taskId: id,
    text: v.pipe(v.string(), v.trim(), v.nonEmpty('A message needs some text.'), v.maxLength(200_000)),
  }),
  /** A message to a card's agent: sent at once where it is free, else as soon as its turn is over. */
  'prompt.send': v.object({
    taskId: id,
    /** Chosen by the caller so that asking twice sends one message; left out, a new one. */
    id: v.optional(id),
    text,
    pictures: v.optional(pictures, []),
  }),
  /** Changes a message that waits. */
  'prompt.update': v.object({
    promptId: id,
    text,
    /** Left out: as they are. */
    pictures: v.optional(pictures),
  }),
  /** Puts a message before another one that waits, or at the end. */
  'prompt.place': v.object({ promptId: id, beforePromptId: v.nullable(id) }),
  'prompt.remove': v.object({ promptId: id }),
  /** Sends a message before the others; an agent that is at work is interrupted for it. */
  'prompt.sendNow': v.object({ promptId: id }),
  /** Keeps a picture for messages to a card's agent, as long as there is the card. Refused for what is no picture. */
  'picture.add': v.object({
    taskId: id,
    name: pictureName,
    /** In base64; what is too large is refused by its size, in words. (valibot's own check cannot take megabytes.) */
    data: v.pipe(v.string(), v.maxLength(30_000_000)),
  }),
};

export interface MessageCommandResults {
  /** The message that waits; null when it was sent. */
  'prompt.send': QueuedPrompt | null;
  'prompt.update': QueuedPrompt;
  'prompt.place': QueuedPrompt;
  'prompt.remove': QueuedPrompt;
  'prompt.sendNow': null;
  'picture.add': Picture;
}

export const messageQuerySchemas = {
  /** The messages that wait for a card's agent, the next one first. */
  prompts: v.object({ taskId: id }),
  /** What the agent of a card's newest run takes beside text; null where none has said so yet. */
  'prompt.takes': v.object({ taskId: id }),
  /** What is in a picture, in base64. */
  picture: v.object({ taskId: id, pictureId }),
};

export interface MessageQueryResults {
  prompts: QueuedPrompt[];
  'prompt.takes': RunSession['takes'] | null;
  picture: { data: string };
}
