import { asString, asObject } from '../json.ts';
import { decodeInitialize } from './decodeAgent.ts';
import {
  decodeElicitation,
  decodeElicitationId,
  decodePermission,
  decodeRead,
  decodeTerminalCommand,
  decodeTerminalId,
  decodeWrite,
} from './decodeRequests.ts';
import { decodeConfigOptions, decodeSessionPage, decodeSessionSetup } from './decodeSession.ts';
import { decodeStopReason, decodeTurnTokens, decodeUpdates } from './decodeUpdate.ts';
import { encodeChoice, encodeClientCapabilities } from './encode.ts';

/**
 * All that knows the words of version 1: it turns them into the model of `types.ts`, tolerantly. What reads a request
 * of the agent throws a RefusedError where the request makes no sense; the rest never throws.
 */
export const codecV1 = {
  version: 1,
  clientCapabilities: encodeClientCapabilities,
  initializeResult: (result: unknown) => decodeInitialize(result, 1),
  sessionId: (result: unknown) => asString(asObject(result).sessionId),
  sessionSetup: decodeSessionSetup,
  sessionPage: decodeSessionPage,
  configOptions: (result: unknown) => decodeConfigOptions(asObject(result).configOptions),
  choice: encodeChoice,
  updates: decodeUpdates,
  stopReason: decodeStopReason,
  turnTokens: decodeTurnTokens,
  permission: decodePermission,
  elicitation: decodeElicitation,
  elicitationId: decodeElicitationId,
  read: decodeRead,
  write: decodeWrite,
  terminalCommand: decodeTerminalCommand,
  terminalId: decodeTerminalId,
};

/** What differs between versions. One for version 2 stands beside `codecV1` and makes the same model. */
export type Codec = typeof codecV1;
