/** The tools of the MCP servers that a session was opened with. */
import type { McpServer } from '@agentclientprotocol/sdk';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Turn } from './turn.ts';

export interface ToolResult {
  text: string;
  isError: boolean;
}

/** How a server says that it has no answer yet, and wants to be asked again. */
const notYet = 'There is no answer yet';

/** Starts the servers of one session when they are first wanted, and keeps them. */
export class Toolbox {
  readonly #servers: readonly McpServer[];
  #clients: Promise<Client[]> | null = null;

  constructor(servers: readonly McpServer[]) {
    this.#servers = servers;
  }

  async names(): Promise<string[]> {
    return (await this.#tools()).map(({ name }) => name);
  }

  /** Calls a tool, and waits for as long as it takes. */
  async call(name: string, input: Record<string, unknown>, signal: AbortSignal): Promise<ToolResult> {
    const tools = await this.#tools();
    // One that is not offered is asked for all the same: what becomes of that is for the server to say.
    const client = tools.find((each) => each.name === name)?.client ?? tools[0]?.client;
    if (!client) return { text: `There is no tool "${name}".`, isError: true };
    for (;;) {
      const result = await client.callTool({ name, arguments: input }, undefined, { signal });
      const [first] = result.content as { text?: string }[];
      const text = first?.text ?? '';
      if (!text.startsWith(notYet)) return { text, isError: result.isError === true };
    }
  }

  async #tools(): Promise<{ name: string; client: Client }[]> {
    this.#clients ??= this.#connect();
    const lists = (await this.#clients).map(async (client) =>
      (await client.listTools()).tools.map(({ name }) => ({ name, client })),
    );
    return (await Promise.all(lists)).flat();
  }

  async #connect(): Promise<Client[]> {
    const [{ Client: McpClient }, { StdioClientTransport }] = await Promise.all([
      import('@modelcontextprotocol/sdk/client/index.js'),
      import('@modelcontextprotocol/sdk/client/stdio.js'),
    ]);
    const programs = this.#servers.filter((server) => 'command' in server);
    return Promise.all(
      programs.map(async ({ command, args, env }) => {
        const client = new McpClient({ name: 'kandev-demo-agent', version: '1' });
        const variables = Object.fromEntries(env.map(({ name, value }) => [name, value]));
        const options = { command, args: [...args], env: { ...ownEnvironment(), ...variables } };
        await client.connect(new StdioClientTransport({ ...options, stderr: 'inherit' }));
        return client;
      }),
    );
  }
}

function ownEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Calls a tool, and shows that as agents do. */
export async function useTool(turn: Turn, name: string, input: Record<string, unknown>): Promise<ToolResult> {
  const toolCallId = await turn.beginTool({ title: name, kind: 'other', rawInput: input });
  const result = await turn.unlessCancelled(turn.toolbox.call(name, input, turn.signal));
  await turn.updateTool(toolCallId, {
    status: result.isError ? 'failed' : 'completed',
    content: [{ type: 'content', content: { type: 'text', text: result.text } }],
  });
  return result;
}
