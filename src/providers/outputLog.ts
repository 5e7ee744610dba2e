import { stripVTControlCharacters } from 'node:util';
import { window } from 'vscode';
import type { EventData, KandevEvent, ResultChange } from '../model/events.ts';
import type { TranscriptEntry } from '../model/transcript.ts';
import { stateNames } from '../model/taskState.ts';
import type { RunLog } from '../model/runLog.ts';
import { findCard, type BoardState } from './boardState.ts';
import { DisposableStore } from './disposableStore.ts';
import { LineBuffer } from './lineBuffer.ts';

/** The output channels: what agents say and do in "Kandev", the raw protocol in "Kandev ACP Trace". */
export class OutputLog implements RunLog {
  readonly #disposables = new DisposableStore();
  readonly #channel = this.#disposables.add(window.createOutputChannel('Kandev', { log: true }));
  readonly #trace = this.#disposables.add(window.createOutputChannel('Kandev ACP Trace', { log: true }));
  readonly #traceEnabled: () => boolean;
  readonly #text = new LineBuffer((key, line) => {
    this.#channel.info(`${this.#prefix(key)} ${line}`);
  });
  readonly #stderr = new LineBuffer((key, line) => {
    this.#channel.warn(`${this.#prefix(key)} stderr: ${line}`);
  });
  #state: BoardState | null = null;

  constructor(traceEnabled: () => boolean) {
    this.#traceEnabled = traceEnabled;
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  show(): void {
    this.#channel.show();
  }

  /** Where the cards' titles come from. */
  useTitles(state: BoardState): void {
    this.#state = state;
  }

  /** Something about Kandev itself. */
  message(text: string): void {
    this.#channel.info(text);
  }

  warn(text: string): void {
    this.#channel.warn(text);
  }

  failure(text: string): void {
    this.#channel.error(text);
  }

  info(taskId: string, line: string): void {
    this.#channel.info(`${this.#prefix(taskId)} ${line}`);
  }

  error(taskId: string, text: string): void {
    this.#channel.error(`${this.#prefix(taskId)} ${text}`);
  }

  stderr(taskId: string, chunk: string): void {
    this.#stderr.add(taskId, chunk);
  }

  trace(taskId: string, direction: 'in' | 'out', line: string): void {
    if (!this.#traceEnabled()) return;
    const arrow = direction === 'in' ? '<-' : '->';
    this.#trace.info(`${this.#prefix(taskId)} ${arrow} ${line}`);
  }

  noise(taskId: string, line: string): void {
    this.#channel.warn(`${this.#prefix(taskId)} skipped a line that is not ACP: ${line}`);
    if (this.#traceEnabled()) this.#trace.warn(`${this.#prefix(taskId)} not ACP: ${line}`);
  }

  /** Writes what an event tells, where it is worth a line. */
  record(event: KandevEvent): void {
    const { data } = event;
    if ('entry' in data) {
      this.#entry(data);
      return;
    }
    const about = 'task' in data ? data.task.id : 'run' in data ? data.run.taskId : null;
    if (about !== null) this.#text.flush(about);
    if ('from' in data) {
      const why = data.why === null ? '' : `: ${data.why}`;
      this.info(data.task.id, `${stateNames[data.from]} -> ${stateNames[data.to]} (${data.actor})${why}`);
    } else if ('request' in data) {
      this.#request(data);
    } else if ('what' in data) {
      this.info(data.taskId, `${resultLines[data.what]} by ${data.actor}`);
    } else if (event.type === 'agent.failed' && 'run' in data && data.run.failure) {
      const { message, detail } = data.run.failure;
      this.error(data.run.taskId, detail === undefined ? message : `${message}\n${detail}`);
    }
  }

  #entry({ taskId, entry, appended }: EventData['acp.message']): void {
    if (entry.kind === 'message') {
      this.#text.add(taskId, appended);
      return;
    }
    this.#text.flush(taskId);
    for (const line of describeEntry(entry, appended)) this.info(taskId, line);
  }

  #request({ request }: EventData['permission.requested']): void {
    const { taskId, title, state, options, answer, answeredBy } = request;
    this.#text.flush(taskId);
    if (state === 'open') this.info(taskId, `asks: ${title} [${options.map(({ name }) => name).join(', ')}]`);
    else if (state === 'closed') this.info(taskId, `question closed: ${title}`);
    else {
      const chosen = options.find(({ optionId }) => optionId === answer)?.name ?? '';
      this.info(taskId, `answered by ${answeredBy ?? ''}: ${chosen}`);
    }
  }

  #prefix(taskId: string): string {
    const title = this.#state && findCard(this.#state, taskId)?.task.title;
    return `[${title ?? taskId}]`;
  }
}

const resultLines: Readonly<Record<ResultChange, string>> = {
  rollBack: 'changes: rolled back',
  discard: 'changes: discarded',
  undo: 'changes: undone',
  apply: 'changes: applied to the folder',
  merge: 'changes: merged into the branch of the folder',
  commit: 'changes: committed',
  branch: 'changes: made a branch',
  push: 'changes: sent as a branch',
};

/** The lines for anything but message text, which is written as it is. */
function describeEntry(entry: TranscriptEntry, appended: string): string[] {
  const told = entry.kind === 'thought' || entry.kind === 'terminal' ? appended : entry.text;
  const lines = stripVTControlCharacters(told)
    .split('\n')
    .filter((line) => line.trim() !== '');
  const label: Partial<Record<TranscriptEntry['kind'], string>> = {
    user: 'prompt:',
    thought: 'thinks:',
    tool_call: 'tool:',
    terminal: 'prints:',
    plan: 'plan:',
    usage: 'usage:',
    turn_end: 'turn ended:',
    notice: 'notice:',
  };
  const prefix = label[entry.kind] ?? '';
  return lines.map((line) => `${prefix} ${line}`.trim());
}
