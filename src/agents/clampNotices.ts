import type { AgentType } from '../model/agentType.ts';
import type { EngineFacts } from './engine.ts';

/** What an agent does not get of what it should have, in a sentence each. */
export function clampNotices(
  { name, resources }: Pick<AgentType, 'name' | 'resources'>,
  { name: engine, cpus, memoryMb, limits }: Pick<EngineFacts, 'name' | 'cpus' | 'memoryMb' | 'limits'>,
): string[] {
  const notices: string[] = [];
  if (limits.cpu && resources.cpus > cpus) {
    notices.push(
      `${name} should have ${resources.cpus} CPUs. ${engine} has ${cpus}, so it gets no more than that.`,
    );
  }
  // 0 where the engine does not say.
  if (limits.memory && memoryMb > 0 && resources.memoryMb > memoryMb) {
    notices.push(
      `${name} may use ${resources.memoryMb} MB of memory. ${engine} has ${memoryMb} MB, so it can run out before.`,
    );
  }
  const missing = [
    ...(limits.cpu ? [] : ['CPU']),
    ...(limits.memory ? [] : ['memory']),
    ...(limits.pids ? [] : ['processes']),
  ];
  if (missing.length > 0) {
    notices.push(
      `${engine} cannot limit ${missing.join(' and ')} here, so ${name} may use as much as there is.`,
    );
  }
  return notices;
}

/** What is to be said of an image without node, which the keeper needs. */
export function endsWithWindow({ name, image }: Pick<AgentType, 'name' | 'image'>): string {
  return `The image ${image} has no node, so ${name} does not go on by itself while VS Code is closed: it is stopped then, and goes on where it left off when VS Code is opened again. It has no tools to create cards or ask you by, either.`;
}
