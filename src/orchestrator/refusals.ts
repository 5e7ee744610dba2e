import type { AgentType } from '../model/agentType.ts';
import { UserError } from '../model/failure.ts';
import type { Task, TaskState } from '../model/task.ts';

/** Why a card cannot be started, moved or sent a message: in plain words, with what helps. */
export function runInTheWay(task: Task, to: TaskState): UserError {
  return new UserError({
    reason: 'run-active',
    message: `An agent is at work on “${task.title}”. Stop it before you move the card.`,
    action: { kind: 'stopAndMove', taskId: task.id, to },
  });
}

export function alreadyAtWork({ id, title }: Task): UserError {
  return new UserError({
    reason: 'run-active',
    message: `An agent is already at work on “${title}”.`,
    action: { kind: 'stop', taskId: id },
  });
}

export function noFolder(): UserError {
  return new UserError({
    reason: 'no-folder',
    message: 'Agents work in a folder, and none is open.',
    action: { kind: 'openFolder' },
  });
}

export function noRun({ title }: Task): UserError {
  return new UserError({ reason: 'no-run', message: `No agent is at work on “${title}”.` });
}

export function nothingToGoOnWith({ id, title }: Task): UserError {
  return new UserError({
    reason: 'no-run',
    message: `No agent has worked on “${title}” yet, so there is no conversation to go on with. Start the card.`,
    action: { kind: 'retry', taskId: id },
  });
}

/** The type of a card's agent. @throws UserError when it has none, or one that is not known */
export function agentTypeOf(task: Task, known: readonly AgentType[]): AgentType {
  const action = { kind: 'editTask', taskId: task.id } as const;
  if (task.agentTypeId === null) {
    throw new UserError({
      reason: 'invalid-input',
      message: `“${task.title}” has no agent. Choose one, and it can be started.`,
      action,
    });
  }
  const found = known.find(({ id }) => id === task.agentTypeId);
  if (found) return found;
  throw new UserError({
    reason: 'agent-type-unknown',
    message: `“${task.title}” asks for the agent “${task.agentTypeId}”, which is not known here.`,
    action,
  });
}
