import { l10n, ProgressLocation, window } from 'vscode';
import type { AgentImage } from '../model/agentImage.ts';
import type { AgentType } from '../model/agentType.ts';
import { failureOf } from '../model/failure.ts';
import { plainLabel } from '../providers/agentText.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';

/** The images that agents run in. */
export const imageCommands: CommandTable = {
  'kandev.rebuildImage': async (context) => {
    const types = await context.kandev.query('agentTypes', {});
    const images = await Promise.all(types.map((agentType) => imageOf(context, agentType)));
    const items = types.map((agentType, index) => ({
      label: plainLabel(agentType.name),
      description: agentType.image,
      detail: imageText(images[index]),
      agentType,
    }));
    const picked = await window.showQuickPick(items, {
      title: l10n.t('Rebuild Agent Image'),
      placeHolder: l10n.t('Which image is to be made anew?'),
      matchOnDescription: true,
    });
    if (picked) await remake(context, [picked.agentType]);
  },

  'kandev.checkImages': async (context) => {
    const types = await context.kandev.query('agentTypes', {});
    const found = await lookForUpdates(context, types);
    if (!found) return;
    for (const problem of found.problems) context.log.failure(problem);
    const [problem] = found.problems;
    if (found.updates.length === 0) {
      if (problem !== undefined) void window.showWarningMessage(problem);
      else void window.showInformationMessage(l10n.t('The images of your agents are up to date.'));
      return;
    }
    const items = found.updates.map((agentType) => ({
      label: plainLabel(agentType.name),
      description: agentType.image,
      picked: true,
      agentType,
    }));
    const picked = await window.showQuickPick(items, {
      canPickMany: true,
      title: l10n.t('Image Updates'),
      placeHolder: l10n.t('Which are to be updated? What runs goes on with the old one.'),
    });
    if (picked && picked.length > 0) {
      await remake(
        context,
        picked.map(({ agentType }) => agentType),
      );
    }
  },
};

/** Undefined when the engine does not answer: the list is there all the same. */
async function imageOf(context: CommandContext, agentType: AgentType): Promise<AgentImage | undefined> {
  return (await context.agents()).engineTools.image(agentType).catch(() => undefined);
}

function imageText(image: AgentImage | undefined): string {
  if (!image) return '';
  if (image.bytes === null) return l10n.t('Not on the engine yet');
  const size = l10n.t('{0} MB', Math.round(image.bytes / 1e6));
  return image.createdAt === null
    ? size
    : l10n.t('{0} · made on {1}', size, new Date(image.createdAt).toLocaleDateString());
}

/** Undefined when the user gives up waiting. */
async function lookForUpdates(
  { agents }: CommandContext,
  types: readonly AgentType[],
): Promise<{ updates: AgentType[]; problems: string[] } | undefined> {
  const options = {
    location: ProgressLocation.Notification,
    title: l10n.t('Looking for updates of agent images …'),
    cancellable: true,
  };
  return window.withProgress(options, async (progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => {
      abort.abort();
    });
    const { engineTools } = await agents();
    const updates: AgentType[] = [];
    const problems: string[] = [];
    for (const agentType of types) {
      progress.report({ message: plainLabel(agentType.name), increment: 100 / types.length });
      try {
        if (await engineTools.hasUpdate(agentType, abort.signal)) updates.push(agentType);
      } catch (error) {
        if (abort.signal.aborted) return undefined;
        problems.push(`${agentType.name}: ${failureOf(error).message}`);
      }
    }
    return { updates, problems };
  });
}

/** One after another, with the output of builds in the log. What is cancelled leaves the old image. */
async function remake(context: CommandContext, types: readonly AgentType[]): Promise<void> {
  const { engineTools } = await context.agents();
  for (const agentType of types) {
    const name = plainLabel(agentType.name);
    const options = {
      location: ProgressLocation.Notification,
      title: l10n.t('Making the image of {0} anew …', name),
      cancellable: true,
    };
    const isDone = await window.withProgress(options, async (progress, token) => {
      const abort = new AbortController();
      token.onCancellationRequested(() => {
        abort.abort();
      });
      const say = {
        activity: (message: string) => {
          progress.report({ message });
        },
        log: (line: string) => {
          context.log.message(line);
        },
      };
      try {
        await engineTools.remake(agentType, say, abort.signal);
        return true;
      } catch (error) {
        if (abort.signal.aborted) return false;
        throw error;
      }
    });
    if (!isDone) return;
    const image = await imageOf(context, agentType);
    void window.showInformationMessage(
      l10n.t('The image of {0} is new ({1}). Its next run has it.', name, imageText(image)),
    );
  }
}
