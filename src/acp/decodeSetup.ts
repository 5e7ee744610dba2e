import { asArray, asList, asNumber, asObject, asString, isObject } from './json.ts';
import type { JsonObject } from './json.ts';
import type {
  AgentCapabilities,
  AuthMethod,
  Choice,
  Choices,
  ConfigOption,
  Implementation,
  InitializeResult,
  SessionSetup,
} from './types.ts';

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

/** Reads what `session/new`, `session/load` and `session/resume` answer; the latter two may answer null. */
export function decodeSessionSetup(result: unknown): SessionSetup {
  const { modes, models, configOptions } = asObject(result);
  return {
    modes: decodeChoices(asObject(modes), 'currentModeId', 'availableModes', 'id'),
    models: decodeChoices(asObject(models), 'currentModelId', 'availableModels', 'modelId'),
    configOptions: decodeConfigOptions(configOptions),
  };
}

export function decodeConfigOptions(value: unknown): ConfigOption[] {
  return asList(value, (item) => {
    const option = asObject(item);
    const id = asString(option.id);
    if (id === null) return null;
    const { currentValue } = option;
    return {
      id,
      name: asString(option.name) ?? id,
      description: asString(option.description),
      category: asString(option.category),
      type: asString(option.type) ?? 'select',
      currentValue: typeof currentValue === 'boolean' ? currentValue : asString(currentValue),
      choices: decodeConfigChoices(option.options),
    };
  });
}

function decodeConfigChoices(value: unknown): Choice[] {
  return asArray(value).flatMap((item) => {
    const inGroup = asObject(item).options;
    return asList(Array.isArray(inGroup) ? inGroup : [item], (choice) => decodeChoice(choice, 'value'));
  });
}

function decodeChoices(value: JsonObject, current: string, available: string, idKey: string): Choices | null {
  const currentId = asString(value[current]);
  if (currentId === null) return null;
  return { currentId, available: asList(value[available], (choice) => decodeChoice(choice, idKey)) };
}

function decodeChoice(value: unknown, idKey: string): Choice | null {
  const choice = asObject(value);
  const id = asString(choice[idKey]);
  return id === null
    ? null
    : { id, name: asString(choice.name) ?? id, description: asString(choice.description) };
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
  const env = Object.entries(asObject(method.env)).filter((entry): entry is [string, string] => {
    return typeof entry[1] === 'string';
  });
  return {
    id,
    name: asString(method.name) ?? id,
    description: asString(method.description),
    type: asString(method.type) ?? 'agent',
    args: asList(method.args, asString),
    env: Object.fromEntries(env),
  };
}

function decodeImplementation(value: unknown): Implementation | null {
  const { name, title, version } = asObject(value);
  if (typeof name !== 'string') return null;
  return { name, title: asString(title), version: asString(version) ?? '' };
}
