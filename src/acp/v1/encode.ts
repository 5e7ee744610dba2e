import type { ConfigOption } from '../types.ts';

/** What of the client's side is there. */
export interface ClientFeatures {
  readTextFile: boolean;
  writeTextFile: boolean;
  terminals: boolean;
  formElicitation: boolean;
  urlElicitation: boolean;
  terminalSignIn: boolean;
  terminalOutput: boolean;
}

/** The `clientCapabilities` of `initialize`. What is off is left out where the schema lets it. */
export function encodeClientCapabilities(features: ClientFeatures): object {
  const { readTextFile, writeTextFile, terminals, formElicitation, urlElicitation } = features;
  const elicitation = {
    ...(formElicitation ? { form: {} } : {}),
    ...(urlElicitation ? { url: {} } : {}),
  };
  // How agents from before the schema had these are asked for them.
  const meta = {
    ...(features.terminalSignIn ? { 'terminal-auth': true } : {}),
    ...(features.terminalOutput ? { terminal_output: true } : {}),
  };
  return {
    fs: { readTextFile, writeTextFile },
    terminal: terminals,
    session: { configOptions: { boolean: {} }, notices: {}, compaction: {} },
    ...(features.terminalSignIn ? { auth: { terminal: true } } : {}),
    ...(isEmpty(elicitation) ? {} : { elicitation }),
    ...(isEmpty(meta) ? {} : { _meta: meta }),
  };
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}

/** The request that chooses a value of an option, without the session's id. */
export function encodeChoice(
  { id, origin }: Pick<ConfigOption, 'id' | 'origin'>,
  value: string | boolean,
): { method: string; params: object } {
  switch (origin) {
    case 'config': {
      const typed = typeof value === 'boolean' ? { type: 'boolean', value } : { value };
      return { method: 'session/set_config_option', params: { configId: id, ...typed } };
    }
    case 'mode':
      return { method: 'session/set_mode', params: { modeId: value } };
    case 'model':
      return { method: 'session/set_model', params: { modelId: value } };
  }
}
