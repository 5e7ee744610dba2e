import { QuickInputButtons, ThemeIcon, window, type QuickPickItem } from 'vscode';

/** `back` goes to the step before, `again` asks once more, `cancel` gives up. */
export type StepResult = 'next' | 'back' | 'again' | 'cancel';

export interface TextQuestion {
  title: string;
  prompt: string;
  placeholder: string;
  value: string;
  validate: (value: string) => string | undefined;
  canGoBack: boolean;
  /** Something else that can be done at this step; it is asked again afterwards. */
  extra?: { icon: string; label: string; act: () => Promise<unknown> };
}

export function askText(question: TextQuestion, accept: (value: string) => void): Promise<StepResult> {
  const input = window.createInputBox();
  input.title = question.title;
  input.prompt = question.prompt;
  input.placeholder = question.placeholder;
  input.value = question.value;
  // Typing goes on with what is there, such as the beginning that a template gives.
  input.valueSelection = [question.value.length, question.value.length];
  input.ignoreFocusOut = true;
  const { extra } = question;
  input.buttons = [
    ...(question.canGoBack ? [QuickInputButtons.Back] : []),
    ...(extra ? [{ iconPath: new ThemeIcon(extra.icon), tooltip: extra.label }] : []),
  ];
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
    input.onDidTriggerButton((button) => {
      accept(input.value);
      if (button === QuickInputButtons.Back) resolve('back');
      else resolve(extra ? extra.act().then(() => 'again') : 'again');
      input.dispose();
    });
    input.onDidHide(() => {
      resolve('cancel');
      input.dispose();
    });
    input.show();
  });
}

export function askChoice<T>(
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
