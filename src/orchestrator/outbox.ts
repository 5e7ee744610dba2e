import { randomUUID } from 'node:crypto';
import type { EventBus } from '../events/eventBus.ts';
import { waitsNoMore, type Message, type QueuedPrompt } from '../model/prompt.ts';
import type { Store } from '../store/store.ts';

/** A message to the agent of a card. `id` chosen by the caller, so that asking twice sends one. */
export interface NewMessage extends Message {
  id?: string | undefined;
  taskId: string;
}

/** The messages that wait until the agents of their cards can take them. */
export class Outbox {
  readonly #store: Store;
  readonly #events: EventBus;

  constructor({ store, events }: { store: Store; events: EventBus }) {
    this.#store = store;
    this.#events = events;
  }

  /** The next one first. */
  list(taskId: string): Promise<QueuedPrompt[]> {
    return this.#store.query('queuedPrompts', { taskId });
  }

  /** @throws UserError `not-found` when it was sent or removed */
  async get(promptId: string): Promise<QueuedPrompt> {
    const prompt = await this.#store.query('queuedPrompt', { promptId });
    if (!prompt) throw waitsNoMore();
    return prompt;
  }

  async add(input: NewMessage, actor: string): Promise<QueuedPrompt> {
    const prompt = { ...input, id: input.id ?? randomUUID(), createdBy: actor, createdAt: Date.now() };
    await this.#store.write('prompt.insert', { prompt });
    this.#changed(prompt);
    return prompt;
  }

  /** @throws UserError `not-found` when it was sent or removed, as for all that follows */
  async update(promptId: string, message: Message): Promise<QueuedPrompt> {
    return this.#changed(await this.#store.write('prompt.update', { promptId, message }));
  }

  async place(promptId: string, beforePromptId: string | null): Promise<QueuedPrompt> {
    return this.#changed(await this.#store.write('prompt.place', { promptId, beforePromptId }));
  }

  /** Makes it the next one. */
  async toFront(promptId: string): Promise<QueuedPrompt> {
    const prompt = await this.place(promptId, null);
    const [first] = await this.list(prompt.taskId);
    return first && first.id !== promptId ? this.place(promptId, first.id) : prompt;
  }

  async remove(promptId: string): Promise<QueuedPrompt> {
    return this.#changed(await this.#store.write('prompt.delete', { promptId }));
  }

  #changed(prompt: QueuedPrompt): QueuedPrompt {
    this.#events.publish('prompts.changed', { taskId: prompt.taskId });
    return prompt;
  }
}
