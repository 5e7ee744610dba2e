import { l10n, QuickInputButtons, window, type QuickPickItem } from 'vscode';
import type { CommandInput } from '../api/contract.ts';
import { priorities, type Priority, type WorkspaceMode } from '../model/task.ts';
import { modeText } from '../providers/workspaceText.ts';
import type { CommandContext } from './commandContext.ts';

type NewCard = CommandInput<'task.create'>;

interface Draft {
  title: string;
  description: string;
  agentTypeId: string | null;
  priority: Priority;
  /** Undefined before it was asked for. */
  workspaceMode: WorkspaceMode | undefined;
  /** Of mode `repository`. */
  repositoryUrl: string;
  start: boolean;
}

/** `back` goes to the step before, `cancel` gives up. */
type StepResult = 'next' | 'back' | 'cancel';
type Step = (draft: Draft, context: CommandContext, title: string) => Promise<StepResult>;

const steps: readonly Step[] = [
  askTitle,
  askDescription,
  askAgent,
  askWorkspace,
  askRepository,
  askPriority,
  askStart,
];

/** Asks for a card step by step, with a way back. Undefined when the user gives up. */
export async function askForNewCard(
  context: CommandContext,
  state: 'BACKLOG' | 'TODO',
): Promise<NewCard | undefined> {
  const draft: Draft = {
    title: '',
    description: '',
    agentTypeId: null,
    priority: 'normal',
    workspaceMode: undefined,
    repositoryUrl: '',
    start: state === 'TODO',
  };
  let isBack = false;
  for (let index = 0; index < steps.length;) {
    const step = steps[index];
    const shown = steps.filter((each) => each !== askRepository || draft.workspaceMode === 'repository');
    const title = l10n.t('New Card ({0}/{1})', shown.findIndex((each) => each === step) + 1, shown.length);
    const result = step && applies(step, draft) ? await step(draft, context, title) : 'skip';
    if (result === 'cancel') return undefined;
    if (result !== 'skip') isBack = result === 'back';
    index += isBack ? -1 : 1;
  }
  const { start, repositoryUrl, workspaceMode, ...card } = draft;
  return {
    ...card,
    state: start ? 'TODO' : 'BACKLOG',
    ...(workspaceMode === undefined ? {} : { workspaceMode }),
    ...(workspaceMode === 'repository' ? { repositoryUrl } : {}),
  };
}

/** Nothing more to ask of a card without an agent: a person starts it by moving it. */
function applies(step: Step, { agentTypeId, workspaceMode }: Draft): boolean {
  if (step === askRepository) return agentTypeId !== null && workspaceMode === 'repository';
  return agentTypeId !== null || (step !== askWorkspace && step !== askStart);
}

function askTitle(draft: Draft, _context: CommandContext, title: string): Promise<StepResult> {
  return askText(
    {
      title,
      prompt: l10n.t('What is to be done?'),
      placeholder: l10n.t('For example: Add a --json option to the list command'),
      value: draft.title,
      validate: (value) => (value.trim() === '' ? l10n.t('A card needs a title.') : undefined),
      canGoBack: false,
    },
    (value) => (draft.title = value.trim()),
  );
}

function askDescription(draft: Draft, _context: CommandContext, title: string): Promise<StepResult> {
  return askText(
    {
      title,
      prompt: l10n.t(
        'What should the agent know? Markdown, optional. A longer text is easier to write on the board.',
      ),
      placeholder: l10n.t('Description'),
      value: draft.description,
      validate: () => undefined,
      canGoBack: true,
    },
    (value) => (draft.description = value),
  );
}

async function askAgent(draft: Draft, context: CommandContext, title: string): Promise<StepResult> {
  const types = await context.kandev.query('agentTypes', {});
  const items = [
    ...types.map(({ id, name, image }) => ({ label: name, description: image, value: id })),
    { label: l10n.t('No agent'), description: l10n.t('A person does it'), value: null },
  ];
  return askChoice(
    title,
    l10n.t('Who does it?'),
    items,
    draft.agentTypeId ?? types[0]?.id ?? null,
    (value) => {
      draft.agentTypeId = value;
    },
  );
}

async function askWorkspace(draft: Draft, context: CommandContext, title: string): Promise<StepResult> {
  const { board, workspaceModes } = await context.kandev.query('board', {});
  const items = workspaceModes.map((mode) => {
    const { name, detail } = modeText(mode);
    return { label: name, detail, value: mode };
  });
  const current = draft.workspaceMode ?? board.workspaceMode;
  return askChoice(title, l10n.t('Where does the agent work?'), items, current, (value) => {
    draft.workspaceMode = value;
  });
}

function askRepository(draft: Draft, _context: CommandContext, title: string): Promise<StepResult> {
  return askText(
    {
      title,
      prompt: l10n.t('Which repository? It is cloned with your own sign-in.'),
      placeholder: 'https://, ssh://, git@host:path',
      value: draft.repositoryUrl,
      validate: (value) => (value.trim() === '' ? l10n.t('Give its address.') : undefined),
      canGoBack: true,
    },
    (value) => (draft.repositoryUrl = value.trim()),
  );
}

function askPriority(draft: Draft, _context: CommandContext, title: string): Promise<StepResult> {
  const items = [...priorities]
    .reverse()
    .map((priority) => ({ label: priorityNames()[priority], value: priority }));
  return askChoice(title, l10n.t('How urgent is it?'), items, draft.priority, (value) => {
    draft.priority = value;
  });
}

function askStart(draft: Draft, _context: CommandContext, title: string): Promise<StepResult> {
  const items = [
    { label: l10n.t('Create'), description: l10n.t('Put it into Backlog'), value: false },
    {
      label: l10n.t('Create and Start'),
      description: l10n.t('Put it into To Do: it is queued at once'),
      value: true,
    },
  ];
  return askChoice(title, l10n.t('When?'), items, draft.start, (value) => {
    draft.start = value;
  });
}

function priorityNames(): Record<Priority, string> {
  return {
    low: l10n.t('Low'),
    normal: l10n.t('Normal'),
    high: l10n.t('High'),
    urgent: l10n.t('Urgent'),
  };
}

interface TextQuestion {
  title: string;
  prompt: string;
  placeholder: string;
  value: string;
  validate: (value: string) => string | undefined;
  canGoBack: boolean;
}

function askText(question: TextQuestion, accept: (value: string) => void): Promise<StepResult> {
  const input = window.createInputBox();
  input.title = question.title;
  input.prompt = question.prompt;
  input.placeholder = question.placeholder;
  input.value = question.value;
  input.ignoreFocusOut = true;
  if (question.canGoBack) input.buttons = [QuickInputButtons.Back];
  return new Promise((resolve) => {
    input.onDidChangeValue((value) => {
      // A problem is shown when the user tries to go on, and goes as soon as it is mended.
      if (input.validationMessage !== undefined) input.validationMessage = question.validate(value);
    });
    input.onDidAccept(() => {
      input.validationMessage = question.validate(input.value);
      if (input.validationMessage !== undefined) return;
      accept(input.value);
      resolve('next');
      input.dispose();
    });
    input.onDidTriggerButton(() => {
      accept(input.value);
      resolve('back');
      input.dispose();
    });
    input.onDidHide(() => {
      resolve('cancel');
      input.dispose();
    });
    input.show();
  });
}

function askChoice<T>(
  title: string,
  placeholder: string,
  items: readonly (QuickPickItem & { value: T })[],
  current: T,
  accept: (value: T) => void,
): Promise<StepResult> {
  const picker = window.createQuickPick<QuickPickItem & { value: T }>();
  picker.title = title;
  picker.placeholder = placeholder;
  picker.items = items;
  picker.activeItems = items.filter(({ value }) => value === current);
  picker.ignoreFocusOut = true;
  picker.buttons = [QuickInputButtons.Back];
  return new Promise((resolve) => {
    picker.onDidAccept(() => {
      const [item] = picker.selectedItems;
      if (!item) return;
      accept(item.value);
      resolve('next');
      picker.dispose();
    });
    picker.onDidTriggerButton(() => {
      resolve('back');
      picker.dispose();
    });
    picker.onDidHide(() => {
      resolve('cancel');
      picker.dispose();
    });
    picker.show();
  });
}
