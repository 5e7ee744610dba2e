import { l10n } from 'vscode';
import type { FieldProblem, FillableField } from './questionForm.ts';

/** What a field asks for, in a line: its title and what the agent says about it. */
export function fieldPrompt({ title, description }: FillableField): string {
  return description === null || description === '' ? title : l10n.t('{0}: {1}', title, description);
}

/** What may be put into a field, in a few words. */
export function fieldHint(field: FillableField): string {
  const kind = kindText(field);
  return field.required ? kind : l10n.t('{0} (may be left empty)', kind);
}

function kindText(field: FillableField): string {
  switch (field.type) {
    case 'text':
      return field.format === null ? l10n.t('Text') : formatText(field.format);
    case 'number':
      return numberText(field);
    case 'boolean':
      return l10n.t('Yes or no');
    case 'choice':
      return l10n.t('Choose one');
    case 'choices':
      return l10n.t('Choose any number of them');
  }
}

function numberText({ integer, minimum, maximum }: Extract<FillableField, { type: 'number' }>): string {
  const kind = integer ? l10n.t('A whole number') : l10n.t('A number');
  if (minimum !== null && maximum !== null) return l10n.t('{0} from {1} to {2}', kind, minimum, maximum);
  if (minimum !== null) return l10n.t('{0}, at least {1}', kind, minimum);
  return maximum === null ? kind : l10n.t('{0}, at most {1}', kind, maximum);
}

function formatText(format: string): string {
  switch (format) {
    case 'email':
      return l10n.t('An e-mail address');
    case 'uri':
      return l10n.t('An address such as https://example.org');
    case 'date':
      return l10n.t('A date such as 2026-01-31');
    case 'date-time':
      return l10n.t('A date and time such as 2026-01-31T09:00:00Z');
    default:
      return l10n.t('Text of the form “{0}”', format);
  }
}

/** What is wrong with what was put in, in words that tell what to do. */
export function problemText(field: FillableField, problem: FieldProblem): string {
  switch (problem.kind) {
    case 'missing':
      return l10n.t('The agent needs this to go on.');
    case 'wrong-type':
      return field.type === 'number'
        ? l10n.t('This is not a number.')
        : l10n.t('This is not what the agent asks for.');
    case 'not-an-integer':
      return l10n.t('This must be a whole number.');
    case 'not-a-choice':
      return l10n.t('This is not one of the choices.');
    case 'too-short':
      return l10n.t('This must have at least {0} characters.', problem.limit);
    case 'too-long':
      return l10n.t('This may have at most {0} characters.', problem.limit);
    case 'too-small':
      return l10n.t('This must be {0} or more.', problem.limit);
    case 'too-large':
      return l10n.t('This must be {0} or less.', problem.limit);
    case 'too-few':
      return l10n.t('Choose at least {0}.', problem.limit);
    case 'too-many':
      return l10n.t('Choose at most {0}.', problem.limit);
    case 'wrong-format':
      return l10n.t('This is not of the right form: {0}.', formatText(problem.format));
    case 'wrong-pattern':
      return l10n.t('This does not match what the agent asks for: {0}', problem.pattern);
  }
}
