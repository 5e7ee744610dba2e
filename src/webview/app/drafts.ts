import type { Task, WorkspaceMode } from '../../model/task.ts';
import type { BoardCommandInput, Draft, FormValues } from '../protocol.ts';
import { parseLabels } from './format.ts';
import { t } from './l10n.ts';

type PlaceInput = Pick<FormValues, 'workspaceMode' | 'includeUncommitted'> & {
  repositoryUrl: string | null;
  branch: string | null;
};

const maxTitleLength = 500;

export function emptyDraft(
  state: FormValues['state'],
  agentTypeId: string,
  workspaceMode: WorkspaceMode = 'folder',
): Draft {
  const values: FormValues = {
    title: '',
    description: '',
    agentTypeId,
    priority: 'normal',
    labels: '',
    state,
    workspaceMode,
    repositoryUrl: '',
    branch: '',
    includeUncommitted: true,
  };
  return { base: values, values };
}

export function draftOf(task: Task): Draft {
  const { title, description, agentTypeId, priority, labels, state } = task;
  const values: FormValues = {
    title,
    description,
    agentTypeId: agentTypeId ?? '',
    priority,
    labels: labels.join(', '),
    state: state === 'TODO' ? 'TODO' : 'BACKLOG',
    workspaceMode: task.workspaceMode,
    repositoryUrl: task.repositoryUrl ?? '',
    branch: task.branch ?? '',
    includeUncommitted: task.includeUncommitted,
  };
  return { base: values, values };
}

export function isChanged({ base, values }: Draft): boolean {
  return (
    values.title !== base.title ||
    values.description !== base.description ||
    values.agentTypeId !== base.agentTypeId ||
    values.priority !== base.priority ||
    values.labels !== base.labels ||
    isOtherPlace(base, values)
  );
}

/** What is wrong with a title, in words for the form; null when nothing is. */
export function titleProblem(title: string): string | null {
  const { length } = title.trim();
  if (length === 0) return t('A card needs a title.');
  return length > maxTitleLength
    ? t('A title has at most {0} characters. Put the rest into the description.', maxTitleLength)
    : null;
}

/** What the form has of where the agent works, as a command takes it. */
function placeInput(values: FormValues): PlaceInput {
  return {
    workspaceMode: values.workspaceMode,
    repositoryUrl: values.repositoryUrl.trim() === '' ? null : values.repositoryUrl,
    branch: values.branch.trim() === '' ? null : values.branch,
    includeUncommitted: values.includeUncommitted,
  };
}

function isOtherPlace(base: FormValues, values: FormValues): boolean {
  return JSON.stringify(placeInput(base)) !== JSON.stringify(placeInput(values));
}

function agentTypeOf(values: FormValues): string | null {
  return values.agentTypeId === '' ? null : values.agentTypeId;
}

export function createInput({ values }: Draft, boardId: string): BoardCommandInput<'task.create'> {
  return {
    boardId,
    title: values.title,
    description: values.description,
    state: values.state,
    priority: values.priority,
    agentTypeId: agentTypeOf(values),
    labels: parseLabels(values.labels),
    ...placeInput(values),
  };
}

/** Only what the user has changed: the rest may have been changed elsewhere meanwhile. */
export function updateInput(taskId: string, { base, values }: Draft): BoardCommandInput<'task.update'> {
  return {
    taskId,
    ...(values.title !== base.title && { title: values.title }),
    ...(values.description !== base.description && { description: values.description }),
    ...(values.priority !== base.priority && { priority: values.priority }),
    ...(values.agentTypeId !== base.agentTypeId && { agentTypeId: agentTypeOf(values) }),
    ...(values.labels !== base.labels && { labels: parseLabels(values.labels) }),
    ...(isOtherPlace(base, values) && placeInput(values)),
  };
}
