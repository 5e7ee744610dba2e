/** The modes, models and slash commands a session offers. */
import type {
  AvailableCommand,
  SessionConfigOption,
  SessionMode,
  SessionModeState,
} from '@agentclientprotocol/sdk';
import type { Session } from './sessions.ts';

const modes: readonly SessionMode[] = [
  { id: 'default', name: 'Ask', description: 'Asks before it writes a file' },
  { id: 'plan', name: 'Plan', description: 'Looks and reports, writes nothing' },
  { id: 'auto', name: 'Auto', description: 'Writes its overview without asking' },
];

const models = [
  { value: 'calm', name: 'Calm', description: 'A tour of some twenty seconds', pace: 1 },
  { value: 'brisk', name: 'Brisk', description: 'Four times as fast', pace: 4 },
] as const;

/** What the demo agent understands with a slash before it. */
export const slashCommands: readonly AvailableCommand[] = [
  { name: 'overview', description: 'Write an overview of this folder' },
  { name: 'todos', description: 'List the TODO comments in this folder' },
  { name: 'cards', description: 'Create cards for the TODO comments in this folder' },
  { name: 'extend', description: 'Add details to the overview', input: { hint: 'what the details are for' } },
  { name: 'help', description: 'Say what this agent can do' },
];

export function modeState(session: Session): SessionModeState {
  return { currentModeId: session.modeId, availableModes: [...modes] };
}

/** What agents had before options: not in the schema any more. */
export function modelState(session: Session): object {
  const availableModels = models.map(({ value, name, description }) => ({
    modelId: value,
    name,
    description,
  }));
  return { currentModelId: session.modelId, availableModels };
}

/**
 * All options with their current values; mode stands here too, for clients that only know options. Booleans are for
 * clients that know them.
 */
export function configOptions(session: Session, withBooleans: boolean): SessionConfigOption[] {
  const selects: SessionConfigOption[] = [
    {
      type: 'select',
      id: 'mode',
      name: 'Mode',
      category: 'mode',
      currentValue: session.modeId,
      options: modes.map(({ id, ...mode }) => ({ value: id, ...mode })),
    },
    {
      type: 'select',
      id: 'model',
      name: 'Model',
      category: 'model',
      currentValue: session.modelId,
      options: models.map(({ value, name, description }) => ({ value, name, description })),
    },
  ];
  if (!withBooleans) return selects;
  const description = 'Shows its thoughts';
  const currentValue = !session.quiet;
  return [...selects, { type: 'boolean', id: 'aloud', name: 'Think aloud', description, currentValue }];
}

/** Sets a mode; false when there is no such mode. */
export function setMode(session: Session, modeId: string): boolean {
  if (!modes.some(({ id }) => id === modeId)) return false;
  session.modeId = modeId;
  return true;
}

/** Sets a config option; false when there is no such option or value. */
export function setConfigOption(session: Session, configId: string, value: unknown): boolean {
  if (configId === 'aloud' && typeof value === 'boolean') {
    session.quiet = !value;
    return true;
  }
  if (typeof value !== 'string') return false;
  if (configId === 'mode') return setMode(session, value);
  if (configId !== 'model') return false;
  return setModel(session, value);
}

/** Sets a model; false when there is no such model. */
export function setModel(session: Session, modelId: string): boolean {
  if (!models.some(({ value }) => value === modelId)) return false;
  session.modelId = modelId;
  return true;
}

/** How many times faster than normal the session's model is. */
export function modelPace(session: Session): number {
  return models.find(({ value }) => value === session.modelId)?.pace ?? 1;
}
