import { Message } from 'vscode-jsonrpc/node';
import type { ResponseMessage } from 'vscode-jsonrpc/node';
import { errorCodes } from '../errors.ts';
import { asNumber, asObject, asString } from '../json.ts';
import type { JsonObject } from '../json.ts';

/**
 * Where the JSON-RPC that agents speak and vscode-jsonrpc's differ. The latter cancels by `$/cancelRequest {id}`,
 * matches a response only by the very id that it sent, which is always a number, and logs what it cannot read.
 */
const acpCancel = '$/cancel_request';
const rpcCancel = '$/cancelRequest';

/** A message from the agent as vscode-jsonrpc wants it; null if nothing can be done with it. */
export function fromWire(message: JsonObject): Message | null {
  const { method, id } = message;
  if (method === acpCancel) return cancellation(asObject(message.params).requestId);
  if (method === rpcCancel) return cancellation(asObject(message.params).id);
  if (typeof method === 'string') return rpcMessage(isId(id) ? message : { ...message, id: undefined });
  return isId(id) || id === null ? response(message, id) : null;
}

/**
 * A message from vscode-jsonrpc as the agent wants it.
 *
 * @param firstId added to the ids of requests, which vscode-jsonrpc counts from 0
 */
export function toWire(message: Message, firstId = 0): JsonObject {
  if (Message.isRequest(message)) {
    return { ...message, id: typeof message.id === 'number' ? message.id + firstId : message.id };
  }
  if (!isCancellation(message)) return { ...message };
  const requestId = (asNumber(asObject(message.params).id) ?? 0) + firstId;
  return rpcMessage({ method: acpCancel, params: { requestId } });
}

export function isCancellation(message: Message): message is Message & { params: unknown } {
  return Message.isNotification(message) && message.method === rpcCancel;
}

/** A response that does not say to what: the agent could not read what it answers. */
export function isUnattributed(message: Message): message is ResponseMessage {
  return Message.isResponse(message) && message.id === null;
}

function cancellation(id: unknown): Message | null {
  return isId(id) ? rpcMessage({ method: rpcCancel, params: { id } }) : null;
}

function response(message: JsonObject, id: string | number | null): Message {
  const { result, error } = message;
  // Some agents send back "0" for 0, and the request would wait for ever.
  const sentId = typeof id === 'string' && /^\d{1,15}$/.test(id) ? Number(id) : id;
  if (result !== undefined && !error) return rpcMessage({ id: sentId, result });
  const { code, message: text, data } = asObject(error);
  return rpcMessage({
    id: sentId,
    error: {
      code: asNumber(code) ?? errorCodes.internalError,
      message: asString(text) ?? asString(error) ?? 'The agent answered with an error that says nothing.',
      data,
    },
  });
}

function isId(id: unknown): id is string | number {
  return typeof id === 'string' || typeof id === 'number';
}

function rpcMessage(message: JsonObject): Message & JsonObject {
  return { ...message, jsonrpc: '2.0' };
}
