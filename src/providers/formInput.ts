import {
  l10n,
  QuickInputButtons,
  ThemeIcon,
  window,
  type InputBox,
  type QuickInput,
  type QuickInputButton,
  type QuickPick,
  type QuickPickItem,
} from 'vscode';
import { oneLine, plainLabel, plainMessage } from './agentText.ts';
import { fieldHint, fieldPrompt, problemText } from './fieldText.ts';
import type { Entry, FillableField, FormStep, QuestionAnswer, StepOutcome } from './questionForm.ts';

interface EntryItem extends QuickPickItem {
  entry: string | boolean | undefined;
}

type Settle = (outcome: StepOutcome) => void;

/**
 * Asks for one field of a form in VS Code's own input. Closing it puts the form off, and so does `closed`.
 */
export function askForField(title: string, step: FormStep, closed: AbortSignal): Promise<StepOutcome> {
  const { type } = step.field;
  if (type === 'text' || type === 'number') return askForText(title, step, closed);
  return type === 'choices' ? askForChoices(title, step, closed) : askForChoice(title, step, closed);
}

/** Asks whether a form without fields is to be sent; null when the user puts it off. */
export async function askToConfirm(title: string, closed: AbortSignal): Promise<QuestionAnswer | null> {
  const picker = window.createQuickPick<EntryItem>();
  picker.title = title;
  picker.items = [{ label: `$(check) ${l10n.t('Agree')}`, entry: true }];
  const outcome = await shown(picker, [declineButton()], closed, {
    entry: () => undefined,
    accept: (settle) => {
      settle({ go: 'on', entry: true });
    },
  });
  if (outcome.go === 'decline') return { action: 'decline' };
  return outcome.go === 'on' ? { action: 'accept', content: {} } : null;
}

function askForText(title: string, step: FormStep, closed: AbortSignal): Promise<StepOutcome> {
  const { field, entry } = step;
  const box = window.createInputBox();
  begin(box, title, step);
  box.value = typeof entry === 'string' ? entry : '';
  box.prompt = promptText(step);
  box.placeholder = fieldHint(field);
  const check = (): boolean => {
    const problem = step.check(box.value);
    box.validationMessage = problem ? plainMessage(problemText(field, problem)) : undefined;
    return problem === null;
  };
  box.onDidChangeValue((value) => {
    // Nobody has to hear that they have not begun yet.
    if (value === '') box.validationMessage = undefined;
    else check();
  });
  return shown(box, buttonsOf(step), closed, {
    entry: () => box.value,
    accept: (settle) => {
      if (check()) settle({ go: 'on', entry: box.value });
    },
  });
}

function askForChoice(title: string, step: FormStep, closed: AbortSignal): Promise<StepOutcome> {
  const { field, entry } = step;
  const picker = window.createQuickPick<EntryItem>();
  begin(picker, title, step);
  picker.prompt = promptText(step);
  picker.placeholder = fieldHint(field);
  const items = choiceItems(field);
  if (!field.required) items.push({ label: `$(dash) ${l10n.t('Leave Empty')}`, entry: undefined });
  picker.items = items;
  picker.activeItems = items.filter((item) => item.entry === entry).slice(0, 1);
  return shown(picker, buttonsOf(step), closed, {
    entry: () => entry,
    accept: (settle) => {
      const [item] = picker.selectedItems;
      if (item) settle({ go: 'on', entry: item.entry });
    },
  });
}

function askForChoices(title: string, step: FormStep, closed: AbortSignal): Promise<StepOutcome> {
  const { field, entry } = step;
  const picker = window.createQuickPick<EntryItem>();
  begin(picker, title, step);
  picker.canSelectMany = true;
  picker.prompt = promptText(step);
  picker.placeholder = fieldHint(field);
  const items = choiceItems(field);
  picker.items = items;
  const wanted: readonly unknown[] = Array.isArray(entry) ? entry : [];
  picker.selectedItems = items.filter((item) => wanted.includes(item.entry));
  // VS Code tells nothing of what was selected here.
  let selected: readonly EntryItem[] = picker.selectedItems;
  picker.onDidChangeSelection((now) => {
    selected = now;
    picker.prompt = promptText(step);
  });
  const chosen = (): string[] =>
    selected.flatMap((item) => (typeof item.entry === 'string' ? [item.entry] : []));
  return shown(picker, buttonsOf(step), closed, {
    entry: chosen,
    accept: (settle) => {
      const problem = step.check(chosen());
      if (problem) picker.prompt = plainMessage(problemText(field, problem));
      else settle({ go: 'on', entry: chosen() });
    },
  });
}

function choiceItems(field: FillableField): EntryItem[] {
  if (field.type === 'boolean') {
    return [
      { label: l10n.t('Yes'), entry: true },
      { label: l10n.t('No'), entry: false },
    ];
  }
  if (field.type !== 'choice' && field.type !== 'choices') return [];
  return field.choices.map(({ value, title, description }) => ({
    label: plainLabel(title),
    ...(description === null ? {} : { detail: plainLabel(description) }),
    entry: value,
  }));
}

function begin(input: QuickInput, title: string, { number, total }: FormStep): void {
  input.title = title;
  if (total === 1) return;
  input.step = number;
  input.totalSteps = total;
}

function promptText({ field, number, total }: FormStep): string {
  const prompt = plainMessage(oneLine(fieldPrompt(field), 1000));
  return number === total ? l10n.t('{0} – Enter sends the answer.', prompt) : prompt;
}

function declineButton(): QuickInputButton {
  return { iconPath: new ThemeIcon('circle-slash'), tooltip: l10n.t('Decline') };
}

function buttonsOf({ number }: FormStep): QuickInputButton[] {
  return number === 1 ? [declineButton()] : [QuickInputButtons.Back, declineButton()];
}

/** Shows an input until the user leaves it. `entry` tells what it holds then. */
async function shown(
  input: InputBox | QuickPick<EntryItem>,
  buttons: readonly QuickInputButton[],
  closed: AbortSignal,
  { entry, accept }: { entry: () => Entry; accept: (settle: Settle) => void },
): Promise<StepOutcome> {
  input.buttons = buttons;
  input.ignoreFocusOut = true;
  const hide = (): void => {
    input.hide();
  };
  try {
    return await new Promise<StepOutcome>((settle) => {
      input.onDidAccept(() => {
        accept(settle);
      });
      input.onDidTriggerButton((button) => {
        settle(button === QuickInputButtons.Back ? { go: 'back', entry: entry() } : { go: 'decline' });
      });
      input.onDidHide(() => {
        settle({ go: 'later', entry: entry() });
      });
      closed.addEventListener('abort', hide, { once: true });
      if (closed.aborted) settle({ go: 'later', entry: entry() });
      else input.show();
    });
  } finally {
    closed.removeEventListener('abort', hide);
    input.dispose();
  }
}
