import { checkField } from '../acp/elicitation.ts';
import type { ElicitationAnswer, FormElicitation, UrlElicitation } from '../acp/elicitation.ts';
import type { EventBus } from '../events/eventBus.ts';
import { UserError } from '../model/failure.ts';

/** What an agent asks its user beside permissions: a form, or to open an address. It waits for the answer. */
export interface Question {
  id: string;
  runId: string;
  taskId: string;
  /** Milliseconds since the epoch. */
  askedAt: number;
  elicitation: FormElicitation | UrlElicitation;
}

interface Waiting {
  question: Question;
  settle(answer: ElicitationAnswer): void;
}

/** Holds the questions that agents wait on, for as long as they do. They live no longer than their agents. */
export class QuestionDesk {
  readonly #events: EventBus;
  readonly #waiting = new Map<string, Waiting>();

  constructor(events: EventBus) {
    this.#events = events;
  }

  /** The oldest first. */
  get open(): Question[] {
    return [...this.#waiting.values()].map(({ question }) => question);
  }

  /** Puts a question before the user. `signal` closes it: nobody waits for the answer any more. */
  async ask(
    run: { id: string; taskId: string },
    elicitation: Question['elicitation'],
    signal: AbortSignal,
  ): Promise<ElicitationAnswer> {
    const question = {
      id: `${run.id}:${elicitation.id}`,
      runId: run.id,
      taskId: run.taskId,
      askedAt: Date.now(),
      elicitation,
    };
    const about = { taskId: run.taskId, runId: run.id, questionId: question.id };
    const close = (): void => this.#waiting.get(question.id)?.settle({ action: 'cancel' });
    const answer = new Promise<ElicitationAnswer>((settle) => {
      this.#waiting.set(question.id, { question, settle });
    });
    this.#events.publish('question.asked', about);
    if (signal.aborted) close();
    else signal.addEventListener('abort', close, { once: true });
    try {
      return await answer;
    } finally {
      signal.removeEventListener('abort', close);
      this.#waiting.delete(question.id);
      this.#events.publish('question.closed', about);
    }
  }

  /**
   * Answers a question, once.
   * @throws UserError `already-resolved` when nobody waits for the answer; `invalid-input` for one that does not fit
   */
  answer(questionId: string, answer: ElicitationAnswer): void {
    const waiting = this.#waiting.get(questionId);
    if (!waiting) {
      throw new UserError({
        reason: 'already-resolved',
        message: 'The agent no longer waits for this answer.',
      });
    }
    const { elicitation } = waiting.question;
    if (answer.action === 'accept' && elicitation.mode === 'form') {
      const wrong = elicitation.fields.find(
        (field) => checkField(field, answer.content?.[field.name]) !== null,
      );
      if (wrong) {
        throw new UserError({
          reason: 'invalid-input',
          message: `The answer for “${wrong.title}” does not fit what the agent asks for.`,
        });
      }
    }
    waiting.settle(answer);
  }
}
