import { asJson, newCallId, type ModelDialect, type Said } from './dialect.ts';

/** `POST /chat-stream` of Augment: a JSON object a line. The conversation is `chat_history` and then `nodes`. */
export const augment: ModelDialect = {
  answers: (path) => path.endsWith('/chat-stream'),
  read: (body) => {
    const { message, chat_history, nodes, tool_definitions } = body as {
      message?: string;
      chat_history?: unknown[];
      nodes?: unknown[];
      tool_definitions?: { name: string }[];
    };
    return {
      tools: tool_definitions?.map(({ name }) => name) ?? [],
      conversation: asJson([...(chat_history ?? []), { message, nodes }]),
      streamed: true,
    };
  },
  pieces: (said) => [line({ text: textOf(said), nodes: nodesOf(said) }), line({ text: '', ...reason(said) })],
  whole: (said) => ({ text: textOf(said), nodes: nodesOf(said), ...reason(said) }),
  error: (status, message) => ({ error: message, status }),
};

/** The numbers of Augment's ChatResultNodeType. */
const nodeTypes = { text: 0, toolUse: 5 };

function line(result: object): string {
  return `${JSON.stringify(result)}\n`;
}

function textOf(said: Said): string {
  return 'text' in said ? said.text : '';
}

function nodesOf(said: Said): object[] {
  if ('text' in said) return [{ id: 1, type: nodeTypes.text, content: said.text }];
  const call = { tool_use_id: newCallId(), tool_name: said.call, input_json: JSON.stringify(said.args) };
  return [{ id: 1, type: nodeTypes.toolUse, content: '', tool_use: call }];
}

/** END_TURN and TOOL_USE_REQUESTED of its ChatStopReason. */
function reason(said: Said): object {
  return { stop_reason: 'call' in said ? 3 : 1 };
}
