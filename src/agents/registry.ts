import * as v from 'valibot';
import type { AgentType } from '../model/agentType.ts';

/** The agent types that Kandev brings along. */
export const builtInAgentTypes: readonly AgentType[] = [
  {
    id: 'demo',
    name: 'Demo agent',
    // Not by version: the image's label says whether it was built from these files.
    image: 'kandev/demo-agent:latest',
    buildContext: 'agents/demo',
    command: ['node', '/opt/kandev/agent.js'],
    environment: [],
    resources: { cpus: 1, memoryMb: 512 },
    dialect: 'acp',
    firstMode: null,
  },
];

const text = (what: string) =>
  v.pipe(v.string(`${what} must be a text.`), v.trim(), v.nonEmpty(`${what} must not be empty.`));

/** One entry of the setting `kandev.agents`; package.json describes it to the editor. */
const entrySchema = v.strictObject(
  {
    id: v.pipe(
      text('It'),
      v.regex(/^[a-z0-9][a-z0-9-]*$/, 'It must consist of small letters, digits and "-".'),
    ),
    name: v.optional(text('It')),
    image: text('It'),
    command: v.pipe(
      v.array(v.string('Each part must be a text.'), 'It must be a list: the program, then its arguments.'),
      v.minLength(1, 'It must name the program.'),
      v.check(([program]) => program !== '', 'It must name the program.'),
    ),
    environment: v.optional(
      v.array(
        v.pipe(
          v.string('Each must be a text.'),
          v.regex(
            /^[A-Za-z_][A-Za-z0-9_]*$/,
            ({ input }) => `"${input}" is not a name of an environment variable. Values do not belong here.`,
          ),
        ),
        'It must be a list of names.',
      ),
      [],
    ),
    cpus: v.optional(
      v.pipe(v.number('It must be a number.'), v.minValue(0.1, 'It must be at least 0.1.')),
      2,
    ),
    memoryMb: v.optional(
      v.pipe(
        v.number('It must be a number.'),
        v.integer('It must be a whole number of megabytes.'),
        v.minValue(64, 'It must be at least 64.'),
      ),
      2048,
    ),
    dialect: v.optional(v.picklist(['acp', 'legacy'], 'It must be "acp" or "legacy".'), 'acp'),
    firstMode: v.optional(text('It')),
  },
  ({ expected }) => {
    if (expected === 'never') return 'Kandev knows no such field.';
    return expected === 'Object' ? 'It must be an object with id, image and command.' : 'It is missing.';
  },
);

export interface ResolvedAgentTypes {
  /** The built-in ones, then the user's. */
  types: AgentType[];
  /** What is wrong with the setting, in one sentence for each bad entry. */
  problems: string[];
}

/**
 * The agent types that there are: Kandev's own, and those of the setting `kandev.agents`. A bad entry is left out and
 * told of; it hides no other.
 *
 * @param setting the setting's value as it was typed
 */
export function resolveAgentTypes(setting: unknown): ResolvedAgentTypes {
  const types = [...builtInAgentTypes];
  const problems: string[] = [];
  if (setting === undefined || setting === null) return { types, problems };
  if (!Array.isArray(setting)) return { types, problems: ['kandev.agents must be a list of agents.'] };
  for (const [index, entry] of (setting as unknown[]).entries()) {
    const label = labelOf(entry, index);
    const result = v.safeParse(entrySchema, entry);
    if (!result.success) {
      problems.push(`${label}: ${result.issues.map(describeIssue).join(' ')}`);
    } else if (builtInAgentTypes.some(({ id }) => id === result.output.id)) {
      problems.push(`${label}: this id belongs to an agent that Kandev brings along. Choose another id.`);
    } else if (types.some(({ id }) => id === result.output.id)) {
      problems.push(`${label}: an agent with this id comes before it. Choose another id.`);
    } else {
      types.push(agentTypeOf(result.output));
    }
  }
  return { types, problems };
}

function agentTypeOf(entry: v.InferOutput<typeof entrySchema>): AgentType {
  const { id, name, image, command, environment, cpus, memoryMb, dialect, firstMode } = entry;
  return {
    id,
    name: name ?? id,
    image,
    buildContext: null,
    command,
    environment,
    resources: { cpus, memoryMb },
    dialect,
    firstMode: firstMode ?? null,
  };
}

/** By its id, else by its place in the list. */
function labelOf(entry: unknown, index: number): string {
  const id: unknown = typeof entry === 'object' && entry !== null && 'id' in entry ? entry.id : undefined;
  return `kandev.agents, ${typeof id === 'string' && id.trim() !== '' ? `"${id}"` : `entry ${index + 1}`}`;
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  return path === null ? issue.message : `${path}: ${issue.message}`;
}
