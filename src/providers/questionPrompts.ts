import { env, l10n, window, type MessageItem, type Uri } from 'vscode';
import type { Kandev } from '../api/contract.ts';
import type { CardView } from '../model/cardView.ts';
import { oneLine, plainMessage } from './agentText.ts';
import { cardsOf, type BoardState } from './boardState.ts';
import { askerOf } from './cardText.ts';
import { DisposableStore } from './disposableStore.ts';
import type { FailureMessages } from './failureMessages.ts';
import { askForField, askToConfirm } from './formInput.ts';
import type { Prompt } from './promptQueue.ts';
import {
  QuestionForm,
  unfillableField,
  type CheckField,
  type FormQuestion,
  type Question,
  type QuestionAnswer,
} from './questionForm.ts';

type CardQuestion = CardView['questions'][number];
type UrlQuestion = Extract<Question['elicitation'], { mode: 'url' }>;

/** Asks what agents ask beside permissions: forms in several steps, and addresses that are to be opened. */
export class QuestionPrompts {
  readonly #state: BoardState;
  readonly #kandev: Kandev;
  readonly #failures: FailureMessages;
  readonly #disposables = new DisposableStore();
  readonly #checkField: CheckField;
  /** Forms with what was typed into them, by the question's id; kept for as long as the question is open. */
  readonly #forms = new Map<string, QuestionForm>();

  constructor(state: BoardState, kandev: Kandev, failures: FailureMessages, checkField: CheckField) {
    this.#state = state;
    this.#kandev = kandev;
    this.#failures = failures;
    this.#checkField = checkField;
    this.#disposables.add(
      state.onDidChange(() => {
        if (state.current.status !== 'ready') return;
        for (const id of this.#forms.keys()) if (!this.#isOpen(id)) this.#forms.delete(id);
      }),
    );
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  /** All that is open, for the notifications. */
  open(): Prompt[] {
    return cardsOf(this.#state).flatMap(({ task, questions }) =>
      questions.map((question) => ({
        id: question.id,
        taskId: task.id,
        notify: () => this.#notify(task.id, question),
      })),
    );
  }

  /**
   * Asks one question, from a notification, the tree, the board or the palette. Tells whether the user has answered
   * or declined it, rather than put it off.
   */
  async ask(questionId: string): Promise<boolean> {
    const questions = await this.#kandev.query('questions', {});
    const question = questions.find(({ id }) => id === questionId);
    if (!question) {
      this.#tellClosed();
      return false;
    }
    const closed = new AbortController();
    const following = this.#state.onDidChange(() => {
      if (!this.#isOpen(questionId)) closed.abort();
    });
    try {
      const answer = await this.#answerTo(question, closed.signal);
      if (closed.signal.aborted) this.#tellClosed();
      else if (answer) return await this.#answer(questionId, answer);
      return false;
    } finally {
      following.dispose();
    }
  }

  async #notify(taskId: string, { id, message }: CardQuestion): Promise<() => Promise<unknown>> {
    const answer: MessageItem = { title: l10n.t('Answer…') };
    const decline: MessageItem = { title: l10n.t('Decline') };
    const text = l10n.t('{0} asks: {1}', askerOf(this.#state, taskId), oneLine(message));
    const chosen = await window.showWarningMessage(plainMessage(text), answer, decline);
    return async () => {
      if (chosen === answer) await this.#failures.guard(() => this.ask(id));
      else if (chosen === decline) await this.#answer(id, { action: 'decline' });
    };
  }

  /** What the user answers; null when they put it off. */
  async #answerTo(question: Question, closed: AbortSignal): Promise<QuestionAnswer | null> {
    const { elicitation } = question;
    return elicitation.mode === 'form'
      ? this.#fillIn(question, elicitation, closed)
      : this.#openAddress(question, elicitation, closed);
  }

  async #fillIn(
    { id, taskId }: Question,
    form: FormQuestion,
    closed: AbortSignal,
  ): Promise<QuestionAnswer | null> {
    const unfillable = unfillableField(form);
    if (unfillable) return this.#offerDecline(taskId, form, unfillable.title);
    const title = oneLine(form.message || (form.title ?? askerOf(this.#state, taskId)), 200);
    const filled = this.#forms.get(id) ?? new QuestionForm(form, this.#checkField);
    if (filled.fields.length === 0) return askToConfirm(title, closed);
    this.#forms.set(id, filled);
    return filled.fill((step) => askForField(title, step, closed));
  }

  /** For a form that must have what no input of ours can give. */
  async #offerDecline(taskId: string, form: FormQuestion, field: string): Promise<QuestionAnswer | null> {
    const decline: MessageItem = { title: l10n.t('Decline') };
    const chosen = await window.showWarningMessage(
      l10n.t('{0} asks: {1}', askerOf(this.#state, taskId), form.message),
      {
        modal: true,
        detail: l10n.t('It needs “{0}”, of a kind that Kandev cannot ask for. You can only decline.', field),
      },
      decline,
    );
    return chosen === decline ? { action: 'decline' } : null;
  }

  /** Shows the whole address before it is opened: it is the agent's, not ours. */
  async #openAddress(
    question: Question,
    elicitation: UrlQuestion,
    closed: AbortSignal,
  ): Promise<QuestionAnswer | null> {
    const { href, host } = new URL(elicitation.url);
    const open: MessageItem = { title: l10n.t('Open') };
    const copy: MessageItem = { title: l10n.t('Copy') };
    const opened: MessageItem = { title: l10n.t('I Have Opened It') };
    const decline: MessageItem = { title: l10n.t('Decline') };
    const asks = l10n.t('{0} asks: {1}', askerOf(this.#state, question.taskId), elicitation.message);
    const detail = l10n.t('It wants to open this address on {0}:\n\n{1}', host, href);
    // Where VS Code cannot open it, or not in the right browser, its user does so by hand.
    let byHand: string | null = null;
    for (;;) {
      const buttons: MessageItem[] = byHand === null ? [open, copy, decline] : [opened, open, copy, decline];
      const told: string = byHand === null ? detail : `${detail}\n\n${byHand}`;
      const chosen = await window.showWarningMessage(asks, { modal: true, detail: told }, ...buttons);
      // A dialog cannot be closed when the question is.
      if (chosen === undefined || closed.aborted) return null;
      if (chosen === decline) return { action: 'decline' };
      if (chosen === opened || (chosen === open && (await openExternally(href)))) return { action: 'accept' };
      if (chosen === copy) await env.clipboard.writeText(href);
      byHand =
        chosen === copy
          ? l10n.t('It is copied. Open it in your browser, and then say so here.')
          : l10n.t('It was not opened. Copy it and open it in your browser, and then say so here.');
    }
  }

  async #answer(questionId: string, answer: QuestionAnswer): Promise<boolean> {
    const answered = await this.#failures.guard(() =>
      this.#kandev.execute('question.answer', { questionId, answer }),
    );
    return answered !== undefined;
  }

  #isOpen(questionId: string): boolean {
    return cardsOf(this.#state).some(({ questions }) => questions.some(({ id }) => id === questionId));
  }

  #tellClosed(): void {
    void window.showInformationMessage(l10n.t('The agent no longer waits for this answer.'));
  }
}

/** `Uri` decodes an address and encodes it in its own way, which breaks some; a string is opened as it stands. */
function openExternally(href: string): Thenable<boolean> {
  return env.openExternal(href as unknown as Uri);
}
