import * as v from 'valibot';
import type { McpServer } from '../acp/types.ts';

const name = v.pipe(v.string('It must be a text.'), v.trim(), v.nonEmpty('It must not be empty.'));
const texts = v.record(v.string(), v.string('Each must be a text.'));

/** An entry of the setting `kandev.mcpServers`: a program in the agent's container, or an address. */
const serverSchema = v.union(
  [
    v.strictObject({
      name,
      command: name,
      args: v.optional(v.array(v.string('Each must be a text.')), []),
      env: v.optional(texts, {}),
    }),
    v.strictObject({
      name,
      type: v.optional(v.picklist(['http', 'sse']), 'http'),
      url: v.pipe(
        v.string(),
        v.url('It must be a whole address.'),
        v.regex(/^https?:/i, 'It must begin with http.'),
      ),
      headers: v.optional(texts, {}),
    }),
  ],
  'It needs a name, and a command or a url.',
);

/** `${env:NAME}` in a value stands for a variable of the user's environment or secret storage. */
const variable = /\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}/g;

export interface ResolvedMcpServers {
  /** `variables` are in them by their names; `withVariables` puts the values in. */
  servers: McpServer[];
  /** What is wrong with the setting, in one sentence for each bad entry. */
  problems: string[];
}

/** Reads the setting as it was typed. A bad entry is left out and told of. */
export function resolveMcpServers(setting: unknown): ResolvedMcpServers {
  const servers: McpServer[] = [];
  const problems: string[] = [];
  if (setting === undefined || setting === null) return { servers, problems };
  if (!Array.isArray(setting)) return { servers, problems: ['kandev.mcpServers must be a list of servers.'] };
  for (const [index, typed] of (setting as unknown[]).entries()) {
    const result = v.safeParse(serverSchema, typed);
    if (result.success) {
      servers.push(serverOf(result.output));
    } else {
      const [issue] = result.issues;
      const path = v.getDotPath(issue);
      const where = `kandev.mcpServers, entry ${index + 1}`;
      problems.push(path === null ? `${where}: ${issue.message}` : `${where}: ${path}: ${issue.message}`);
    }
  }
  return { servers, problems };
}

function serverOf(entry: v.InferOutput<typeof serverSchema>): McpServer {
  const pairs = (record: Readonly<Record<string, string>>): { name: string; value: string }[] =>
    Object.entries(record).map(([key, value]) => ({ name: key, value }));
  if ('url' in entry) {
    return { type: entry.type, name: entry.name, url: entry.url, headers: pairs(entry.headers) };
  }
  return { name: entry.name, command: entry.command, args: entry.args, env: pairs(entry.env) };
}

/** The names of the variables that the servers want. */
export function variablesOf(servers: readonly McpServer[]): string[] {
  const values = servers.flatMap((server) => pairsOf(server).map(({ value }) => value));
  return [
    ...new Set(values.flatMap((value) => [...value.matchAll(variable)].map(([, found]) => found ?? ''))),
  ];
}

/** The servers with the variables' values in them; a variable that is not set is an empty text. */
export function withVariables(
  servers: readonly McpServer[],
  environment: Readonly<Record<string, string>>,
): McpServer[] {
  const filled = (pairs: readonly { name: string; value: string }[]): { name: string; value: string }[] =>
    pairs.map((pair) => ({
      name: pair.name,
      value: pair.value.replaceAll(variable, (_all, found: string) => environment[found] ?? ''),
    }));
  return servers.map((server) =>
    'url' in server ? { ...server, headers: filled(server.headers) } : { ...server, env: filled(server.env) },
  );
}

function pairsOf(server: McpServer): readonly { name: string; value: string }[] {
  return 'url' in server ? server.headers : server.env;
}
