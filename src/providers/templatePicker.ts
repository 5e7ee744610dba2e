import { l10n, window, type QuickPickItem } from 'vscode';
import type { Kandev } from '../api/contract.ts';
import type { CardTemplate } from '../model/cardTemplate.ts';
import type { Priority } from '../model/task.ts';
import { readTemplates, templatesFolder } from './cardTemplates.ts';

/** What of a new card a template fills in. */
export interface TemplateDraft {
  title: string;
  description: string;
  agentTypeId: string | null;
  priority: Priority;
  labels: string[];
}

interface TemplateItem extends QuickPickItem {
  template: CardTemplate;
}

/** Lets the user choose a template. Its agent is a suggestion, and counts only where there is such an agent. */
export async function useTemplate(kandev: Pick<Kandev, 'query'>): Promise<TemplateDraft | undefined> {
  const items = (await readTemplates()).map((template): TemplateItem => {
    const { name, title, labels, description } = template;
    const line = (description.split('\n')[0] ?? '').replace(/^#+\s*/, '');
    return {
      label: name,
      description: [title.trim(), ...labels].filter(Boolean).join(' · '),
      detail: line,
      template,
    };
  });
  const picked = await window.showQuickPick(items, {
    title: l10n.t('New Card from Template'),
    placeHolder: l10n.t('Which template? Your own are Markdown files in {0}.', templatesFolder),
    matchOnDescription: true,
    ignoreFocusOut: true,
  });
  if (!picked) return undefined;
  const { agent, title, description, priority, labels } = picked.template;
  const types = await kandev.query('agentTypes', {});
  const found = types.find(({ id, name }) => id === agent || name === agent);
  return { title, description, priority, labels: [...labels], agentTypeId: found?.id ?? null };
}
