/** The model APIs that agents ask, as far as they ask for it, with the answers that a test has written down. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { anthropic } from './dialects/anthropic.ts';
import { augment } from './dialects/augment.ts';
import type { ModelDialect, Said } from './dialects/dialect.ts';
import { google } from './dialects/google.ts';
import { openaiChat } from './dialects/openaiChat.ts';
import { openaiResponses } from './dialects/openaiResponses.ts';

/** What the model says next. An answer that never ends begins with the text and is then silent. */
export type Answer = Said | { endless: string } | { error: { status: number; message: string } };

export interface ModelServer {
  /** As a container sees it. */
  readonly url: string;
  /** What the model says from now on, in this order; more questions than answers are an error. */
  answer(...answers: Answer[]): void;
  /** From now on every request is refused so, as with a wrong key or in want of credit; null: no more. */
  refuse(error: { status: number; message: string } | null): void;
  /** Of each question for an answer: all that was said so far, as JSON, the last thing last. */
  readonly conversations: (readonly string[])[];
  /** Of each request, whatever it was for. */
  readonly requests: { method: string; path: string; key: string | undefined; tools: readonly string[] }[];
  close(): Promise<void>;
}

const dialects: readonly ModelDialect[] = [google, openaiChat, openaiResponses, anthropic, augment];

/**
 * @param address of this machine, which containers can reach
 * @param besideWork what an agent asks beside its work, by its last words, although it offers tools with it
 */
export async function startModelServer(address: string, besideWork?: RegExp): Promise<ModelServer> {
  const answers: Answer[] = [];
  const conversations: ModelServer['conversations'] = [];
  const requests: ModelServer['requests'] = [];
  let refusal: { status: number; message: string } | null = null;

  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? '';
    const sent = await text(request);
    const dialect = request.method === 'POST' ? dialects.find((one) => one.answers(path)) : undefined;
    const body = sent.startsWith('{') ? (JSON.parse(sent) as { model?: string }) : {};
    const question = dialect?.read(body, path);
    requests.push({ method: request.method ?? '', path, key: keyOf(request), tools: question?.tools ?? [] });
    if (!dialect || !question) {
      send(response, 404, openaiChat.error(404, `There is no ${path}.`));
      return;
    }
    const model = body.model ?? 'scripted';
    let answer: Answer = { text: '{}' };
    if (refusal) answer = { error: refusal };
    else if (question.tools.length > 1 && !besideWork?.test(question.conversation.at(-1) ?? '')) {
      conversations.push(question.conversation);
      answer = answers.shift() ?? { error: { status: 400, message: 'The test has no answer.' } };
    }
    if ('error' in answer) {
      send(response, answer.error.status, dialect.error(answer.error.status, answer.error.message));
    } else if (question.streamed) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      if ('endless' in answer) response.write(dialect.pieces({ text: answer.endless }, model)[0]);
      else response.end(dialect.pieces(answer, model).join(''));
    } else if (!('endless' in answer)) {
      send(response, 200, dialect.whole(answer, model));
    }
  };
  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      send(response, 500, openaiChat.error(500, String(error)));
    });
  });
  server.listen(0, address);
  await once(server, 'listening');
  return {
    url: `http://${address}:${(server.address() as AddressInfo).port}`,
    answer: (...more) => answers.push(...more),
    refuse: (error) => {
      refusal = error;
    },
    conversations,
    requests,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Every maker has its own place for it. */
function keyOf({ headers }: IncomingMessage): string | undefined {
  const key =
    headers['x-goog-api-key'] ?? headers['x-api-key'] ?? headers.authorization?.replace(/^Bearer /, '');
  return typeof key === 'string' ? key : undefined;
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
