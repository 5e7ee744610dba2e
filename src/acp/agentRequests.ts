import type { ClientHandlers, FileHandlers } from './clientHandlers.ts';
import type { ElicitationAnswer } from './elicitation.ts';
import { RefusedError, errorCodes } from './errors.ts';
import { cancelled } from './openSession.ts';
import type { SessionRouter } from './sessionRouter.ts';
import type { Terminals } from './terminals.ts';
import { linesOf } from './textRange.ts';
import type { RequestHandler } from './transport/rpcPeer.ts';
import type { Codec } from './v1/codec.ts';

export interface AgentRequestContext {
  handlers: ClientHandlers;
  sessions: SessionRouter;
  terminals: Terminals | null;
  codec: Codec;
}

/** What answers an agent's requests, by method: those alone that the client's handlers are there for. */
export function agentRequests(context: AgentRequestContext): Map<string, RequestHandler> {
  const { files, elicitation } = context.handlers;
  const requests = new Map<string, RequestHandler>([['session/request_permission', permission(context)]]);
  if (files?.readTextFile) requests.set('fs/read_text_file', readTextFile(context, files));
  if (files?.writeTextFile) requests.set('fs/write_text_file', writeTextFile(context, files));
  if (context.terminals !== null) addTerminals(requests, context, context.terminals);
  if (elicitation?.form || elicitation?.url) requests.set('elicitation/create', elicit(context));
  return requests;
}

function permission({ sessions }: AgentRequestContext): RequestHandler {
  return (params, signal, origin) =>
    new Promise((resolve) => {
      sessions.route(params, (session) => {
        const outcome = session?.acceptPermission(params, signal, origin) ?? Promise.resolve(cancelled);
        resolve(outcome.then((settled) => ({ outcome: settled })));
      });
    });
}

function readTextFile({ codec, sessions }: AgentRequestContext, files: FileHandlers): RequestHandler {
  return async (params, signal) => {
    const { sessionId, path, line, limit } = codec.read(params);
    const reading = files.readTextFile?.(path, signal) ?? Promise.resolve(null);
    const text = await waitedFor(sessions, sessionId, unlessAborted(reading, signal));
    if (text !== null) return { content: linesOf(text, line, limit) };
    if (files.missingFile === 'empty') return { content: '' };
    throw new RefusedError(errorCodes.notFound, `There is no file ${path}.`);
  };
}

function writeTextFile({ codec, sessions }: AgentRequestContext, files: FileHandlers): RequestHandler {
  return async (params, signal) => {
    const { sessionId, path, content } = codec.write(params);
    const writing = files.writeTextFile?.(path, content, signal) ?? Promise.resolve();
    await waitedFor(sessions, sessionId, unlessAborted(writing, signal));
    return {};
  };
}

function addTerminals(
  requests: Map<string, RequestHandler>,
  { codec, sessions }: AgentRequestContext,
  terminals: Terminals,
): void {
  requests.set('terminal/create', async (params, _signal, { isRepeated }) => {
    // Nobody knows how far that has got.
    if (isRepeated) throw new RefusedError(errorCodes.internalError, lostCommand);
    const command = codec.terminalCommand(params);
    return { terminalId: await waitedFor(sessions, command.sessionId, terminals.create(command)) };
  });
  requests.set('terminal/output', (params) => terminals.output(codec.terminalId(params)));
  requests.set('terminal/wait_for_exit', (params, signal) => {
    const exited = terminals.waitForExit(codec.terminalId(params));
    return waitedFor(sessions, codec.sessionId(params), unlessAborted(exited, signal));
  });
  requests.set('terminal/kill', async (params) => {
    await terminals.kill(codec.terminalId(params));
    return {};
  });
  requests.set('terminal/release', async (params) => {
    await terminals.release(codec.terminalId(params));
    return {};
  });
}

const lostCommand =
  'The editor was closed while this command was being started, and it was ended. Start it again.';

function elicit({ handlers: { elicitation }, codec, sessions }: AgentRequestContext): RequestHandler {
  return (params, requestSignal, { start }) => {
    const request = { id: String(start), ...codec.elicitation(params) };
    const ask = (signal: AbortSignal): Promise<ElicitationAnswer> => {
      const answer =
        request.mode === 'form' ? elicitation?.form?.(request, signal) : elicitation?.url?.(request, signal);
      return answer ?? Promise.reject(new RefusedError(errorCodes.invalidParams, `mode: no ${request.mode}`));
    };
    const session = sessions.get(request.sessionId);
    if (session) return session.acceptElicitation(requestSignal, ask);
    return unlessAborted(ask(requestSignal), requestSignal, { action: 'cancel' });
  };
}

/** The session that waits is not taken to be silent meanwhile. */
function waitedFor<T>(sessions: SessionRouter, sessionId: string | null, answer: Promise<T>): Promise<T> {
  return sessions.get(sessionId)?.whileWaitedFor(answer) ?? answer;
}

/** The answer, unless the agent takes its request back before: then `otherwise`, or an error that says so. */
function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal, otherwise?: T): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      if (otherwise === undefined) reject(new RefusedError(errorCodes.requestCancelled, 'Cancelled'));
      else resolve(otherwise);
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    answer.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort);
    });
  });
}
