import * as v from 'valibot';
import { pictureTypes } from '../../model/picture.ts';
import type { Message } from '../../model/prompt.ts';
import type { DraftStorage } from './draftKeeper.ts';

const storageKey = 'run.drafts';

/** A picture as pages and the memento have it; what is in it is with the card. */
const pictureSchema = v.object({
  id: v.pipe(v.string(), v.maxLength(100)),
  name: v.pipe(v.string(), v.maxLength(200)),
  mimeType: v.picklist(pictureTypes),
  bytes: v.number(),
});

export const draftSchema = v.object({
  text: v.pipe(v.string(), v.maxLength(1_000_000)),
  pictures: v.pipe(v.array(pictureSchema), v.maxLength(100)),
});

const emptyDraft: Message = { text: '', pictures: [] };
/** Earlier versions kept the text alone. */
const stored = v.record(v.string(), v.union([draftSchema, v.string()]));

/** What is typed to agents and not sent, by card: it outlives the page and the window. */
export class RunDrafts {
  readonly #storage: DraftStorage;

  constructor(storage: DraftStorage) {
    this.#storage = storage;
  }

  get(taskId: string): Message {
    const draft = this.#all()[taskId] ?? emptyDraft;
    return typeof draft === 'string' ? { text: draft, pictures: [] } : draft;
  }

  save(taskId: string, draft: Message): void {
    const { [taskId]: _old, ...others } = this.#all();
    const isEmpty = draft.text === '' && draft.pictures.length === 0;
    void this.#storage.update(storageKey, isEmpty ? others : { ...others, [taskId]: draft });
  }

  #all(): v.InferOutput<typeof stored> {
    const read = v.safeParse(stored, this.#storage.get(storageKey) ?? {});
    return read.success ? read.output : {};
  }
}
