import { OutputTail } from './outputTail.ts';
import type { TerminalExit, TerminalPatch, TerminalView } from './types.ts';

/** What is kept of each for whoever looks at it later. */
const keptBytes = 256 * 1024;

/** The terminals of one session, whoever runs their commands, merged by id. */
export class TerminalViews {
  readonly #views = new Map<string, View>();

  /** Merges what is said about a terminal; an id not heard of before makes one. */
  apply(patch: TerminalPatch): TerminalView {
    const view = this.#views.get(patch.id) ?? new View(patch.id);
    this.#views.set(patch.id, view);
    view.apply(patch);
    return view;
  }

  get(id: string): TerminalView | undefined {
    return this.#views.get(id);
  }
}

class View implements TerminalView {
  readonly id: string;
  command: string | null = null;
  cwd: string | null = null;
  exit: TerminalExit | null = null;
  readonly #tail = new OutputTail(keptBytes);

  constructor(id: string) {
    this.id = id;
  }

  get output(): string {
    return this.#tail.text;
  }

  get truncated(): boolean {
    return this.#tail.truncated;
  }

  apply({ command, cwd, output, exit }: TerminalPatch): void {
    this.command = command ?? this.command;
    this.cwd = cwd ?? this.cwd;
    this.exit = exit ?? this.exit;
    if (output !== undefined) this.#tail.append(output);
  }
}
