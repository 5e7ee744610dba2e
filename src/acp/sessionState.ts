import { ConfigOptions } from './configOptions.ts';
import type { SessionSnapshot } from './takeOver.ts';
import { TerminalViews } from './terminalViews.ts';
import { ToolCalls } from './toolCalls.ts';
import type {
  AgentCommand,
  Compaction,
  CompactionPatch,
  ConfigOption,
  ContentBlock,
  PlanEntry,
  SessionEvent,
  SessionSetup,
  SessionView,
  TerminalPatch,
  TerminalView,
  ToolCall,
  ToolCallPatch,
  Update,
  Usage,
} from './types.ts';

/** The model of one session: what a codec makes of the agent's words goes in, what has changed comes out. */
export class SessionState implements SessionView {
  title: string | null = null;
  updatedAt: string | null = null;
  commands: readonly AgentCommand[] = [];
  plan: readonly PlanEntry[] = [];
  usage: Usage | null = null;
  readonly #options = new ConfigOptions();
  readonly #toolCalls = new ToolCalls();
  readonly #terminals = new TerminalViews();
  readonly #compactions = new Map<string, Compaction & { summary: ContentBlock[] }>();

  get options(): readonly ConfigOption[] {
    return this.#options.all;
  }

  option(category: string): ConfigOption | undefined {
    return this.#options.find(category);
  }

  toolCall(id: string): ToolCall | undefined {
    return this.#toolCalls.get(id);
  }

  terminal(id: string): TerminalView | undefined {
    return this.#terminals.get(id);
  }

  compaction(id: string): Compaction | undefined {
    return this.#compactions.get(id);
  }

  /** As another process has left it. */
  restore({ options, commands, toolCalls }: SessionSnapshot): void {
    this.#options.begin({
      configOptions: options.filter(({ origin }) => origin === 'config'),
      olderOptions: options.filter(({ origin }) => origin !== 'config'),
    });
    this.commands = commands;
    for (const toolCall of toolCalls) {
      const { content, locations } = toolCall;
      this.#toolCalls.apply({ ...toolCall, content: [...content], locations: [...locations] });
    }
  }

  begin(setup: SessionSetup): void {
    this.#options.begin(setup);
  }

  /** Null where nothing was said that was not known. */
  apply(update: Exclude<Update, { type: 'turn_end' }>): SessionEvent | null {
    switch (update.type) {
      case 'tool_call_patch':
        return this.#applyToolCall(update.patch);
      case 'terminal_patch':
        return this.#applyTerminal(update.patch);
      case 'compaction_patch':
        return { type: 'compaction', compaction: this.#applyCompaction(update.patch) };
      case 'plan':
        this.plan = update.entries;
        return update;
      case 'usage':
        this.usage = { used: update.used, size: update.size, cost: update.cost };
        return update;
      case 'commands':
        this.commands = update.commands;
        return update;
      case 'mode': {
        const option = this.#options.find('mode');
        if (option) this.#options.choose(option.id, update.modeId);
        return update;
      }
      case 'config_options':
        return this.replaceOptions(update.options);
      case 'session_info':
        if (update.title !== undefined) this.title = update.title;
        if (update.updatedAt !== undefined) this.updatedAt = update.updatedAt;
        return update;
      case 'message':
      case 'notice':
      case 'unknown':
        return update;
    }
  }

  replaceOptions(options: readonly ConfigOption[]): SessionEvent {
    this.#options.replace(options);
    return { type: 'config_options', options: this.options };
  }

  /** For the older ways to choose, whose answer says nothing. */
  chooseOption(id: string, value: string | boolean): SessionEvent {
    this.#options.choose(id, value);
    return { type: 'config_options', options: this.options };
  }

  /** What is said about a tool call beside an update: where a permission is asked for it. */
  upsertToolCall(patch: ToolCallPatch): SessionEvent & { type: 'tool_call' } {
    return { type: 'tool_call', ...this.#toolCalls.apply(patch) };
  }

  /** A question about a tool call was answered: its status, should the agent say nothing more of it. */
  answerToolCall(id: string, status: string): void {
    this.#toolCalls.answer(id, status);
  }

  /** Gives the tool calls that were answered, and not heard of since, the status that follows. */
  settleAnsweredCalls(): SessionEvent[] {
    return eventsOf(this.#toolCalls.settleAnswered());
  }

  /** Marks the tool calls that have not ended as cancelled. */
  cancelToolCalls(): SessionEvent[] {
    return eventsOf(this.#toolCalls.cancelOpen());
  }

  /** An update may name a known call only to say something of its terminal. */
  #applyToolCall(patch: ToolCallPatch): SessionEvent | null {
    const { id, ...said } = patch;
    const saysNothing = Object.values(said).every((value) => value === undefined);
    if (saysNothing && this.#toolCalls.get(id) !== undefined) return null;
    return this.upsertToolCall(patch);
  }

  #applyTerminal(patch: TerminalPatch): SessionEvent {
    return { type: 'terminal', terminal: this.#terminals.apply(patch), output: patch.output ?? '' };
  }

  #applyCompaction({ id, status, summary, error, added }: CompactionPatch): Compaction {
    const known = this.#compactions.get(id) ?? { id, status: 'in_progress', summary: [], error: null };
    const compaction = {
      id,
      status: status ?? known.status,
      summary: summary === undefined ? known.summary : (summary ?? []),
      error: error === undefined ? known.error : error,
    };
    // In place: a summary may come in thousands of pieces.
    if (added !== undefined) compaction.summary.push(added);
    this.#compactions.set(id, compaction);
    return compaction;
  }
}

function eventsOf(toolCalls: readonly ToolCall[]): SessionEvent[] {
  return toolCalls.map((toolCall) => ({ type: 'tool_call', toolCall, created: false }) as const);
}
