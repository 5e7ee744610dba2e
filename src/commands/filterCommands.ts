import { l10n, QuickPickItemKind, ThemeIcon, window, type QuickPick, type QuickPickItem } from 'vscode';
import { filterChoices, noFilter, type CardFilter } from '../model/cardFilter.ts';
import type { TaskState } from '../model/task.ts';
import { stateNames } from '../model/taskState.ts';
import { shownCards } from '../providers/boardState.ts';
import { filteredAgent } from '../providers/filterText.ts';
import type { CommandContext, CommandTable } from './commandContext.ts';

type Part =
  { kind: 'needsMe' } | { kind: 'state'; value: TaskState } | { kind: 'agent' | 'label'; value: string };

interface PartItem extends QuickPickItem {
  part: Part | null;
}

/** Which cards the tree and the board show. */
export const filterCommands: CommandTable = {
  'kandev.filterCards': chooseFilter,

  'kandev.clearFilter': (context) => {
    context.filter.set(noFilter);
    return Promise.resolve();
  },
};

/** The cards follow while the user chooses; Esc leaves them as they were. */
async function chooseFilter(context: CommandContext): Promise<void> {
  const { filter } = context;
  const before = filter.current;
  const picker = window.createQuickPick<PartItem>();
  picker.title = l10n.t('Filter Cards');
  picker.placeholder = l10n.t('Which cards do you want to see?');
  picker.canSelectMany = true;
  picker.items = partItems(context, before);
  picker.selectedItems = picker.items.filter(({ part }) => part && isIn(before, part));
  const words = { iconPath: new ThemeIcon('search'), tooltip: l10n.t('Text…') };
  picker.buttons = [words];
  picker.onDidChangeSelection((items) => {
    filter.set(filterOf(items, filter.current.text));
  });
  const end = await ended(picker, words);
  if (end === 'cancelled') filter.set(before);
  else if (end === 'text') await askText(context);
}

/** Resolves when the picker is closed, by whichever way. */
function ended(picker: QuickPick<PartItem>, words: object): Promise<'accepted' | 'cancelled' | 'text'> {
  return new Promise((resolve) => {
    picker.onDidAccept(() => {
      resolve('accepted');
      picker.dispose();
    });
    picker.onDidTriggerButton((button) => {
      if (button !== words) return;
      resolve('text');
      picker.dispose();
    });
    picker.onDidHide(() => {
      resolve('cancelled');
      picker.dispose();
    });
    picker.show();
  });
}

async function askText({ filter }: CommandContext): Promise<void> {
  const text = await window.showInputBox({
    title: l10n.t('Filter Cards'),
    prompt: l10n.t('Words that must stand in the title, the description, a label, the agent or the state'),
    value: filter.current.text,
  });
  if (text !== undefined) filter.set({ ...filter.current, text });
}

function partItems({ state }: CommandContext, before: CardFilter): PartItem[] {
  const agentTypes = state.current.status === 'ready' ? state.current.agentTypes : [];
  const { labels, agents, states } = filterChoices(shownCards(state));
  // What is filtered by can be taken back although no card has it any more.
  const all = <T>(found: readonly T[], wanted: readonly T[]): T[] => [...new Set([...found, ...wanted])];
  const separator = (label: string): PartItem => ({ label, kind: QuickPickItemKind.Separator, part: null });
  return [
    { label: l10n.t('$(bell-dot) Needs you'), part: { kind: 'needsMe' } },
    separator(l10n.t('State')),
    ...all(states, before.states).map((value) => ({
      label: stateNames[value],
      part: { kind: 'state', value } as const,
    })),
    separator(l10n.t('Agent')),
    ...all(agents, before.agents).map((value) => ({
      label: filteredAgent(agentTypes, value),
      part: { kind: 'agent', value } as const,
    })),
    separator(l10n.t('Label')),
    ...all(labels, before.labels).map((value) => ({ label: value, part: { kind: 'label', value } as const })),
  ];
}

function isIn({ needsMe, states, agents, labels }: CardFilter, part: Part): boolean {
  switch (part.kind) {
    case 'needsMe':
      return needsMe;
    case 'state':
      return states.includes(part.value);
    case 'agent':
      return agents.includes(part.value);
    case 'label':
      return labels.includes(part.value);
  }
}

function filterOf(items: readonly PartItem[], text: string): CardFilter {
  const parts = items.flatMap(({ part }) => part ?? []);
  return {
    text,
    needsMe: parts.some(({ kind }) => kind === 'needsMe'),
    states: parts.flatMap((part) => (part.kind === 'state' ? [part.value] : [])),
    agents: parts.flatMap((part) => (part.kind === 'agent' ? [part.value] : [])),
    labels: parts.flatMap((part) => (part.kind === 'label' ? [part.value] : [])),
  };
}
