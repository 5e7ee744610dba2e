import type { ElicitationAnswer, FormElicitation, UrlElicitation } from '../acp/elicitation.ts';
import type { PermissionOutcome, PermissionRequest } from '../acp/types.ts';
import type { Settled } from './permissionDesk.ts';
import { placePaths } from './placePaths.ts';
import { permissionFrom, ruledEntry } from './recordSession.ts';
import type { RunAgentOptions } from './runInterfaces.ts';

/** What the agent of one run asks its user. The run is shown as waiting for as long as something is not answered. */
export class UserRequests {
  readonly #options: RunAgentOptions;
  readonly #sharesFiles: () => boolean;
  #open = 0;
  /** Ends when the paths of all that was asked so far are followed. */
  #placed: Promise<unknown> = Promise.resolve();

  /** `sharesFiles` tells whether the agent has the files of this machine. */
  constructor(options: RunAgentOptions, sharesFiles: () => boolean) {
    this.#options = options;
    this.#sharesFiles = sharesFiles;
  }

  /** Not all is answered that was asked. */
  get areOpen(): boolean {
    return this.#open > 0;
  }

  async permission(request: PermissionRequest, signal: AbortSignal): Promise<PermissionOutcome> {
    const { settings, record, recorder, agentType, deps } = this.#options;
    const named = permissionFrom(request, record.run, agentType.quirks);
    const paths = [...named.paths, ...named.diffs.map(({ path }) => path)];
    const places = await this.#inTurn(placePaths(paths, record.run.workspace, this.#sharesFiles()));
    // The agent's own ids go back to it as they were.
    const asked = settings.secrets.maskIn({ ...named, places });
    // What led to the question is told before it.
    await recorder.flush();
    const { answer, ruling } = await deps.permissions.ask(asked, signal, (wait) => this.#waitFor(wait));
    if (ruling) recorder.add(ruledEntry(asked, ruling));
    const chosen = asked.options.findIndex(({ optionId }) => optionId === answer);
    const optionId = request.options[chosen]?.optionId;
    return optionId === undefined ? { outcome: 'cancelled' } : { outcome: 'selected', optionId };
  }

  async question(
    question: FormElicitation | UrlElicitation,
    signal: AbortSignal,
  ): Promise<ElicitationAnswer> {
    const { settings, record, recorder, deps } = this.#options;
    await recorder.flush();
    return this.#waitFor(() => deps.questions.ask(record.run, settings.secrets.maskIn(question), signal));
  }

  /** What was asked first comes before the user first, however long its paths take to be followed. */
  async #inTurn<T>(placing: Promise<T>): Promise<T> {
    const earlier = this.#placed;
    this.#placed = Promise.allSettled([earlier, placing]);
    await earlier;
    return placing;
  }

  async #waitFor<T extends Settled | ElicitationAnswer>(ask: () => Promise<T>): Promise<T> {
    const { record } = this.#options;
    this.#open++;
    let answer: T;
    try {
      await record.change('WAITING', {});
      answer = await ask();
    } finally {
      this.#open--;
    }
    if (this.#open === 0 && record.run.state === 'WAITING') await record.change('RUNNING', {});
    return answer;
  }
}
