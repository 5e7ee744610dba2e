import { priorities, type Priority } from './task.ts';

/** What a new card is filled with. It is text, and suggests who does it: nothing is started by it. */
export interface CardTemplate {
  /** As it is chosen by. */
  name: string;
  title: string;
  description: string;
  /** The id or name of an agent type, if it is known here. */
  agent: string | null;
  labels: string[];
  priority: Priority;
}

const limits = { labels: 20, label: 50, title: 500, description: 100_000 };

/**
 * Reads a template: Markdown, which is the description, after front matter with `title`, `agent`, `labels` and
 * `priority`, all of them optional. Of YAML it knows `key: value`, `[a, b]`, and lists with dashes; what it does not know
 * is left out.
 */
export function parseTemplate(name: string, text: string): CardTemplate {
  const [, front = '', body = text] =
    /^\uFEFF?---\r?\n([^]*?\r?\n)?---[ \t]*(?:\r?\n([^]*))?$/.exec(text) ?? [];
  const fields = fieldsIn(front);
  const one = (key: string): string => fields.get(key)?.join(', ') ?? '';
  const priority = priorities.find((each) => each === one('priority').toLowerCase());
  return {
    name,
    title: one('title').slice(0, limits.title),
    description: body.trim().slice(0, limits.description),
    agent: one('agent') === '' ? null : one('agent'),
    labels: (fields.get('labels') ?? [])
      .flatMap((label) => label.split(','))
      .map((label) => label.trim().slice(0, limits.label))
      .filter((label) => label !== '')
      .slice(0, limits.labels),
    priority: priority ?? 'normal',
  };
}

function fieldsIn(front: string): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  let key: string | null = null;
  for (const line of front.split(/\r?\n/)) {
    const [, name, value = ''] = /^(\w+)\s*:\s*(.*)$/.exec(line) ?? [];
    const [, item] = /^\s*-\s+(.+)$/.exec(line) ?? [];
    if (name !== undefined) {
      key = name.toLowerCase();
      fields.set(key, valuesOf(value));
    } else if (item !== undefined && key !== null) fields.get(key)?.push(unquoted(item));
  }
  return fields;
}

function valuesOf(value: string): string[] {
  const [, list] = /^\[(.*)\]\s*$/.exec(value) ?? [];
  const values = list === undefined ? [value] : list.split(',');
  return values.map(unquoted).filter((each) => each !== '');
}

function unquoted(value: string): string {
  const trimmed = value.trim();
  return /^"(.*)"$/.exec(trimmed)?.[1] ?? /^'(.*)'$/.exec(trimmed)?.[1] ?? trimmed;
}

/** Those that Kandev brings along, in English as what agents are told. */
export const builtInTemplates: readonly CardTemplate[] = [
  {
    ...{ name: 'Bug', title: 'Fix: ', agent: null, labels: ['bug'], priority: 'high' },
    description:
      '## What happens\n\n\n## What should happen\n\n\n## How to see it\n\n1. \n\nWrite a test that fails because of this first, then mend the code.',
  },
  {
    ...{ name: 'Feature', title: 'Add ', agent: null, labels: ['feature'], priority: 'normal' },
    description:
      '## What it is for\n\n\n## What must work\n\n- \n\nKeep to the style of the code around it. Add tests, and mention it in the documentation.',
  },
  {
    ...{ name: 'Tests', title: 'Test ', agent: null, labels: ['tests'], priority: 'normal' },
    description:
      'Write tests for: \n\nTest what it does, not how. Do not change the code that is tested; where a test shows a bug, leave the test failing and say so.',
  },
  {
    ...{ name: 'Refactoring', title: 'Tidy up ', agent: null, labels: ['refactoring'], priority: 'low' },
    description:
      '## What is wrong with it\n\n\n## What it should be like\n\n\nNothing may behave differently afterwards. Run the tests before and after.',
  },
];
