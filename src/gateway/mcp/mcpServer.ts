import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import {
  CallToolRequestSchema,
  ListToolsRequestSchema,
  type CallToolResult,
  type Tool,
} from '@modelcontextprotocol/sdk/types.js';
import * as v from 'valibot';
import { cardTools } from '../../api/cardTools.ts';
import type { Kandev } from '../../api/contract.ts';
import { describeIssues, describeTool } from '../../api/toolDescription.ts';
import { requireScope } from '../guard.ts';
import { problemFrom } from '../problem.ts';
import type { Caller } from '../tokenDesk.ts';

export interface McpOptions {
  kandev: Kandev;
  caller: Caller;
  onProblem: (text: string) => void;
}

/**
 * Answers one message of the Model Context Protocol. There are no sessions: each message has all that it needs, and
 * nothing is kept for a client that never comes back.
 */
export async function answerMcp(request: Request, message: unknown, options: McpOptions): Promise<Response> {
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  const server = mcpServer(options);
  await server.connect(transport);
  try {
    return await transport.handleRequest(request, { parsedBody: message });
  } finally {
    await server.close();
  }
}

/** A client is shown the tools that its token is good for. */
function mcpServer({ kandev, caller, onProblem }: McpOptions): McpServer['server'] {
  // The SDK's own tools want schemas of another library: the server below takes ours.
  const { server } = new McpServer(
    { name: 'kandev', title: 'Kandev', version: '1' },
    { capabilities: { tools: {} } },
  );
  const allowed = cardTools.filter(({ scope }) => caller.scopes.has(scope));
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: allowed.map((tool) => describeTool(tool) as Tool),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }): Promise<CallToolResult> => {
    const tool = allowed.find(({ name }) => name === params.name);
    if (!tool) return failed(`There is no tool “${params.name}” for this token.`);
    try {
      const result = await tool.run(kandev, params.arguments ?? {}, (scope) => {
        requireScope(caller, scope);
      });
      return { content: [{ type: 'text', text: JSON.stringify(result) }] };
    } catch (error) {
      if (v.isValiError(error)) return failed(describeIssues(error.issues));
      const { problem } = problemFrom(error);
      if (problem.status === 500)
        onProblem(error instanceof Error ? (error.stack ?? error.message) : String(error));
      return failed(`${problem.detail} (${problem.reason})`);
    }
  });
  return server;
}

/** A refusal is for the model to read, which may do otherwise then. */
function failed(text: string): CallToolResult {
  return { isError: true, content: [{ type: 'text', text }] };
}
