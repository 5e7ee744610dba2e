import * as v from 'valibot';
import type { Kandev } from './contract.ts';
import { gatewayScopes, type GatewayStatus, type GatewayToken } from '../model/gateway.ts';
import { UserError } from '../model/failure.ts';

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(100));

/** The gateway for programs. It runs in the window that leads; none of this can be asked for through the gateway itself. */
export const gatewayCommandSchemas = {
  'gateway.start': v.object({}),
  'gateway.stop': v.object({}),
  /** The settings have changed: starts, stops or moves it as they say. */
  'gateway.reconfigure': v.object({}),
  'gateway.createToken': v.object({
    name: v.pipe(v.string(), v.trim(), v.nonEmpty('A token needs a name.'), v.maxLength(100)),
    scopes: v.pipe(v.array(v.picklist(gatewayScopes)), v.nonEmpty('A token must be good for something.')),
    days: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(365)),
  }),
  /** They are refused from now on, wherever they are. */
  'gateway.revokeTokens': v.object({ ids: v.pipe(v.array(id), v.maxLength(1000)) }),
};

export interface GatewayCommandResults {
  'gateway.start': GatewayStatus;
  'gateway.stop': GatewayStatus;
  'gateway.reconfigure': GatewayStatus;
  /** The only time that anybody sees the token. */
  'gateway.createToken': { token: string; about: GatewayToken };
  'gateway.revokeTokens': null;
}

export const gatewayQuerySchemas = {
  gateway: v.object({}),
  /** Those that are good at the moment, the newest first. */
  'gateway.tokens': v.object({}),
};

export interface GatewayQueryResults {
  gateway: GatewayStatus;
  'gateway.tokens': GatewayToken[];
}

export type NewToken = v.InferOutput<(typeof gatewayCommandSchemas)['gateway.createToken']>;

/** The switch of the gateway, as far as the one interface needs it. */
export interface GatewayControl {
  readonly status: GatewayStatus;
  /** @throws UserError `port-in-use` */
  start(): Promise<GatewayStatus>;
  stop(): Promise<GatewayStatus>;
  reconfigure(): Promise<GatewayStatus>;
  createToken(request: NewToken): Promise<GatewayCommandResults['gateway.createToken']>;
  tokens(): Promise<GatewayToken[]>;
  revoke(ids: readonly string[]): Promise<void>;
}

/** A gateway that begins and ends with the board. */
export interface OpenableGateway extends GatewayControl {
  /** Starts it where it is to run. @throws UserError `port-in-use` */
  begin(): Promise<void>;
  close(): Promise<void>;
}

/** The board that programs are let in to. */
export interface GatewayBoard extends Pick<Kandev, 'subscribe'> {
  /** The board on behalf of a program, by its token's name. */
  kandevFor: (name: string) => Kandev;
  /** Tells all windows. */
  changed: (status: GatewayStatus) => void;
}

type GatewayTable = {
  [C in keyof typeof gatewayCommandSchemas]: (
    params: v.InferOutput<(typeof gatewayCommandSchemas)[C]>,
  ) => Promise<GatewayCommandResults[C]>;
};

export function gatewayCommands(find: () => GatewayControl): GatewayTable {
  return {
    'gateway.start': async () => find().start(),
    'gateway.stop': async () => find().stop(),
    'gateway.reconfigure': async () => find().reconfigure(),
    'gateway.createToken': async (request) => find().createToken(request),
    'gateway.revokeTokens': async ({ ids }) => {
      await find().revoke(ids);
      return null;
    },
  };
}

export function noGateway(): UserError {
  return new UserError({ reason: 'refused', message: 'There is no API gateway here.' });
}
