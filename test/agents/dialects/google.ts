import { asJson, serverSent, type ModelDialect, type Said } from './dialect.ts';

/** `POST /v1beta/models/{model}:streamGenerateContent` and `:generateContent` of the Gemini API. */
export const google: ModelDialect = {
  answers: (path) => /:(streamGenerateContent|generateContent)/.test(path),
  read: (body, path) => {
    const { contents, tools } = body as {
      contents?: unknown[];
      tools?: { functionDeclarations?: { name: string }[] }[];
    };
    const names = tools?.flatMap(({ functionDeclarations = [] }) => functionDeclarations) ?? [];
    return {
      tools: names.map(({ name }) => name),
      conversation: asJson(contents),
      streamed: path.includes(':streamGenerateContent'),
    };
  },
  pieces: (said) => [
    serverSent({ candidates: [{ content: content(said), index: 0 }] }),
    serverSent({ candidates: [{ finishReason: 'STOP', index: 0 }], ...usage }),
  ],
  whole: (said) => ({ candidates: [{ content: content(said), finishReason: 'STOP', index: 0 }], ...usage }),
  error: (code, message) => ({ error: { code, message, status: 'ERROR' } }),
};

const usage = { usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 } };

function content(said: Said): object {
  const part = 'call' in said ? { functionCall: { name: said.call, args: said.args } } : said;
  return { role: 'model', parts: [part] };
}
