import type { ElicitationAnswer, FormElicitation, UrlElicitation } from '../acp/elicitation.ts';
import type { PermissionOutcome, PermissionRequest } from '../acp/types.ts';
import { permissionFrom } from './recordSession.ts';
import type { RunAgentOptions } from './runInterfaces.ts';

/** What the agent of one run asks its user. The run is shown as waiting for as long as something is not answered. */
export class UserRequests {
  readonly #options: RunAgentOptions;
  #open = 0;

  constructor(options: RunAgentOptions) {
    this.#options = options;
  }

  /** Not all is answered that was asked. */
  get areOpen(): boolean {
    return this.#open > 0;
  }

  async permission(request: PermissionRequest, signal: AbortSignal): Promise<PermissionOutcome> {
    const { settings, record, agentType, deps } = this.#options;
    // The agent's own ids go back to it as they were.
    const asked = settings.secrets.maskIn(permissionFrom(request, record.run, agentType.quirks));
    const answer = await this.#waitFor(() => deps.permissions.ask(asked, signal));
    const chosen = asked.options.findIndex(({ optionId }) => optionId === answer);
    const optionId = request.options[chosen]?.optionId;
    return optionId === undefined ? { outcome: 'cancelled' } : { outcome: 'selected', optionId };
  }

  question(question: FormElicitation | UrlElicitation, signal: AbortSignal): Promise<ElicitationAnswer> {
    const { settings, record, deps } = this.#options;
    return this.#waitFor(() => deps.questions.ask(record.run, settings.secrets.maskIn(question), signal));
  }

  async #waitFor<T>(ask: () => Promise<T>): Promise<T> {
    const { record, recorder } = this.#options;
    this.#open++;
    let answer: T;
    try {
      // What led to the question is told before it.
      await recorder.flush();
      await record.change('WAITING', {});
      answer = await ask();
    } finally {
      this.#open--;
    }
    if (this.#open === 0 && record.run.state === 'WAITING') await record.change('RUNNING', {});
    return answer;
  }
}
