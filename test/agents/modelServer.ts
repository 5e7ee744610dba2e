/** Google's model API as far as Gemini CLI asks for it, with the answers that a test has written down. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** What the model says next: words, a tool to call, or an error in the place of an answer. */
export type Answer =
  { text: string } | { call: string; args: object } | { error: { status: number; message: string } };

/** A part of what the CLI has sent: its own words, a result of a tool, … */
interface Part {
  text?: string;
  functionResponse?: { name: string; response: Record<string, unknown> };
}

export interface ModelServer {
  /** For GOOGLE_GEMINI_BASE_URL, as a container sees it. */
  readonly url: string;
  /** What the model says from now on, in this order; more requests than answers are an error. */
  answer(...answers: Answer[]): void;
  /** Of each request for an answer: the last thing that the CLI has told the model. */
  readonly told: Part[][];
  /** Of each request for an answer: all that was said so far, as text. */
  readonly conversations: string[];
  /** Of each request, whatever it was for. */
  readonly requests: { path: string; key: string | undefined }[];
  close(): Promise<void>;
}

/** @param address of this machine, which containers can reach */
export async function startModelServer(address: string): Promise<ModelServer> {
  const answers: Answer[] = [];
  const told: Part[][] = [];
  const conversations: string[] = [];
  const requests: ModelServer['requests'] = [];

  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = (await json(request)) as { contents?: { parts: Part[] }[] };
    const path = request.url ?? '';
    const key = request.headers['x-goog-api-key'];
    requests.push({ path, key: typeof key === 'string' ? key : undefined });
    if (path.includes(':streamGenerateContent')) {
      const parts = body.contents?.flatMap((content) => content.parts) ?? [];
      told.push(body.contents?.at(-1)?.parts ?? []);
      conversations.push(parts.map(({ text }) => text ?? '').join('\n'));
      stream(response, answers.shift() ?? { error: { status: 500, message: 'The test has no answer.' } });
    } else if (path.includes(':generateContent')) {
      // Small questions beside the work, such as which model is to do it.
      send(response, 200, candidate({ text: '{}' }));
    } else {
      send(response, 404, { error: { code: 404, message: `There is no ${path}.` } });
    }
  };
  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      send(response, 500, { error: { code: 500, message: String(error) } });
    });
  });
  server.listen(0, address);
  await once(server, 'listening');
  return {
    url: `http://${address}:${(server.address() as AddressInfo).port}`,
    answer: (...more) => answers.push(...more),
    told,
    conversations,
    requests,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function stream(response: ServerResponse, answer: Answer): void {
  if ('error' in answer) {
    const { status, message } = answer.error;
    send(response, status, { error: { code: status, message, status: 'ERROR' } });
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const part = 'call' in answer ? { functionCall: { name: answer.call, args: answer.args } } : answer;
  response.end(`data: ${JSON.stringify(candidate(part))}\r\n\r\n`);
}

function candidate(part: object): object {
  return {
    candidates: [{ content: { role: 'model', parts: [part] }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
  };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
