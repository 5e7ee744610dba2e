/** What the cards of the tests ask of their agents. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { transform } from 'esbuild';
import { projectRoot } from '../../scripts/paths.mts';
import { importMachineImage } from '../harness/images.ts';
import { demoAgentFile } from '../harness/localAgents.ts';
import { dockerHost, testRunId } from '../harness/testRun.ts';

/** An entry of the setting kandev.agents. */
export interface AgentSetting {
  id: string;
  name: string;
  image: string;
  command: readonly string[];
  environment?: readonly string[];
  credentials?: boolean;
}

/** The text of a card for the demo agent: a line is a step (agents/demo/README.md). */
export function script(...steps: readonly string[]): string {
  return ['```kandev-script', ...steps, '```'].join('\n');
}

/**
 * The demo agent in an image of this test run, as an agent of the user's own with flags. It is given nothing of whoever
 * runs the tests, so that they are not asked.
 */
export async function demoAgentWith(
  id: string,
  name: string,
  flags: readonly string[],
  environment: readonly string[] = [],
): Promise<AgentSetting> {
  const file = '/opt/demo/agent.js';
  const image = `kandev-test/demo:${testRunId()}`;
  await importMachineImage(dockerHost(), image, { [file]: await readFile(await demoAgentFile()) });
  return { id, name, image, command: ['node', file, ...flags], environment, credentials: false };
}

/** An agent that answers a prompt with so many updates as fast as it can (test/agents/flood-agent.mts). */
export async function floodAgent(updates: number): Promise<AgentSetting> {
  const file = '/opt/flood/agent.mjs';
  const source = await readFile(path.join(projectRoot, 'test/agents/flood-agent.mts'), 'utf8');
  const { code } = await transform(source, { loader: 'ts', format: 'esm' });
  const image = `kandev-test/flood:${testRunId()}`;
  await importMachineImage(dockerHost(), image, { [file]: code });
  const command = ['node', file, String(updates), 'mixed'];
  return { id: 'flood', name: 'Flood agent', image, command, credentials: false };
}
