import type { ToolCall, ToolCallPatch } from './types.ts';

/** The tool calls of one session, merged by id. */
export class ToolCalls {
  readonly #calls = new Map<string, ToolCall>();
  /** What becomes of those that wait for nothing but their agent's next word, if it says none. */
  readonly #answered = new Map<string, string>();

  /** Merges what is said about a call into what is known; an id not heard of before makes a call. */
  apply(patch: ToolCallPatch): { toolCall: ToolCall; created: boolean } {
    const known = this.#calls.get(patch.id);
    const toolCall = merge(known ?? blank(patch.id), patch);
    this.#calls.set(patch.id, toolCall);
    this.#answered.delete(patch.id);
    return { toolCall, created: known === undefined };
  }

  get(id: string): ToolCall | undefined {
    return this.#calls.get(id);
  }

  /** The user has answered a question about a call that has not begun; what the agent says of it counts more. */
  answer(id: string, status: string): void {
    if (this.#calls.get(id)?.status === 'pending') this.#answered.set(id, status);
  }

  /** Gives the calls that were answered, and not heard of since, the status that follows; returns those. */
  settleAnswered(): ToolCall[] {
    return [...this.#answered].map(([id, status]) => this.apply({ id, status }).toolCall);
  }

  /** Marks every call that has not ended as cancelled, and returns those. */
  cancelOpen(): ToolCall[] {
    return [...this.#calls.values()]
      .filter(isOpenCall)
      .map((call) => this.apply({ id: call.id, status: 'cancelled' }).toolCall);
  }
}

/** More is to come of it. */
export function isOpenCall({ status }: Pick<ToolCall, 'status'>): boolean {
  return status === 'pending' || status === 'in_progress';
}

function blank(id: string): ToolCall {
  return {
    id,
    title: '',
    name: null,
    kind: 'other',
    status: 'pending',
    content: [],
    locations: [],
    rawInput: null,
    rawOutput: null,
  };
}

function merge(call: ToolCall, patch: ToolCallPatch): ToolCall {
  const cleared = blank(call.id);
  return {
    id: call.id,
    title: patched(patch.title, call.title, cleared.title),
    name: patched(patch.name, call.name, cleared.name),
    kind: patched(patch.kind, call.kind, cleared.kind),
    status: patched(patch.status, call.status, cleared.status),
    content: patched(patch.content, call.content, cleared.content),
    locations: patched(patch.locations, call.locations, cleared.locations),
    rawInput: patched(patch.rawInput, call.rawInput, cleared.rawInput),
    rawOutput: patched(patch.rawOutput, call.rawOutput, cleared.rawOutput),
  };
}

function patched<T>(change: T | null | undefined, current: T, cleared: T): T {
  return change === undefined ? current : (change ?? cleared);
}
