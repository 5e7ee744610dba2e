import path from 'node:path';
import * as v from 'valibot';
import { agentSettingSchema, type AgentSetting } from '../agents/agentSetting.ts';
import { resolveAgentTypes } from '../agents/registry.ts';

/** What a user says of a new agent type, as it was typed. */
export interface NewAgent {
  id: string;
  name: string;
  /** The name of an image, or the whole path of a folder with a Dockerfile. */
  source: string;
  command: string;
}

/** What the schema says against one field, in a sentence; undefined when nothing. */
export function fieldProblem(field: 'id' | 'name' | 'source' | 'command', typed: string): string | undefined {
  const text = typed.trim();
  if (field === 'command') {
    const words = splitCommand(text);
    if (words === null) return 'A quotation mark has no counterpart.';
    return problemOf(agentSettingSchema.entries.command, words);
  }
  if (field === 'source') return text === '' ? 'It must not be empty.' : undefined;
  return problemOf(agentSettingSchema.entries[field], text);
}

/**
 * The entry for the setting `kandev.agents`, and the setting with it at its end; what is there stays as it was typed.
 * Else what is wrong, in one sentence.
 *
 * @param setting the user's own value of the setting
 */
export function withNewAgent(
  setting: unknown,
  { id, name, source, command }: NewAgent,
): { entry: AgentSetting; setting: unknown[] } | { problem: string } {
  const existing = setting ?? [];
  if (!Array.isArray(existing)) return { problem: 'kandev.agents must be a list of agents.' };
  const place = source.trim();
  const typed = {
    id: id.trim(),
    name: name.trim(),
    ...(path.isAbsolute(place) ? { build: place } : { image: place }),
    command: splitCommand(command) ?? [],
  };
  const result = v.safeParse(agentSettingSchema, typed);
  if (!result.success) return { problem: describe(result.issues[0]) };
  const changed = [...(existing as unknown[]), typed];
  const before = resolveAgentTypes(existing);
  // An entry with the id of another type would change that one, or be passed over.
  if (before.types.some((type) => type.id === typed.id)) return { problem: idTaken(typed.id) };
  const problem = resolveAgentTypes(changed).problems.find((text) => !before.problems.includes(text));
  return problem === undefined ? { entry: result.output, setting: changed } : { problem };
}

/** For the id of an agent that there is already. */
export function idTaken(id: string): string {
  return `There is an agent with the id "${id}" already. Choose another id.`;
}

/**
 * The words of a command, as a shell would split them: quotation marks and backslashes keep blanks together, and
 * nothing else has a meaning. Null when a quotation mark has no counterpart.
 */
export function splitCommand(text: string): string[] | null {
  const part = /\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"'\\]+)|(\s+)/gsy;
  const words: string[] = [];
  let word: string | null = null;
  while (part.lastIndex < text.length) {
    const match = part.exec(text);
    if (match === null) return null;
    const [, escaped, double, single, plain, blank] = match;
    if (blank === undefined) {
      word = (word ?? '') + (escaped ?? double?.replaceAll(/\\(["\\])/g, '$1') ?? single ?? plain ?? '');
    } else {
      if (word !== null) words.push(word);
      word = null;
    }
  }
  return word === null ? words : [...words, word];
}

function problemOf(schema: v.GenericSchema, value: unknown): string | undefined {
  const result = v.safeParse(schema, value);
  return result.success ? undefined : result.issues[0].message;
}

function describe(issue: v.BaseIssue<unknown>): string {
  const field = v.getDotPath(issue);
  return field === null ? issue.message : `${field}: ${issue.message}`;
}
