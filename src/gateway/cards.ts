import type * as v from 'valibot';
import { startsAgent } from '../api/cardTools.ts';
import type { Kandev } from '../api/contract.ts';
import type { CardView } from '../model/cardView.ts';
import { UserError } from '../model/failure.ts';
import type { GatewayScope } from '../model/gateway.ts';
import { requireScope } from './guard.ts';
import type { statusSchema, taskSchema } from './resources.ts';

/** @throws UserError `not-found` */
export async function cardOf(kandev: Kandev, taskId: string): Promise<CardView> {
  const { cards } = await kandev.query('cards', { taskIds: [taskId] });
  const [card] = cards;
  if (!card) throw new UserError({ reason: 'not-found', message: 'This card no longer exists.' });
  return card;
}

export function taskOf({ task, version, dependencies }: CardView): v.InferInput<typeof taskSchema> {
  const { network, ...limits } = task.resources ?? {};
  const shown = network === undefined ? limits : { ...limits, network: networkOf(network) };
  return {
    ...task,
    resources: task.resources && shown,
    dependsOn: dependencies.map(({ taskId }) => taskId),
    version,
  };
}

/** A card as it is now, to be answered with, with the version that its ETag is made of. */
export async function taskAnswer(
  kandev: Kandev,
  taskId: string,
): Promise<{ body: ReturnType<typeof taskOf>; version: number }> {
  const card = await cardOf(kandev, taskId);
  return { body: taskOf(card), version: card.version };
}

export function networkOf(network: 'bridge' | 'none' | readonly string[]): 'bridge' | 'none' | string[] {
  return typeof network === 'string' ? network : [...network];
}

export function needsYou({ permissions, questions }: CardView): boolean {
  return permissions.length + questions.length > 0;
}

export function statusOf(card: CardView): v.InferInput<typeof statusSchema> {
  const { task, run, queue, permissions, questions, dependencies, stalledSince } = card;
  return {
    taskId: task.id,
    state: task.state,
    run: run && { ...run, blocked: [...run.blocked] },
    queue,
    permissions,
    questions,
    waitsFor: dependencies.filter(({ state }) => state !== 'COMPLETED'),
    stalledSince,
    needsYou: needsYou(card),
  };
}

/** How it stands with a card now, to be answered with. */
export async function statusAnswer(
  kandev: Kandev,
  taskId: string,
): Promise<{ body: ReturnType<typeof statusOf> }> {
  return { body: statusOf(await cardOf(kandev, taskId)) };
}

/**
 * A card in To Do that has an agent is started by the queue, and so is one in Backlog that is moved to In Progress: who
 * may not have agents work may not bring a card there.
 *
 * @throws Refusal `scope-missing`
 */
export function requireStart(
  caller: { scopes: ReadonlySet<GatewayScope> },
  state: string,
  agentTypeId: string | null,
): void {
  if (startsAgent(state, agentTypeId)) requireScope(caller, 'run');
}
