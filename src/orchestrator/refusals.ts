import type { AgentType } from '../model/agentType.ts';
import { UserError } from '../model/failure.ts';
import { withResources } from '../model/resources.ts';
import type { Task, TaskState } from '../model/task.ts';

/** Why a card cannot be started, moved or sent a message: in plain words, with what helps. */
export function runInTheWay(task: Task, to: TaskState): UserError {
  return new UserError({
    reason: 'run-active',
    message: `An agent is at work on “${task.title}”. Stop it before you move the card.`,
    action: { kind: 'stopAndMove', taskId: task.id, to },
  });
}

/** A move back to where an agent was at work. */
export function runEnded({ id, title }: Task): UserError {
  return new UserError({
    reason: 'refused',
    message: `The agent of “${title}” has ended, so the move cannot be taken back. Start the card again.`,
    action: { kind: 'retry', taskId: id },
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

export function notYet({ title }: Task, why: string): UserError {
  const reason = why.charAt(0).toLowerCase() + why.slice(1);
  return new UserError({
    reason: 'refused',
    message: `“${title}” is the first in the queue, but cannot start yet: it ${reason}.`,
  });
}

/** A card that waits for others. */
export function blocked({ id, title }: Task, why: string): UserError {
  const reason = why.charAt(0).toLowerCase() + why.slice(1);
  return new UserError({
    reason: 'refused',
    message: `“${title}” is blocked: it ${reason}. It starts by itself when that is done.`,
    action: { kind: 'chooseDependencies', taskId: id },
  });
}

/** Only one agent at a time writes in the folder. */
export function folderInUse({ title }: Task, writer: { taskId: string; title: string }): UserError {
  return new UserError({
    reason: 'run-active',
    message: `The agent of “${title}” cannot go on yet: “${writer.title}” works in the same folder. Send the message when that has finished, or stop it.`,
    action: { kind: 'stop', taskId: writer.taskId },
  });
}

/** @param why as the queue says it: "Waits for memory: …" */
export function noRoomForMessage({ id, title }: Task, why: string): UserError {
  const reason = why.charAt(0).toLowerCase() + why.slice(1);
  return new UserError({
    reason: 'refused',
    message: `The agent of “${title}” cannot go on yet: it ${reason}. Send the message when another agent has finished, or change the limits.`,
    action: { kind: 'editResources', taskId: id },
  });
}

export function tooLittleMemory({ id, title }: Task, agentType: AgentType, memoryMb: number): UserError {
  return new UserError({
    reason: 'too-little-memory',
    message: `“${title}” cannot be started: ${agentType.name} is to have ${agentType.resources.memoryMb} MB of memory, and Docker has ${memoryMb} MB. Give it less, or Docker more.`,
    action: { kind: 'editResources', taskId: id },
  });
}

export function mustSayFirst({ title }: Task): UserError {
  return new UserError({
    reason: 'refused',
    message: `Before an agent goes on with “${title}”, say what agents may use of yours. Then send the message again.`,
    action: { kind: 'credentials' },
  });
}

export function mustChooseFirst({ title }: Task): UserError {
  return new UserError({
    reason: 'refused',
    message: `Before an agent goes on with “${title}”, say whether it may work in an image on this workspace's devcontainer.json. Then send the message again.`,
    action: { kind: 'devcontainer' },
  });
}

/** The type of a card's agent, with what the card says of its resources. @throws UserError when there is none */
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
  if (found) return { ...found, resources: withResources(found.resources, task.resources) };
  throw new UserError({
    reason: 'agent-type-unknown',
    message: `“${task.title}” asks for the agent “${task.agentTypeId}”, which is not known here.`,
    action,
  });
}
