import {
  ConfigurationTarget,
  l10n,
  QuickPickItemKind,
  ThemeIcon,
  window,
  workspace,
  type QuickInputButton,
  type QuickPickItem,
} from 'vscode';
import type { QueryResults } from '../api/contract.ts';
import type { CardView } from '../model/cardView.ts';
import { UserError } from '../model/failure.ts';
import { isLive } from '../model/run.ts';
import { oneLine, plainLabel, plainMessage } from '../providers/agentText.ts';
import { cardsOf } from '../providers/boardState.ts';
import { agentName } from '../providers/cardText.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';
import { pickCard } from './pickCard.ts';
import { watchTerminal } from './watchTerminal.ts';

type RunSession = NonNullable<QueryResults['run.session']>;
type ConfigOption = RunSession['options'][number];
type Choice = ConfigOption['choices'][number];
type AgentCommand = RunSession['commands'][number];
type OptionValue = string | boolean;

/** What agents ask beside permissions, and what they offer to choose. */
export const sessionCommands: CommandTable = {
  /** One after another when it is not called on a certain question or card: until the user puts one off. */
  'kandev.answerQuestion': async (context, argument) => {
    const questionId = idIn(argument, 'questionId');
    const taskId = idIn(argument, 'taskId');
    const ids =
      questionId === null
        ? cardsOf(context.state)
            .filter(({ task }) => taskId === null || task.id === taskId)
            .flatMap(({ questions }) => questions.map(({ id }) => id))
        : [questionId];
    if (ids.length === 0) void window.showInformationMessage(l10n.t('No agent asks you anything.'));
    for (const id of ids) if (!(await context.questions.ask(id))) return;
  },

  'kandev.chooseOption': async (context, argument) => {
    const card = await pickCard(context, argument, ({ run }) => run !== null && isLive(run.state), {
      placeholder: l10n.t('For which agent do you want to choose?'),
      none: l10n.t('No agent is running. What can be chosen is known once it does.'),
    });
    if (card) await chooseOption(context, card);
  },

  'kandev.runAgentCommand': async (context, argument) => {
    const card = await pickCard(context, argument, ({ run }) => run?.state === 'READY', {
      placeholder: l10n.t('Which agent do you want to run a command?'),
      none: l10n.t('No agent is ready for a command. One that has finished its work can be given one.'),
    });
    if (card) await runAgentCommand(context, card);
  },

  'kandev.watchTerminal': async (context, argument) => {
    const card = await pickCard(context, argument, ({ run }) => run !== null && run.turns > 0, {
      placeholder: l10n.t('Whose commands do you want to see?'),
      none: l10n.t('No agent has worked on a card yet.'),
    });
    if (card) await watchTerminal(context, card);
  },
};

function idIn(argument: unknown, key: 'questionId' | 'taskId'): string | null {
  if (typeof argument !== 'object' || argument === null) return null;
  const id: unknown = (argument as Partial<Record<typeof key, unknown>>)[key];
  return typeof id === 'string' ? id : null;
}

async function readSession(context: CommandContext, { task }: CardView): Promise<RunSession> {
  const session = await context.kandev.query('run.session', { taskId: task.id });
  if (session) return session;
  throw new UserError({
    reason: 'no-run',
    message: l10n.t('The agent of “{0}” cannot be asked yet. Try again when it has started.', task.title),
  });
}

interface OptionItem extends QuickPickItem {
  option: ConfigOption;
}

async function chooseOption(context: CommandContext, card: CardView): Promise<void> {
  const { options } = await readSession(context, card);
  const agent = agentOf(context, card);
  const items = options.filter(isChoosable).map((option) => optionItem(option, agent));
  if (items.length === 0) {
    void window.showInformationMessage(l10n.t('{0} offers nothing to choose.', agent));
    return;
  }
  const option = await pick(items, {
    title: card.task.title,
    placeholder: l10n.t('What do you want to change?'),
    onButton: (item) => {
      const { currentValue } = item.option;
      if (currentValue !== null) void setDefault(context, card, item.option, currentValue);
    },
  });
  if (!option) return;
  const value = await pickValue(context, card, option.option);
  if (value === undefined) return;
  await context.kandev.execute('run.setOption', {
    taskId: card.task.id,
    optionId: option.option.id,
    value,
  });
  const { name } = option.option;
  window.setStatusBarMessage(l10n.t('{0} is now: {1}', name, valueName(option.option, value)), 5000);
}

function isChoosable({ type, choices }: ConfigOption): boolean {
  return type === 'boolean' || choices.length > 0;
}

function optionItem(option: ConfigOption, agent: string): OptionItem {
  const { name, description, currentValue } = option;
  return {
    label: plainLabel(name),
    ...(currentValue === null ? {} : { description: plainLabel(valueName(option, currentValue)) }),
    ...(description === null ? {} : { detail: plainLabel(description) }),
    buttons: currentValue === null ? [] : [defaultButton(agent)],
    option,
  };
}

interface ChoiceItem extends QuickPickItem {
  choice: Choice | null;
}

/** The value to set: the other one of a boolean, else one that the user picks. */
async function pickValue(
  context: CommandContext,
  card: CardView,
  option: ConfigOption,
): Promise<OptionValue | undefined> {
  if (option.type === 'boolean') return option.currentValue !== true;
  const agent = agentOf(context, card);
  const items = choiceItems(option, agent);
  const picked = await pick<ChoiceItem>(items, {
    title: oneLine(option.name),
    placeholder: l10n.t('Choose for the agent of “{0}”', card.task.title),
    active: items.find(({ choice }) => choice?.id === option.currentValue),
    onButton: ({ choice }) => {
      if (choice) void setDefault(context, card, option, choice.id);
    },
  });
  return picked?.choice?.id;
}

/** The choices in the agent's order, each group under its name. */
function choiceItems({ choices, currentValue }: ConfigOption, agent: string): ChoiceItem[] {
  let group: string | null = null;
  return choices.flatMap((choice) => {
    const current = choice.id === currentValue;
    const item: ChoiceItem = {
      label: `$(${current ? 'check' : 'blank'}) ${plainLabel(choice.name)}`,
      ...(current ? { description: l10n.t('now') } : {}),
      ...(choice.description === null ? {} : { detail: plainLabel(choice.description) }),
      buttons: [defaultButton(agent)],
      choice,
    };
    if (choice.group === null || choice.group === group) return [item];
    ({ group } = choice);
    return [{ label: plainLabel(choice.group), kind: QuickPickItemKind.Separator, choice: null }, item];
  });
}

function valueName({ choices }: ConfigOption, value: OptionValue): string {
  if (typeof value === 'boolean') return value ? l10n.t('on') : l10n.t('off');
  return choices.find(({ id }) => id === value)?.name ?? value;
}

function defaultButton(agent: string): QuickInputButton {
  return { iconPath: new ThemeIcon('pin'), tooltip: l10n.t('Set as default for {0}', agent) };
}

/** Writes the user's setting, which the next run of such an agent begins with. */
async function setDefault(
  context: CommandContext,
  card: CardView,
  option: ConfigOption,
  value: OptionValue,
): Promise<void> {
  const { agentTypeId } = card.run ?? card.task;
  if (agentTypeId === null) return;
  await context.failures.guard(async () => {
    const settings = workspace.getConfiguration('kandev');
    const known = settings.inspect<Record<string, Record<string, OptionValue>>>('agentDefaults')?.globalValue;
    const defaults = { ...known, [agentTypeId]: { ...known?.[agentTypeId], [option.id]: value } };
    await settings.update('agentDefaults', defaults, ConfigurationTarget.Global);
    void window.showInformationMessage(
      plainMessage(
        l10n.t(
          '{0} now begins its runs with {1}: {2}.',
          agentOf(context, card),
          option.name,
          valueName(option, value),
        ),
      ),
    );
  });
}

interface CommandItem extends QuickPickItem {
  command: AgentCommand;
}

async function runAgentCommand(context: CommandContext, card: CardView): Promise<void> {
  const { commands } = await readSession(context, card);
  if (commands.length === 0) {
    void window.showInformationMessage(l10n.t('{0} offers no commands.', agentOf(context, card)));
    return;
  }
  const items = commands.map((command): CommandItem => ({
    label: `/${plainLabel(command.name)}`,
    detail: plainLabel(command.description),
    command,
  }));
  const picked = await window.showQuickPick(items, {
    title: card.task.title,
    placeHolder: l10n.t('Which command is the agent to run?'),
    matchOnDetail: true,
  });
  if (picked) await sendCommand(context, card, picked.command);
}

async function sendCommand(
  context: CommandContext,
  card: CardView,
  { name, hint, description }: AgentCommand,
): Promise<void> {
  const { id: taskId } = card.task;
  let text = '';
  for (;;) {
    if (hint !== null) {
      const typed = await window.showInputBox({
        title: `/${oneLine(name)}`,
        prompt: plainMessage(oneLine(description)),
        placeHolder: hint,
        value: text,
        ignoreFocusOut: true,
      });
      if (typed === undefined) return;
      text = typed;
    }
    const sent = await context.failures.guard(() =>
      context.kandev.execute('task.prompt', { taskId, text: `/${name} ${text}`.trim() }),
    );
    // What was typed is offered again rather than lost.
    if (sent || hint === null) return;
  }
}

function agentOf({ state }: CommandContext, { run, task }: CardView): string {
  const agentTypes = state.current.status === 'ready' ? state.current.agentTypes : [];
  return agentName(agentTypes, (run ?? task).agentTypeId) ?? l10n.t('The agent');
}

/** A picker whose items have a button; pressing one leaves it open. */
function pick<T extends QuickPickItem>(
  items: readonly T[],
  texts: { title: string; placeholder: string; active?: T | undefined; onButton: (item: T) => void },
): Promise<T | undefined> {
  const picker = window.createQuickPick<T>();
  picker.title = texts.title;
  picker.placeholder = texts.placeholder;
  picker.matchOnDetail = true;
  picker.items = items;
  if (texts.active) picker.activeItems = [texts.active];
  picker.onDidTriggerItemButton(({ item }) => {
    texts.onButton(item);
  });
  return new Promise((resolve) => {
    picker.onDidAccept(() => {
      resolve(picker.selectedItems[0]);
      picker.hide();
    });
    picker.onDidHide(() => {
      picker.dispose();
      resolve(undefined);
    });
    picker.show();
  });
}
