import type { SessionEvent } from '../acp/types.ts';

/** More than this is no error. */
const keptCharacters = 4096;

/** The last message of an agent in its turn; nothing when it has done something after it. */
export class LastWords {
  #text = '';
  #messageId: string | null = null;
  /** Something else came after it: what follows without an id is another message. */
  #interrupted = false;

  note(event: SessionEvent): void {
    if (event.type !== 'message' || event.role !== 'agent') {
      this.#interrupted = true;
      if (event.type === 'tool_call' || event.type === 'plan') this.#text = '';
      return;
    }
    const goesOn = event.messageId === this.#messageId && (event.messageId !== null || !this.#interrupted);
    if (!goesOn) this.#text = '';
    this.#messageId = event.messageId;
    this.#interrupted = false;
    if (this.#text.length < keptCharacters) this.#text += event.text;
  }

  /** Ends the turn: what comes next is of another. */
  take(): string {
    const text = this.#text.trim();
    this.#text = '';
    this.#messageId = null;
    return text;
  }
}
