import { asJson, newCallId, serverSent, type ModelDialect, type Said } from './dialect.ts';

interface Tool {
  name?: string;
  type: string;
}

/** `POST /v1/responses` of OpenAI. A tool whose arguments are one text is called by `{ input }`. */
export const openaiResponses: ModelDialect = {
  answers: (path) => path.endsWith('/responses'),
  read: (body) => {
    const { input, tools, stream } = body as {
      input?: { tools?: Tool[] }[];
      tools?: Tool[];
      stream?: boolean;
    };
    // Codex tells of its tools among what was said.
    const offered = [...(tools ?? []), ...(input ?? []).flatMap((item) => item.tools ?? [])];
    return {
      tools: offered.map(({ name, type }) => name ?? type),
      conversation: asJson(input),
      streamed: stream === true,
    };
  },
  pieces: (said, model) => {
    const response = { id: 'resp_1', object: 'response', created_at: 1, model, output: [] };
    const done = item(said);
    const { id } = done;
    const place = { output_index: 0, item_id: id };
    const text =
      'text' in said
        ? [{ type: 'response.output_text.delta', ...place, content_index: 0, delta: said.text }]
        : [];
    const events = [
      { type: 'response.created', response: { ...response, status: 'in_progress' } },
      {
        type: 'response.output_item.added',
        ...place,
        item: { ...done, status: 'in_progress', ...('text' in said ? { content: [] } : {}) },
      },
      ...text,
      { type: 'response.output_item.done', ...place, item: done },
      { type: 'response.completed', response: { ...response, status: 'completed', output: [done], usage } },
    ];
    const sent = events.map((event, index) => serverSent({ ...event, sequence_number: index }, event.type));
    return [sent.slice(0, -2).join(''), sent.slice(-2).join('')];
  },
  whole: (said, model) => ({
    id: 'resp_1',
    object: 'response',
    created_at: 1,
    model,
    status: 'completed',
    output: [item(said)],
    usage,
  }),
  error: (status, message) => ({ error: { message, type: 'error', code: String(status), param: null } }),
};

const usage = {
  input_tokens: 10,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 5,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 15,
};

function item(said: Said): { id: string; type: string } {
  const call_id = newCallId();
  const common = { id: `item_${call_id}`, status: 'completed' };
  if ('text' in said) {
    const content = [{ type: 'output_text', text: said.text, annotations: [] }];
    return { ...common, type: 'message', role: 'assistant', ...{ content } } as { id: string; type: string };
  }
  const { call: name, args } = said;
  return 'input' in args
    ? ({ ...common, type: 'custom_tool_call', call_id, name, input: args.input } as {
        id: string;
        type: string;
      })
    : ({ ...common, type: 'function_call', call_id, name, arguments: JSON.stringify(args) } as {
        id: string;
        type: string;
      });
}
