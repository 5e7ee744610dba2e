import { l10n, ProgressLocation, window, workspace } from 'vscode';
import type { CardView } from '../model/cardView.ts';
import type { TranscriptEntry } from '../model/transcript.ts';
import { agentName } from '../providers/cardText.ts';
import { transcriptMarkdown, type ToldRun } from '../providers/transcriptMarkdown.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';
import { pickCard } from './pickCard.ts';

const pageSize = 1000;

/** What agents and their users have said: in a tab of its own, and as a document. */
export const transcriptCommands: CommandTable = {
  'kandev.openRun': async (context, argument) => {
    const wanted = argument ?? context.runs.active;
    const card = await pickCard(context, wanted, () => true, {
      placeholder: l10n.t('Which card do you want to open?'),
      none: l10n.t('There are no cards yet.'),
    });
    if (!card) return;
    context.state.show(card.task.boardId);
    context.runs.open(card.task.id);
  },

  'kandev.exportTranscript': async (context, argument) => {
    const wanted = argument ?? context.runs.active;
    const card = await pickCard(context, wanted, ({ run }) => run !== null, {
      placeholder: l10n.t('Which conversation do you want to export?'),
      none: l10n.t('No agent has worked on a card yet.'),
    });
    if (!card) return;
    const options = {
      location: ProgressLocation.Notification,
      title: l10n.t('Reading the conversation of “{0}”', card.task.title),
      cancellable: true,
    };
    const content = await window.withProgress(options, (_progress, cancel) =>
      readMarkdown(context, card, () => cancel.isCancellationRequested),
    );
    if (content === null) return;
    const document = await workspace.openTextDocument({ language: 'markdown', content });
    await window.showTextDocument(document, { preview: false });
  },
};

/** Null when it was cancelled. */
async function readMarkdown(
  { kandev }: CommandContext,
  { task }: CardView,
  cancelled: () => boolean,
): Promise<string | null> {
  const told: ToldRun[] = [];
  const agentTypes = await kandev.query('agentTypes', {});
  for (const run of await kandev.query('task.runs', { taskId: task.id })) {
    const entries: TranscriptEntry[] = [];
    let before: number | undefined;
    do {
      if (cancelled()) return null;
      const position = before === undefined ? {} : { beforeSeq: before };
      const page = await kandev.query('run.transcript', { runId: run.id, ...position, limit: pageSize });
      entries.unshift(...page);
      before = page.length === pageSize ? page[0]?.seq : undefined;
    } while (before !== undefined);
    told.push({ run, agentName: agentName(agentTypes, run.agentTypeId) ?? '', entries });
  }
  return transcriptMarkdown(task, told);
}
