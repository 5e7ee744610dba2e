import { l10n } from 'vscode';
import type { CommandInput } from '../api/contract.ts';
import { priorities, type Priority, type WorkspaceMode } from '../model/task.ts';
import { hasBranch } from '../model/workspaceModes.ts';
import { shownBoard } from '../providers/boardState.ts';
import { modeText } from '../providers/workspaceText.ts';
import { useTemplate, type TemplateDraft } from '../providers/templatePicker.ts';
import type { CommandContext } from './commandContext.ts';
import { askChoice, askText, type StepResult } from './wizard.ts';

type NewCard = CommandInput<'task.create'>;

interface Draft extends TemplateDraft {
  /** Undefined before it was asked for. */
  workspaceMode: WorkspaceMode | undefined;
  /** Of mode `repository`. */
  repositoryUrl: string;
  /** To begin with; empty for the one that is checked out, or the default. */
  branch: string;
  includeUncommitted: boolean;
  start: boolean;
}

type Step = (draft: Draft, context: CommandContext, title: string) => Promise<StepResult>;

const steps: readonly Step[] = [
  askTitle,
  askDescription,
  askAgent,
  askWorkspace,
  askRepository,
  askBranch,
  askUncommitted,
  askPriority,
  askStart,
];

/** Asks for a card step by step, with a way back. Undefined when the user gives up. */
export async function askForNewCard(
  context: CommandContext,
  state: 'BACKLOG' | 'TODO',
  template?: TemplateDraft,
): Promise<NewCard | undefined> {
  const draft: Draft = {
    ...(template ?? { title: '', description: '', agentTypeId: null, priority: 'normal', labels: [] }),
    workspaceMode: undefined,
    repositoryUrl: '',
    branch: '',
    includeUncommitted: true,
    start: state === 'TODO',
  };
  let isBack = false;
  for (let index = 0; index < steps.length;) {
    const step = steps[index];
    const shown = steps.filter((each) => each === step || !isExtra(each) || applies(each, draft));
    const title = l10n.t('New Card ({0}/{1})', shown.findIndex((each) => each === step) + 1, shown.length);
    const result = step && applies(step, draft) ? await step(draft, context, title) : 'skip';
    if (result === 'cancel') return undefined;
    if (result === 'again') continue;
    if (result !== 'skip') isBack = result === 'back';
    index += isBack ? -1 : 1;
  }
  const { start, repositoryUrl, branch, includeUncommitted, workspaceMode, ...card } = draft;
  return {
    ...card,
    state: start ? 'TODO' : 'BACKLOG',
    ...(workspaceMode === undefined ? {} : { workspaceMode }),
    ...(workspaceMode === 'repository' ? { repositoryUrl } : {}),
    ...(workspaceMode !== undefined && hasBranch(workspaceMode) && branch !== '' ? { branch } : {}),
    ...(workspaceMode === 'clone' ? { includeUncommitted } : {}),
  };
}

/** What only some places ask for: it is counted when it does. */
function isExtra(step: Step): boolean {
  return step === askRepository || step === askBranch || step === askUncommitted;
}

/** Nothing more to ask of a card without an agent: a person starts it by moving it. */
function applies(step: Step, { agentTypeId, workspaceMode, branch }: Draft): boolean {
  if (isExtra(step) && (agentTypeId === null || workspaceMode === undefined)) return false;
  if (step === askRepository) return workspaceMode === 'repository';
  if (step === askBranch) return workspaceMode !== undefined && hasBranch(workspaceMode);
  if (step === askUncommitted) return workspaceMode === 'clone' && branch === '';
  return agentTypeId !== null || (step !== askWorkspace && step !== askStart);
}

function askTitle(draft: Draft, context: CommandContext, title: string): Promise<StepResult> {
  return askText(
    {
      title,
      prompt: l10n.t('What is to be done?'),
      placeholder: l10n.t('For example: Add a --json option to the list command'),
      value: draft.title,
      validate: (value) => (value.trim() === '' ? l10n.t('A card needs a title.') : undefined),
      canGoBack: false,
      extra: {
        icon: 'note',
        label: l10n.t('Use a Template…'),
        act: async () => Object.assign(draft, await useTemplate(context.kandev)),
      },
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
  const { boards, workspaceModes } = await context.kandev.query('boards', {});
  const board = shownBoard(context.state) ?? boards[0];
  const items = workspaceModes.map((mode) => {
    const { name, detail } = modeText(mode);
    return { label: name, detail, value: mode };
  });
  const current = draft.workspaceMode ?? board?.workspaceMode ?? 'folder';
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

function askBranch(draft: Draft, _context: CommandContext, title: string): Promise<StepResult> {
  return askText(
    {
      title,
      prompt: l10n.t('Which branch does it begin with? Optional.'),
      placeholder:
        draft.workspaceMode === 'clone'
          ? l10n.t('The one that is checked out')
          : l10n.t('The default branch'),
      value: draft.branch,
      validate: () => undefined,
      canGoBack: true,
    },
    (value) => (draft.branch = value.trim()),
  );
}

function askUncommitted(draft: Draft, _context: CommandContext, title: string): Promise<StepResult> {
  const items = [
    { label: l10n.t('Begin with what is not committed yet'), value: true },
    { label: l10n.t('Begin with the last commit'), value: false },
  ];
  return askChoice(
    title,
    l10n.t('What does the agent begin with?'),
    items,
    draft.includeUncommitted,
    (value) => {
      draft.includeUncommitted = value;
    },
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
