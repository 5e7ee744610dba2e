import { asArray, asList, asObject, asString } from '../json.ts';
import type { Choice, ConfigOption, SessionPage, SessionSetup, SessionSummary } from '../types.ts';

/** Reads what `session/new`, `session/load` and `session/resume` answer; the latter two may answer null. */
export function decodeSessionSetup(result: unknown): SessionSetup {
  const { modes, models, configOptions } = asObject(result);
  return {
    configOptions: decodeConfigOptions(configOptions),
    olderOptions: [decodeModes(modes), decodeModels(models)].filter((option) => option !== null),
  };
}

/** The complete options of a session, as its setup, an update, or the answer to a change has them. */
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
      type: asString(option.type) ?? (typeof currentValue === 'boolean' ? 'boolean' : 'select'),
      currentValue: typeof currentValue === 'boolean' ? currentValue : asString(currentValue),
      choices: decodeConfigChoices(option.options),
      origin: 'config',
    };
  });
}

/** Reads the result of `session/list`. */
export function decodeSessionPage(result: unknown): SessionPage {
  const { sessions, nextCursor } = asObject(result);
  return { sessions: asList(sessions, decodeSummary), nextCursor: asString(nextCursor) };
}

function decodeSummary(value: unknown): SessionSummary | null {
  const session = asObject(value);
  const id = asString(session.sessionId);
  if (id === null) return null;
  return {
    id,
    cwd: asString(session.cwd) ?? '',
    additionalDirectories: asList(session.additionalDirectories, asString),
    title: asString(session.title),
    updatedAt: asString(session.updatedAt),
  };
}

function decodeModes(value: unknown): ConfigOption | null {
  const { currentModeId, availableModes } = asObject(value);
  return olderOption('mode', 'Mode', currentModeId, availableModes, 'id');
}

function decodeModels(value: unknown): ConfigOption | null {
  const { currentModelId, availableModels } = asObject(value);
  return olderOption('model', 'Model', currentModelId, availableModels, 'modelId');
}

function olderOption(
  id: 'mode' | 'model',
  name: string,
  current: unknown,
  available: unknown,
  idKey: string,
): ConfigOption | null {
  const choices = asList(available, (choice) => decodeChoice(choice, idKey, null));
  const currentValue = asString(current);
  if (currentValue === null && choices.length === 0) return null;
  return { id, name, description: null, category: id, type: 'select', currentValue, choices, origin: id };
}

function decodeConfigChoices(value: unknown): Choice[] {
  return asArray(value).flatMap((item) => {
    const { options, name, group } = asObject(item);
    if (!Array.isArray(options)) return asList([item], (choice) => decodeChoice(choice, 'value', null));
    const heading = asString(name) ?? asString(group);
    return asList(options, (choice) => decodeChoice(choice, 'value', heading));
  });
}

function decodeChoice(value: unknown, idKey: string, group: string | null): Choice | null {
  const choice = asObject(value);
  const id = asString(choice[idKey]);
  return id === null
    ? null
    : { id, name: asString(choice.name) ?? id, description: asString(choice.description), group };
}
