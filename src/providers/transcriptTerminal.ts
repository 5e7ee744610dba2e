import { EventEmitter, type Pseudoterminal } from 'vscode';
import type { Kandev } from '../api/contract.ts';
import type { TranscriptEntry } from '../model/transcript.ts';

/** A command that an agent has run in its container, as the transcript of its run knows it. */
export interface WatchedCommand {
  runId: string;
  taskId: string;
  /** The key of its entries in the transcript. */
  terminalId: string;
}

/** Shows what a command of an agent prints, from its beginning and as it comes. Nothing can be typed into it. */
export class TranscriptTerminal implements Pseudoterminal {
  readonly #kandev: Kandev;
  readonly #command: WatchedCommand;
  readonly #written = new EventEmitter<string>();
  readonly onDidWrite = this.#written.event;
  #stop: (() => void) | null = null;

  constructor(kandev: Kandev, command: WatchedCommand) {
    this.#kandev = kandev;
    this.#command = command;
  }

  open(): void {
    const { runId, taskId, terminalId } = this.#command;
    const mine = (entry: TranscriptEntry): boolean =>
      entry.runId === runId && entry.kind === 'terminal' && entry.key === terminalId;
    // What comes while the beginning is read waits for it.
    let waiting: { entry: TranscriptEntry; appended: string }[] | null = [];
    const subscription = this.#kandev.subscribe(`acp.message.${taskId}`, ({ data }) => {
      if (!('entry' in data) || !mine(data.entry)) return;
      if (waiting) waiting.push(data);
      else this.#write(data.appended);
    });
    this.#stop = () => {
      subscription.dispose();
    };
    void commandOutput(this.#kandev, this.#command).then((entries) => {
      const shown = new Map(entries.map(({ seq, text }) => [seq, text.length]));
      for (const { text } of entries) this.#write(text);
      // Of an entry that was read already only what it has gained since.
      for (const { entry } of waiting ?? []) {
        this.#write(entry.text.slice(shown.get(entry.seq) ?? 0));
        shown.set(entry.seq, entry.text.length);
      }
      waiting = null;
    });
  }

  close(): void {
    this.#stop?.();
    this.#written.dispose();
  }

  #write(text: string): void {
    if (text !== '') this.#written.fire(text.replaceAll(/\r?\n/g, '\r\n'));
  }
}

async function commandOutput(kandev: Kandev, command: WatchedCommand): Promise<TranscriptEntry[]> {
  const entries = await terminalEntries(kandev, command.runId).catch(() => []);
  return entries.filter(({ key }) => key === command.terminalId);
}

/** What the commands of a run have printed, the last thousand pieces of its transcript. */
export async function terminalEntries(kandev: Kandev, runId: string): Promise<TranscriptEntry[]> {
  const entries = await kandev.query('run.transcript', { runId, limit: 1000 });
  return entries.filter(({ kind }) => kind === 'terminal');
}
