import { asList, asNumber, asObject, asString, isObject } from '../json.ts';
import type { JsonObject } from '../json.ts';
import type {
  AgentCapabilities,
  AuthMethod,
  AuthVariable,
  Implementation,
  InitializeResult,
} from '../types.ts';

/** The version that an agent answered with. One that answers with none is taken to speak ours. */
export function decodeProtocolVersion(result: unknown, ours: number): number | string {
  const { protocolVersion } = asObject(result);
  if (protocolVersion === undefined || protocolVersion === null) return ours;
  const version = asNumber(protocolVersion) ?? asString(protocolVersion) ?? typeof protocolVersion;
  return version === String(ours) ? ours : version;
}

/** Reads the result of `initialize`: whatever is missing, null or malformed is off. */
export function decodeInitialize(result: unknown, protocolVersion: number): InitializeResult {
  const { agentCapabilities, authMethods, agentInfo } = asObject(result);
  return {
    protocolVersion,
    capabilities: decodeCapabilities(asObject(agentCapabilities)),
    authMethods: asList(authMethods, decodeAuthMethod),
    agentInfo: decodeImplementation(agentInfo),
  };
}

function decodeCapabilities(value: JsonObject): AgentCapabilities {
  const prompt = asObject(value.promptCapabilities);
  const mcp = asObject(value.mcpCapabilities);
  const session = asObject(value.sessionCapabilities);
  return {
    loadSession: value.loadSession === true,
    prompt: {
      image: prompt.image === true,
      audio: prompt.audio === true,
      embeddedContext: prompt.embeddedContext === true,
    },
    mcp: { http: mcp.http === true, sse: mcp.sse === true },
    session: {
      list: isOn(session.list),
      resume: isOn(session.resume),
      close: isOn(session.close),
      delete: isOn(session.delete),
      fork: isOn(session.fork),
      additionalDirectories: isOn(session.additionalDirectories),
    },
    auth: { logout: isOn(asObject(value.auth).logout) },
  };
}

/** These capabilities are switched on by an object, which may be empty; some agents say true. */
function isOn(value: unknown): boolean {
  return isObject(value) || value === true;
}

function decodeAuthMethod(value: unknown): AuthMethod | null {
  const method = asObject(value);
  const id = asString(method.id);
  if (id === null) return null;
  const common = { id, name: asString(method.name) ?? id, description: asString(method.description) };
  // Agents from before the type `terminal` say their command here, beside a method that they cannot carry out.
  const older = asObject(method._meta)['terminal-auth'];
  if (method.type !== 'terminal' && isObject(older)) {
    return { ...common, ...decodeTerminal(older), command: asString(older.command) };
  }
  // Qwen Code says all of it here.
  const meta = asObject(method._meta);
  if (method.type === undefined && meta.type === 'terminal') {
    return { ...common, ...decodeTerminal(meta), command: null };
  }
  switch (method.type ?? 'agent') {
    case 'terminal':
      return { ...common, ...decodeTerminal(method), command: null };
    case 'agent':
      return { ...common, type: 'agent' };
    case 'env_var':
      return {
        ...common,
        type: 'env_var',
        // The first draft of the protocol knew one variable.
        variables: asList(method.vars ?? [{ name: method.varName }], decodeVariable),
        link: asString(method.link),
      };
    default:
      return { ...common, type: 'unknown', raw: value };
  }
}

function decodeVariable(value: unknown): AuthVariable | null {
  const { name, label, secret, optional } = asObject(value);
  if (typeof name !== 'string') return null;
  return { name, label: asString(label) ?? name, secret: secret !== false, optional: optional === true };
}

function decodeTerminal({ args, env }: JsonObject) {
  const variables = Object.entries(asObject(env)).filter((entry): entry is [string, string] => {
    return typeof entry[1] === 'string';
  });
  return { type: 'terminal', args: asList(args, asString), env: Object.fromEntries(variables) } as const;
}

function decodeImplementation(value: unknown): Implementation | null {
  const { name, title, version } = asObject(value);
  if (typeof name !== 'string') return null;
  return { name, title: asString(title), version: asString(version) ?? '' };
}
