import * as v from 'valibot';
import type { AgentSignIn, AgentType } from '../model/agentType.ts';
import { usualPids, withResources, type Resources } from '../model/resources.ts';
import { agentSettingSchema, type AgentSetting } from './agentSetting.ts';
import { homeFolder } from './containerUser.ts';

function usual(cpus: number, memoryMb: number): Resources {
  return { cpus, memoryMb, pids: usualPids, network: 'bridge' };
}

/**
 * The agent types that Kandev brings along. Their images are built from agents/<id>/Dockerfile, where the versions are
 * pinned; what each was seen to need, and with which version, stands in docs/agents.md.
 */
export const builtInAgentTypes: readonly AgentType[] = [
  {
    id: 'demo',
    name: 'Demo agent',
    // Not by version: the image's label says whether it was built from these files.
    image: 'kandev/demo-agent:latest',
    buildContext: 'agents/demo',
    command: ['node', '/opt/kandev/agent.js'],
    environment: [],
    credentials: false,
    resources: usual(1, 512),
    offers: { fs: true, terminal: true },
    stateFolder: '.kandev-demo',
    dialect: 'acp',
    firstMode: null,
  },
  {
    id: 'auggie-cli',
    name: 'Auggie',
    image: 'augmentcode/auggie-cli:latest',
    buildContext: 'agents/auggie-cli',
    // It asks before it uses these tools, and before no others unless it is told to.
    command: [
      'auggie',
      '--acp',
      ...[
        'save-file',
        'str-replace-editor',
        'apply_patch',
        'remove-files',
        'launch-process',
        'write-process',
      ].flatMap((tool) => ['--permission', `${tool}:ask-user`]),
    ],
    environment: ['AUGMENT_SESSION_AUTH', 'GITHUB_API_TOKEN'],
    variables: { AUGMENT_DISABLE_AUTO_UPDATE: '1' },
    resources: usual(2, 2048),
    offers: { fs: true, terminal: true },
    stateFolder: '.augment',
    dialect: 'acp',
    firstMode: 'default',
    signIn: { command: ['auggie', 'login'] },
  },
  {
    id: 'gemini',
    name: 'Gemini CLI',
    image: 'kandev/gemini-agent:latest',
    buildContext: 'agents/gemini',
    command: ['gemini', '--acp'],
    environment: [
      'GEMINI_API_KEY',
      'GOOGLE_GEMINI_BASE_URL',
      'GOOGLE_API_KEY',
      'GOOGLE_GENAI_USE_VERTEXAI',
      'GOOGLE_CLOUD_PROJECT',
      'GOOGLE_CLOUD_LOCATION',
    ],
    // The editor has asked already whether the folder is trusted, and without it "always allow" makes a tool fail.
    variables: { GEMINI_CLI_TRUST_WORKSPACE: 'true', NO_BROWSER: 'true' },
    resources: usual(1.5, 1536),
    offers: { fs: true, terminal: false },
    stateFolder: '.gemini',
    dialect: 'acp',
    firstMode: 'default',
    signIn: {
      hint: 'Set GEMINI_API_KEY to a key from Google AI Studio, or sign in with Google in a terminal.',
      command: ['gemini'],
      // Without it a session can be made, and not be loaded again.
      automatic: [{ variable: 'GEMINI_API_KEY', method: 'gemini-api-key' }],
    },
    quirks: {
      missingFileIsEmpty: true,
      commandIsTitle: true,
      noLoadInSameMinute: true,
      modeMessagePrefix: '[MODE_UPDATE] ',
    },
  },
  {
    id: 'claude',
    name: 'Claude Code',
    image: 'kandev/claude-agent:latest',
    buildContext: 'agents/claude',
    command: ['claude-agent-acp'],
    environment: [
      'ANTHROPIC_API_KEY',
      'CLAUDE_CODE_OAUTH_TOKEN',
      'ANTHROPIC_AUTH_TOKEN',
      'ANTHROPIC_BASE_URL',
      'ANTHROPIC_MODEL',
    ],
    // Without the first a part of its state would be a file beside the folder, which a volume cannot hold. Without the
    // last it would try a key that is refused, or a limit that is reached, for minutes without a word.
    variables: {
      CLAUDE_CONFIG_DIR: `${homeFolder}/.claude`,
      DISABLE_AUTOUPDATER: '1',
      CLAUDE_CODE_MAX_RETRIES: '3',
    },
    resources: usual(2, 3072),
    offers: { fs: true, terminal: true },
    stateFolder: '.claude',
    dialect: 'acp',
    // It begins in a mode where a classifier answers in the user's place.
    firstMode: 'default',
    signIn: { command: ['claude-agent-acp', '--cli', 'auth', 'login', '--claudeai'], missingUntil: 'prompt' },
  },
  {
    id: 'codex',
    name: 'Codex',
    image: 'kandev/codex-agent:latest',
    buildContext: 'agents/codex',
    command: ['codex-acp'],
    // Another provider than OpenAI is a part of its configuration, which CODEX_CONFIG has as JSON.
    environment: ['CODEX_API_KEY', 'OPENAI_API_KEY', 'CODEX_CONFIG'],
    // No browser in the container can sign in to ChatGPT.
    variables: { NO_BROWSER: '1' },
    resources: usual(2, 2048),
    offers: { fs: true, terminal: true },
    stateFolder: '.codex',
    dialect: 'acp',
    // It begins in a mode where it decides by itself what is unsafe enough to ask.
    firstMode: 'read-only',
    signIn: {
      hint: 'Set CODEX_API_KEY to a key of the OpenAI platform, or sign in to ChatGPT in a terminal.',
      command: ['codex', 'login', '--device-auth'],
      automatic: [
        { variable: 'CODEX_API_KEY', method: 'api-key' },
        { variable: 'OPENAI_API_KEY', method: 'api-key' },
      ],
    },
    quirks: {
      errorMessage:
        '^(exceeded retry limit|unexpected status \\d|stream disconnected before|Selected model is at capacity|You\u2019ve hit your|You\'ve hit your|Quota exceeded|\\{"error":)',
    },
  },
  {
    id: 'copilot',
    name: 'GitHub Copilot',
    image: 'kandev/copilot-agent:latest',
    buildContext: 'agents/copilot',
    command: ['copilot', '--acp'],
    environment: [
      'COPILOT_GITHUB_TOKEN',
      'GH_TOKEN',
      'GITHUB_TOKEN',
      'COPILOT_MODEL',
      'COPILOT_PROVIDER_BASE_URL',
      'COPILOT_PROVIDER_TYPE',
      'COPILOT_PROVIDER_API_KEY',
      'COPILOT_PROVIDER_WIRE_API',
    ],
    variables: { COPILOT_AUTO_UPDATE: 'false' },
    // It unpacks itself into its home, which is memory.
    resources: usual(2, 3072),
    offers: { fs: true, terminal: true },
    stateFolder: '.copilot',
    dialect: 'acp',
    firstMode: null,
    // The way that it offers by itself counts on a browser that can reach it.
    signIn: { command: ['copilot', 'login', '--device-code'] },
    quirks: { errorMessage: '^Error: ' },
  },
  {
    id: 'opencode',
    name: 'OpenCode',
    image: 'kandev/opencode-agent:latest',
    buildContext: 'agents/opencode',
    command: ['opencode', 'acp'],
    environment: [
      'OPENCODE_API_KEY',
      'ANTHROPIC_API_KEY',
      'OPENAI_API_KEY',
      'GEMINI_API_KEY',
      'OPENROUTER_API_KEY',
      'OPENCODE_CONFIG_CONTENT',
    ],
    variables: {
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      // It asks for nothing unless told to.
      OPENCODE_PERMISSION: '{"edit":"ask","bash":"ask","webfetch":"ask"}',
    },
    resources: usual(2, 2048),
    offers: { fs: true, terminal: true },
    stateFolder: '.local/share/opencode',
    dialect: 'acp',
    firstMode: null,
    signIn: { command: ['opencode', 'auth', 'login'] },
  },
  {
    id: 'qwen',
    name: 'Qwen Code',
    image: 'kandev/qwen-agent:latest',
    buildContext: 'agents/qwen',
    command: ['qwen', '--acp'],
    environment: ['OPENAI_API_KEY', 'OPENAI_BASE_URL', 'OPENAI_MODEL'],
    resources: usual(2, 3072),
    offers: { fs: true, terminal: true },
    stateFolder: '.qwen',
    dialect: 'acp',
    // It begins in a mode where a classifier answers in the user's place.
    firstMode: 'default',
    signIn: {
      hint: 'Set OPENAI_API_KEY, and OPENAI_BASE_URL and OPENAI_MODEL for another provider than OpenAI.',
      command: ['qwen', '--auth-type=openai'],
    },
  },
];

export interface ResolvedAgentTypes {
  /** The built-in ones, as the setting has changed them, then the user's own. */
  types: AgentType[];
  /** What is wrong with the setting, in one sentence for each bad entry: its first wrong field. */
  problems: string[];
}

/**
 * The agent types that there are: Kandev's own, and those of the setting `kandev.agents`. An entry with the id of a
 * built-in type changes that one, in the fields that it has. A bad entry is left out and told of; it hides no other.
 *
 * @param setting the setting's value as it was typed
 */
export function resolveAgentTypes(setting: unknown): ResolvedAgentTypes {
  const types = new Map(builtInAgentTypes.map((type) => [type.id, type]));
  const problems: string[] = [];
  if (setting === undefined || setting === null) return { types: [...types.values()], problems };
  if (!Array.isArray(setting)) {
    return { types: [...types.values()], problems: ['kandev.agents must be a list of agents.'] };
  }
  const seen = new Set<string>();
  for (const [index, typed] of (setting as unknown[]).entries()) {
    const label = labelOf(typed, index);
    const result = v.safeParse(agentSettingSchema, typed);
    if (!result.success) {
      problems.push(`${label}: ${describeIssue(result.issues[0])}`);
      continue;
    }
    const entry = result.output;
    const known = builtInAgentTypes.find(({ id }) => id === entry.id);
    const type = checked(known ? withChanges(known, entry) : ownType(entry));
    if (typeof type === 'string') problems.push(`${label}: ${type}`);
    else if (seen.has(entry.id)) {
      problems.push(`${label}: an agent with this id comes before it. Choose another id.`);
    } else {
      seen.add(entry.id);
      types.set(entry.id, type);
    }
  }
  return { types: [...types.values()], problems };
}

/**
 * The method by which an agent can be signed in without asking anybody, because a variable for it is set; undefined
 * where there is none. It is for `authenticate` when the agent wants a sign-in, and not before: agents remember the
 * method, and forget another one that their user has signed in by.
 */
export function automaticSignIn(
  { signIn }: Pick<AgentType, 'signIn'>,
  environment: Readonly<Record<string, string>>,
): string | undefined {
  return signIn?.automatic?.find(({ variable }) => (environment[variable] ?? '') !== '')?.method;
}

/** The type, or what an entry for one of the user's own lacks. */
function ownType(entry: AgentSetting): AgentType | string {
  const { id, image, build, command } = entry;
  if (image === undefined && build === undefined) return 'image: It is missing.';
  if (command === undefined) return 'command: It is missing.';
  const plain: AgentType = {
    id,
    name: id,
    image: `kandev-own/${id}:latest`,
    buildContext: null,
    command,
    environment: [],
    resources: usual(2, 2048),
    offers: { fs: true, terminal: true },
    dialect: 'acp',
    firstMode: null,
  };
  return withChanges(plain, entry);
}

/** The type, or what makes no sense in it. */
function checked(type: AgentType | string): AgentType | string {
  if (typeof type === 'string' || type.base === undefined || type.buildContext !== null) return type;
  return 'base: Without a Dockerfile there is nothing to put on it. Name its folder in "build".';
}

/** The type with the fields that an entry has. Another image is not built from the same Dockerfile. */
function withChanges(type: AgentType, entry: AgentSetting): AgentType {
  const { build, variables, cpus, memoryMb, pids, network, files, terminals, signIn, quirks, ...same } =
    entry;
  const { resources, offers } = type;
  return {
    ...type,
    ...defined(same),
    buildContext: build ?? (entry.image === undefined ? type.buildContext : null),
    resources: withResources(resources, { cpus, memoryMb, pids, network }),
    offers: { fs: files ?? offers?.fs ?? false, terminal: terminals ?? offers?.terminal ?? false },
    ...(variables ? { variables: { ...type.variables, ...variables } } : {}),
    ...(signIn ? { signIn: { ...type.signIn, ...defined<AgentSignIn>(signIn) } } : {}),
    ...(quirks ? { quirks: { ...type.quirks, ...defined(quirks) } } : {}),
  };
}

/** Without the fields that say nothing. */
function defined<T extends object>(fields: { [Key in keyof T]: T[Key] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
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
