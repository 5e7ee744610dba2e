import { stripVTControlCharacters } from 'node:util';
import { l10n, ThemeIcon, window } from 'vscode';
import type { CardView } from '../model/cardView.ts';
import { oneLine, plainLabel } from '../providers/agentText.ts';
import { terminalEntries, TranscriptTerminal } from '../providers/transcriptTerminal.ts';
import type { CommandContext } from './commandContext.ts';

/** Opens a VS Code terminal on one of the commands that the agent of a card has run, the last one first. */
export async function watchTerminal({ kandev }: CommandContext, { task, run }: CardView): Promise<void> {
  if (!run) return;
  const printed = new Map<string, string>();
  for (const { key, text } of await terminalEntries(kandev, run.id)) {
    if (key !== null) printed.set(key, (printed.get(key) ?? '') + text);
  }
  if (printed.size === 0) {
    void window.showInformationMessage(l10n.t('The agent of “{0}” has run no command yet.', task.title));
    return;
  }
  const items = [...printed].toReversed().map(([terminalId, text]) => {
    const lines = stripVTControlCharacters(text).trim().split('\n');
    const [first = ''] = lines;
    return { label: plainLabel(oneLine(first)), detail: plainLabel(oneLine(lines.at(-1) ?? '')), terminalId };
  });
  const picked =
    items.length === 1
      ? items[0]
      : await window.showQuickPick(items, {
          title: task.title,
          placeHolder: l10n.t('Which command do you want to see?'),
        });
  if (!picked) return;
  const { terminalId } = picked;
  const terminal = window.createTerminal({
    name: oneLine(task.title),
    iconPath: new ThemeIcon('eye'),
    isTransient: true,
    pty: new TranscriptTerminal(kandev, { runId: run.id, taskId: task.id, terminalId }),
  });
  terminal.show();
}
