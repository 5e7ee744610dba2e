import path from 'node:path';
import { ConfigurationTarget, l10n, QuickInputButtons, Uri, window, workspace } from 'vscode';
import { fieldProblem, idTaken, withNewAgent, type NewAgent } from '../api/newAgentSetting.ts';
import { UserError } from '../model/failure.ts';
import type { CommandContext } from './commandContext.ts';

type Field = keyof NewAgent;

interface Question {
  prompt: string;
  placeholder: string;
  /** What is wrong with the text, beside what the setting's schema says. */
  check?: (text: string) => Promise<string | undefined>;
}

const order: readonly Field[] = ['id', 'name', 'source', 'command'];

/**
 * Asks for an agent type step by step, with a way back, and adds it to the user's setting. Undefined when the user
 * gives up.
 *
 * @throws UserError when the setting is not a list
 */
export async function addAgentType({
  kandev,
}: CommandContext): Promise<{ id: string; name: string } | undefined> {
  const types = await kandev.query('agentTypes', {});
  const questions = questionsFor(types.map(({ id }) => id));
  const answers: NewAgent = { id: '', name: '', source: '', command: '' };
  for (let index = 0; index < order.length;) {
    const field = order[index] ?? 'id';
    // An id makes a good name, with a word or two more.
    if (field === 'name' && answers.name === '') answers.name = answers.id;
    const title = l10n.t('Add Agent Type ({0}/{1})', index + 1, order.length);
    const answer = await ask(title, field, questions[field], answers[field], index > 0);
    if (answer === undefined) return undefined;
    answers[field] = answer.text;
    index += answer.go === 'back' ? -1 : 1;
  }
  const settings = workspace.getConfiguration('kandev');
  const result = withNewAgent(settings.inspect('agents')?.globalValue, answers);
  if ('problem' in result) {
    throw new UserError({
      reason: 'invalid-input',
      message: l10n.t('The agent was not added. {0}', result.problem),
      action: { kind: 'openSetting', setting: 'kandev.agents' },
    });
  }
  await settings.update('agents', result.setting, ConfigurationTarget.Global);
  return { id: result.entry.id, name: result.entry.name ?? result.entry.id };
}

function questionsFor(takenIds: readonly string[]): Record<Field, Question> {
  return {
    id: {
      prompt: l10n.t('A short name that cards refer to it by, in small letters.'),
      placeholder: l10n.t('For example: goose'),
      check: (text) => Promise.resolve(takenIds.includes(text) ? idTaken(text) : undefined),
    },
    name: { prompt: l10n.t('The name to show.'), placeholder: l10n.t('For example: Goose') },
    source: {
      prompt: l10n.t('An image, or the whole path of a folder with a Dockerfile.'),
      placeholder: l10n.t('For example: ghcr.io/example/goose:1.2, or /home/me/goose'),
      check: dockerfileProblem,
    },
    command: {
      prompt: l10n.t('The command that starts it in the container, so that it speaks ACP.'),
      placeholder: l10n.t('For example: goose acp'),
    },
  };
}

async function dockerfileProblem(source: string): Promise<string | undefined> {
  if (!path.isAbsolute(source)) return undefined;
  const found = await workspace.fs.stat(Uri.file(path.join(source, 'Dockerfile'))).then(
    () => true,
    () => false,
  );
  return found ? undefined : l10n.t('There is no Dockerfile in {0}.', source);
}

function ask(
  title: string,
  field: Field,
  { prompt, placeholder, check }: Question,
  value: string,
  canGoBack: boolean,
): Promise<{ go: 'on' | 'back'; text: string } | undefined> {
  const input = window.createInputBox();
  Object.assign(input, { title, prompt, placeholder, value, ignoreFocusOut: true });
  if (canGoBack) input.buttons = [QuickInputButtons.Back];
  return new Promise((resolve) => {
    input.onDidChangeValue((typed) => {
      // A problem is shown when the user tries to go on, and goes as soon as it is mended.
      if (input.validationMessage !== undefined) input.validationMessage = fieldProblem(field, typed);
    });
    input.onDidAccept(async () => {
      const text = input.value.trim();
      input.validationMessage = fieldProblem(field, text) ?? (await check?.(text));
      if (input.validationMessage !== undefined) return;
      resolve({ go: 'on', text });
      input.dispose();
    });
    input.onDidTriggerButton(() => {
      resolve({ go: 'back', text: input.value });
      input.dispose();
    });
    input.onDidHide(() => {
      resolve(undefined);
      input.dispose();
    });
    input.show();
  });
}
