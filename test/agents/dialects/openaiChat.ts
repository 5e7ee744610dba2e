import { asJson, newCallId, serverSent, type ModelDialect, type Said } from './dialect.ts';

/** `POST /v1/chat/completions`, as OpenAI's and everybody's who offers the same. */
export const openaiChat: ModelDialect = {
  answers: (path) => path.endsWith('/chat/completions'),
  read: (body) => {
    const { messages, tools, stream } = body as {
      messages?: unknown[];
      tools?: { function: { name: string } }[];
      stream?: boolean;
    };
    return {
      tools: tools?.map((tool) => tool.function.name) ?? [],
      conversation: asJson(messages),
      streamed: stream === true,
    };
  },
  pieces: (said, model) => {
    const piece = (choice: object): string =>
      serverSent({
        ...frame('chat.completion.chunk', model),
        choices: [{ index: 0, finish_reason: null, ...choice }],
      });
    return [
      piece({ delta: { role: 'assistant', ...message(said) } }),
      piece({ delta: {}, finish_reason: reason(said) }) +
        serverSent({ ...frame('chat.completion.chunk', model), choices: [], usage }) +
        serverSent('[DONE]'),
    ];
  },
  whole: (said, model) => ({
    ...frame('chat.completion', model),
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: null, ...message(said) },
        finish_reason: reason(said),
      },
    ],
    usage,
  }),
  error: (status, text) => ({ error: { message: text, type: 'error', code: String(status), param: null } }),
};

const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

function frame(object: string, model: string): object {
  return { id: 'chatcmpl-1', object, created: 1, model };
}

function reason(said: Said): string {
  return 'call' in said ? 'tool_calls' : 'stop';
}

function message(said: Said): object {
  if ('text' in said) return { content: said.text };
  const called = { name: said.call, arguments: JSON.stringify(said.args) };
  return { tool_calls: [{ index: 0, id: newCallId(), type: 'function', function: called }] };
}
