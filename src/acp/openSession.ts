import type { ElicitationAnswer } from './elicitation.ts';
import { AcpError, toError } from './errors.ts';
import { OpenQuestions } from './openQuestions.ts';
import { adaptPrompt } from './promptContent.ts';
import { SessionState } from './sessionState.ts';
import { SilenceWatch } from './silenceWatch.ts';
import type { RequestLimits } from './transport/rpcPeer.ts';
import type { LeftOut, PromptOptions, Session, SessionListener } from './session.ts';
import type { RequestOrigin, SessionSnapshot } from './takeOver.ts';
import { Turn } from './turn.ts';
import type {
  AgentCapabilities,
  PermissionOutcome,
  PermissionRequest,
  PromptBlock,
  SessionEvent,
  SessionSetup,
  SessionView,
  TerminalPatch,
  TurnResult,
  TurnState,
  Update,
} from './types.ts';
import type { Codec } from './v1/codec.ts';

/** What a session needs of its connection. */
export interface SessionLink {
  request(method: string, params: object, limits?: RequestLimits): Promise<unknown>;
  /** The answer to a request that another process has sent before. */
  answerTo(id: number): Promise<unknown>;
  notify(method: string, params: object): void;
  requestPermission(request: PermissionRequest, signal: AbortSignal): Promise<PermissionOutcome>;
  onError(error: Error): void;
  closeSession(session: OpenSession, limits: RequestLimits): Promise<void>;
  readonly codec: Codec;
  readonly promptCapabilities: AgentCapabilities['prompt'];
  /** The name of the prompt's blocks among its parameters: the oldest agents know them as `content`. */
  readonly promptField: 'prompt' | 'content';
}

export type Replay = 'deliver' | 'discard';

/** How a session begins. */
export interface SessionStart {
  listener: SessionListener | undefined;
  /** What comes before the first prompt is what was said before, and is to be told or not. Null for a new session. */
  replay: Replay | null;
}

const quietMs = 300;
/** An agent that never is quiet is not waited for any longer. */
const longestReplayMs = 10_000;

export const cancelled: PermissionOutcome = { outcome: 'cancelled' };

/** A session as its connection has it: what the agent says comes in by the methods that are not in `Session`. */
export class OpenSession implements Session {
  readonly id: string;
  readonly #link: SessionLink;
  readonly #listeners = new Set<SessionListener>();
  readonly #state = new SessionState();
  readonly #questions = new OpenQuestions();
  #leftOut: LeftOut = { mcpServers: [], additionalDirectories: [] };
  #undelivered: (() => void)[] | null = [];
  #replay: Replay | null;
  #turns = 0;
  #turn: Turn | null = null;
  #watch: SilenceWatch | null = null;
  #requests = 0;

  constructor(id: string, link: SessionLink, start: SessionStart) {
    this.id = id;
    this.#link = link;
    this.#replay = start.replay;
    if (start.listener) this.onEvent(start.listener);
  }

  get state(): SessionView {
    return this.#state;
  }

  get leftOut(): LeftOut {
    return this.#leftOut;
  }

  onEvent(listener: SessionListener): () => void {
    this.#listeners.add(listener);
    this.#startDelivery();
    return () => this.#listeners.delete(listener);
  }

  async setOption(optionId: string, value: string | boolean, limits: RequestLimits = {}): Promise<void> {
    const option = this.#state.options.find(({ id }) => id === optionId);
    if (option === undefined) {
      throw new AcpError('not-supported', `The agent has no option “${optionId}”.`);
    }
    const { method, params } = this.#link.codec.choice(option, value);
    const result = await this.#link.request(method, { sessionId: this.id, ...params }, limits);
    const options = this.#link.codec.configOptions(result);
    this.#deliver(() => {
      this.#emit(
        options.length > 0 ? this.#state.replaceOptions(options) : this.#state.chooseOption(option.id, value),
      );
    });
  }

  async prompt(blocks: readonly PromptBlock[], { silenceMs }: PromptOptions = {}): Promise<TurnResult> {
    if (this.#turn !== null) throw new Error('The agent is still at work on the last prompt.');
    const adapted = adaptPrompt(blocks, this.#link.promptCapabilities);
    this.#startDelivery();
    this.#replay = null;
    this.#turns += 1;
    const turn = new Turn(this.#turns);
    this.#turn = turn;
    if (silenceMs !== undefined) this.#watch = this.#watchFor(silenceMs, turn);
    const params = { sessionId: this.id, [this.#link.promptField]: adapted };
    this.#endWithAnswer(turn, this.#link.request('session/prompt', params));
    return turn.result;
  }

  /**
   * Goes on where another process has left it; to be called before anything else.
   * @returns the turn that is open, null when none is
   */
  continueFrom(snapshot: SessionSnapshot): Promise<TurnResult> | null {
    const { turns, openPrompt } = snapshot;
    this.#state.restore(snapshot);
    this.#turns = turns;
    if (openPrompt === null) return null;
    const turn = new Turn(turns);
    turn.hadOutput = openPrompt.hadOutput;
    this.#turn = turn;
    this.#endWithAnswer(turn, this.#link.answerTo(openPrompt.id));
    return turn.result;
  }

  #endWithAnswer(turn: Turn, answer: Promise<unknown>): void {
    answer.then(
      (result) => {
        this.#endTurn(turn, () => {
          turn.end(this.#link.codec.stopReason(result), this.#link.codec.turnTokens(result));
        });
      },
      (error: unknown) => {
        // Nobody will tell how they ended.
        if (turn.open) this.#cancelToolCalls();
        this.#endTurn(turn, () => {
          turn.fail(toAcpError(error));
        });
      },
    );
  }

  async cancel(graceMs?: number): Promise<boolean> {
    const turn = this.#turn;
    if (turn !== null) turn.cancelled = true;
    this.#link.notify('session/cancel', { sessionId: this.id });
    this.#questions.close();
    this.#cancelToolCalls();
    return turn === null || turn.endsWithin(graceMs);
  }

  async close(limits: RequestLimits = {}): Promise<void> {
    const turn = this.#turn;
    if (turn !== null) {
      turn.cancelled = true;
      this.#link.notify('session/cancel', { sessionId: this.id });
    }
    this.end();
    try {
      await this.#link.closeSession(this, limits);
    } finally {
      // Whatever the agent still says of it finds no session.
      if (turn !== null) {
        this.#endTurn(turn, () => {
          turn.end('cancelled');
        });
      }
    }
  }

  /** What the request that opened the session has brought. */
  begin(setup: SessionSetup, leftOut: LeftOut): void {
    this.#leftOut = leftOut;
    this.#state.begin(setup);
  }

  /**
   * Resolves when the agent has said nothing for a moment. Gemini answers `session/load` at once and repeats the
   * conversation afterwards: a prompt that is sent meanwhile finds the old words among its own.
   */
  untilQuiet(): Promise<void> {
    return new Promise((resolve) => {
      const over = (): void => {
        clearTimeout(latest);
        this.#watch?.stop();
        this.#watch = null;
        resolve();
      };
      const latest = setTimeout(over, longestReplayMs);
      this.#watch = new SilenceWatch(quietMs, () => false, over);
    });
  }

  /** No answer that the agent waits for will be given any more. */
  end(): void {
    this.#questions.close();
  }

  /** The params of a `session/update`. */
  acceptUpdate(params: unknown): void {
    this.#watch?.sign();
    for (const update of this.#link.codec.updates(params)) this.#accept(update);
  }

  /** What a terminal of this session has printed. */
  acceptTerminal(patch: TerminalPatch): void {
    this.#watch?.sign();
    this.#accept({ type: 'terminal_patch', patch });
  }

  /** The params of a `session/request_permission`, and what aborts when it is given up. */
  acceptPermission(params: unknown, signal: AbortSignal, origin: RequestOrigin): Promise<PermissionOutcome> {
    return new Promise((resolve) => {
      this.#deliver(() => {
        resolve(this.whileWaitedFor(this.#askPermission(params, signal, origin)));
      });
    });
  }

  /** A question that is closed with the turn, or by the agent. */
  acceptElicitation(
    signal: AbortSignal,
    ask: (signal: AbortSignal) => Promise<ElicitationAnswer>,
  ): Promise<ElicitationAnswer> {
    if (this.#turn?.cancelled) return Promise.resolve({ action: 'cancel' });
    return this.whileWaitedFor(this.#questions.ask(this.#turns, signal, { action: 'cancel' }, ask));
  }

  /** The agent waits for this, so it need not give a sign of life. */
  async whileWaitedFor<T>(answer: Promise<T>): Promise<T> {
    this.#requests += 1;
    this.#watch?.sign();
    try {
      return await answer;
    } finally {
      this.#requests -= 1;
      this.#watch?.sign();
    }
  }

  #accept(update: Update): void {
    // What nobody is to hear is not kept for the first listener either: a replay may be long.
    if (this.#replay === 'discard' && update.type !== 'turn_end' && isConversation(update)) {
      this.#state.apply(update);
      return;
    }
    this.#deliver(() => {
      this.#apply(update);
    });
  }

  #deliver(task: () => void): void {
    if (this.#undelivered === null) task();
    else this.#undelivered.push(task);
  }

  #startDelivery(): void {
    const tasks = this.#undelivered ?? [];
    this.#undelivered = null;
    for (const task of tasks) task();
  }

  #apply(update: Update): void {
    if (update.type !== 'turn_end') {
      const event = this.#state.apply(update);
      if (event !== null) this.#emit(event);
      return;
    }
    const turn = this.#turn;
    if (turn === null) return;
    this.#endTurn(turn, () => {
      turn.end(update.stopReason);
    });
  }

  #emit(event: SessionEvent): void {
    const turn: TurnState = {
      number: this.#turns,
      open: this.#turn !== null,
      replayed: this.#replay === 'deliver' && isConversation(event),
    };
    if (this.#turn !== null && isOutput(event)) this.#turn.hadOutput = true;
    for (const listener of [...this.#listeners]) {
      try {
        listener(event, turn);
      } catch (error) {
        this.#link.onError(toError(error));
      }
    }
  }

  async #askPermission(
    params: unknown,
    requestSignal: AbortSignal,
    { start }: RequestOrigin,
  ): Promise<PermissionOutcome> {
    const id = String(start);
    const { toolCall: patch, options } = this.#link.codec.permission(params);
    const event = this.#state.upsertToolCall(patch ?? { id });
    this.#emit(event);
    if (this.#turn?.cancelled) return cancelled;
    const { toolCall } = event;
    const request: PermissionRequest = { id, sessionId: this.id, toolCall, options, raw: params };
    const outcome = await this.#questions
      .ask(this.#turns, requestSignal, cancelled, (signal) => this.#link.requestPermission(request, signal))
      .catch((error: unknown) => {
        this.#link.onError(toError(error));
        return cancelled;
      });
    this.#state.answerToolCall(toolCall.id, statusAfter(outcome, options));
    // Auggie asks before the first prompt, and never comes back to it.
    if (this.#turn === null) this.#settleAnsweredCalls();
    return outcome;
  }

  /** `settle` decides how the turn ends; it is not called for a turn that has ended before. */
  #endTurn(turn: Turn, settle: () => void): void {
    if (!turn.open) return;
    if (turn.cancelled) this.#cancelToolCalls();
    settle();
    if (this.#turn === turn) {
      this.#turn = null;
      this.#watch?.stop();
      this.#watch = null;
      this.#settleAnsweredCalls();
    }
    this.#questions.close(turn.number);
  }

  #watchFor(silenceMs: number, turn: Turn): SilenceWatch {
    return new SilenceWatch(
      silenceMs,
      () => this.#requests > 0,
      () => {
        this.#link.notify('session/cancel', { sessionId: this.id });
        this.#cancelToolCalls();
        this.#endTurn(turn, () => {
          turn.fail(new AcpError('silent', `The agent has said nothing for ${silenceMs / 1000} s.`));
        });
      },
    );
  }

  #settleAnsweredCalls(): void {
    for (const event of this.#state.settleAnsweredCalls()) this.#emit(event);
  }

  #cancelToolCalls(): void {
    for (const event of this.#state.cancelToolCalls()) this.#emit(event);
  }
}

/** Of a tool call that an agent asks about, and says no more of. */
function statusAfter(outcome: PermissionOutcome, options: PermissionRequest['options']): string {
  if (outcome.outcome === 'cancelled') return 'cancelled';
  const chosen = options.find(({ optionId }) => optionId === outcome.optionId);
  return chosen?.kind.startsWith('reject') ? 'cancelled' : 'completed';
}

/** What was said and done, in contrast to how the session is set up. */
function isConversation({ type }: SessionEvent | Update): boolean {
  return !setupEvents.has(type);
}

const setupEvents: ReadonlySet<string> = new Set([
  'commands',
  'config_options',
  'mode',
  'session_info',
  'usage',
]);

/** What the user sees of a turn. Thoughts, usage and the like do not count: with them alone a turn is empty. */
function isOutput(event: SessionEvent): boolean {
  switch (event.type) {
    case 'message':
      return event.role === 'agent' && (event.text !== '' || event.content.type !== 'text');
    case 'tool_call':
      return true;
    case 'plan':
      return event.entries.length > 0;
    default:
      return false;
  }
}

function toAcpError(error: unknown): AcpError {
  return error instanceof AcpError ? error : new AcpError('agent-error', String(error), { cause: error });
}
