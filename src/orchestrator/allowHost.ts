import type { AgentType } from '../model/agentType.ts';
import { UserError } from '../model/failure.ts';
import type { ResourceChanges } from '../model/resources.ts';
import type { Task } from '../model/task.ts';

/**
 * What a card says of its resources, with one more host that its runs may reach.
 * @param agentType with what the card says, as `agentTypeOf` gives it
 * @throws UserError `refused` when there is no list to which it could be added
 */
export function withAllowed(
  { id, title, resources }: Pick<Task, 'id' | 'title' | 'resources'>,
  agentType: Pick<AgentType, 'resources'>,
  entry: string,
): ResourceChanges {
  const { network } = agentType.resources;
  if (typeof network === 'string') {
    throw new UserError({
      reason: 'refused',
      message: `The runs of “${title}” have no list of hosts any more, to which ${entry} could be added.`,
      action: { kind: 'editResources', taskId: id },
    });
  }
  return { ...resources, network: [...new Set([...network, entry])] };
}
