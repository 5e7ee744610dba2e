import { asJson, newCallId, serverSent, type ModelDialect, type Said } from './dialect.ts';

/** `POST /v1/messages` of Anthropic. */
export const anthropic: ModelDialect = {
  answers: (path) => /\/messages(\?|$)/.test(path),
  read: (body) => {
    const { messages, tools, stream } = body as {
      messages?: unknown[];
      tools?: { name: string }[];
      stream?: boolean;
    };
    return {
      tools: tools?.map(({ name }) => name) ?? [],
      conversation: asJson(messages),
      streamed: stream === true,
    };
  },
  pieces: (said, model) => {
    const events = [
      { type: 'message_start', message: { ...frame(model), content: [], stop_reason: null } },
      { type: 'content_block_start', index: 0, content_block: emptyBlock(said) },
      { type: 'content_block_delta', index: 0, delta: delta(said) },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: reason(said), stop_sequence: null }, usage },
      { type: 'message_stop' },
    ];
    const sent = events.map((event) => serverSent(event, event.type));
    return [sent.slice(0, 3).join(''), sent.slice(3).join('')];
  },
  whole: (said, model) => ({
    ...frame(model),
    content: ['call' in said ? { ...emptyBlock(said), input: said.args } : { type: 'text', text: said.text }],
    stop_reason: reason(said),
  }),
  error: (status, message) => ({
    type: 'error',
    error: { type: errorTypes[status] ?? 'api_error', message },
  }),
};

const usage = { input_tokens: 10, output_tokens: 5 };
const errorTypes: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error',
};

function frame(model: string): object {
  return { id: `msg_${newCallId()}`, type: 'message', role: 'assistant', model, stop_sequence: null, usage };
}

function reason(said: Said): string {
  return 'call' in said ? 'tool_use' : 'end_turn';
}

function emptyBlock(said: Said): object {
  return 'call' in said
    ? { type: 'tool_use', id: `toolu_${newCallId()}`, name: said.call, input: {} }
    : { type: 'text', text: '' };
}

function delta(said: Said): object {
  return 'call' in said
    ? { type: 'input_json_delta', partial_json: JSON.stringify(said.args) }
    : { type: 'text_delta', text: said.text };
}
